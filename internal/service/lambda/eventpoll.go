package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
)

// topicSource carries the id of an event source mapping that was changed.
const topicSource = "lambda.eventsource"

// pollers fetch messages for the mappings; each node has its own, since a queue gives a message to one of them.
type pollers struct {
	s       *Service
	mu      sync.Mutex
	running map[string]*poller // by the mapping's id
	wake    chan struct{}
}

func newPollers(s *Service) *pollers {
	p := &pollers{s: s, running: map[string]*poller{}, wake: make(chan struct{}, 1)}
	s.DB.Subscribe(topicSource, func(db.Notice) { p.look() })
	return p
}

// look has the mappings read again.
func (p *pollers) look() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run follows the mappings: each that polls has a poller.
func (p *pollers) run(ctx context.Context) {
	for p.look(); ; {
		select {
		case <-p.wake:
		case <-ctx.Done():
			p.stopAll()
			return
		}
		if err := p.follow(ctx); err != nil && ctx.Err() == nil {
			p.s.log.Error("follow the event source mappings", "error", err)
			time.AfterFunc(time.Second, p.look)
		}
	}
}

func (p *pollers) follow(ctx context.Context) error {
	var all []eventSource
	err := p.s.DB.View(ctx, func(tx *db.Tx) (err error) {
		all, err = db.All(tx, scanSource, selectSource)
		return err
	})
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, m := range all {
		there[m.id()] = true
		if err := p.take(ctx, m); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, x := range p.running {
		if !there[id] { // another node has removed it
			delete(p.running, id)
			x.cancel()
		}
	}
	return nil
}

// take brings one mapping where its state leads. A poller that is to end is waited for without holding up the others.
func (p *pollers) take(ctx context.Context, m eventSource) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.running[m.id()]
	if old != nil && (!m.polls() || old.settings() != m.settings()) {
		if !old.ended() {
			old.stop(p.look)
			return nil
		}
		delete(p.running, m.id())
		old = nil
	}
	if old == nil && m.polls() {
		x := &poller{eventSource: m, s: p.s}
		x.start(ctx)
		p.running[m.id()] = x
	}
	return p.settle(ctx, m)
}

// settings are what a poller must start anew for.
func (m eventSource) settings() string {
	c := m.config
	return document([]any{c.FunctionArn, c.BatchSize, c.MaximumBatchingWindowInSeconds, c.ScalingConfig, c.FunctionResponseTypes, c.FilterCriteria})
}

// settle notes that a mapping is where it was to go.
func (p *pollers) settle(ctx context.Context, m eventSource) error {
	to, moving := map[string]string{sourceCreating: sourceEnabled, sourceEnabling: sourceEnabled, sourceUpdating: sourceEnabled,
		sourceDisabling: sourceDisabled, sourceDeleting: ""}[m.state()]
	if !moving {
		return nil
	}
	return p.s.DB.Update(ctx, func(tx *db.Tx) error {
		if to == "" {
			_, err := tx.Exec(`DELETE FROM lambda_event_source WHERE account = $1 AND region = $2 AND id = $3`, m.account, m.region, m.id())
			return err
		}
		is, err := db.One(tx, scanSource, selectSource+` WHERE account = $1 AND region = $2 AND id = $3`, m.account, m.region, m.id())
		if errors.Is(err, db.ErrNotFound) || err == nil && is.state() != m.state() {
			return nil // it has gone on since
		} else if err != nil {
			return err
		}
		is.config.State = &to
		return writeSource(tx, is)
	})
}

func (p *pollers) stopAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, x := range p.running {
		x.cancel()
	}
	for _, x := range p.running {
		x.wg.Wait()
	}
}

// poller fetches one mapping's messages and invokes the function with them.
type poller struct {
	eventSource
	s      *Service
	cancel context.CancelFunc
	wg     sync.WaitGroup
	filter filters
	over   chan struct{} // made by stop, closed when all batches have been handled
	mu     sync.Mutex
	shown  string // LastProcessingResult, as last written
}

// Batches at the same time where nothing else is said, and how long (platform time) a poller waits after trouble.
const (
	defaultBatches = 5
	pollAgain      = 5 * time.Second
)

func (p *poller) start(ctx context.Context) {
	var err error
	if p.filter, err = readFilters(p.config.FilterCriteria); err != nil { // it was checked when it was set
		p.s.log.Error("event source mapping's filters", "mapping", p.id(), "error", err)
	}
	fetch, cancel := context.WithCancel(ctx)
	p.cancel = cancel
	p.wg.Go(func() { p.run(fetch, p.s.life) })
}

// stop ends the fetching; then is called when the batches under way have been handled.
func (p *poller) stop(then func()) {
	if p.over != nil {
		return
	}
	p.over = make(chan struct{})
	p.cancel()
	go func() {
		p.wg.Wait()
		close(p.over)
		then()
	}()
}

func (p *poller) ended() bool {
	select {
	case <-p.over: // a nil channel is never ready
		return true
	default:
		return false
	}
}

// run fetches while fetch lives; batches are handled to their end, while ctx lives.
func (p *poller) run(fetch, ctx context.Context) {
	who := caller.Caller{Account: p.account, Region: p.region}
	fetch, ctx = caller.With(fetch, who), caller.With(ctx, who)
	batches := defaultBatches
	if c := p.config.ScalingConfig; c != nil && c.MaximumConcurrency != nil {
		batches = int(*c.MaximumConcurrency)
	}
	slots := make(chan struct{}, batches)
	for fetch.Err() == nil {
		select {
		case slots <- struct{}{}:
		case <-fetch.Done():
			return
		}
		url, batch, err := p.fetch(fetch)
		if err != nil || len(batch) == 0 {
			<-slots
			if err != nil && fetch.Err() == nil {
				p.result(ctx, "PROBLEM: "+problem(err))
				_ = clock.Sleep(fetch, p.s.Clock, pollAgain) // ends early when the poller does
			}
			continue
		}
		p.wg.Go(func() {
			defer func() { <-slots }()
			p.handle(ctx, url, batch)
		})
	}
}

// fetch waits for messages, and then for more of them, as long as the batching window is open.
func (p *poller) fetch(ctx context.Context) (url string, batch []sqstypes.Message, err error) {
	if url, err = p.s.queueURL(ctx, aws.ToString(p.config.EventSourceArn)); err != nil {
		return "", nil, err
	}
	most, window := int(aws.ToInt32(p.config.BatchSize)), time.Duration(aws.ToInt32(p.config.MaximumBatchingWindowInSeconds))*time.Second
	until := p.s.Clock.Now()
	for wait := 20 * time.Second; ; {
		out, err := p.s.SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: int32(min(most-len(batch), 10)),
			WaitTimeSeconds: int32(wait / time.Second), MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"All"}, MessageAttributeNames: []string{"All"}})
		if err != nil {
			return url, batch, err
		}
		if len(batch) == 0 {
			until = p.s.Clock.Now().Add(window)
		}
		wanted, others := p.sift(out.Messages)
		if err := p.remove(ctx, url, others); err != nil {
			return url, batch, err
		}
		batch = append(batch, wanted...)
		wait = min(until.Sub(p.s.Clock.Now()), 20*time.Second)
		if len(batch) == 0 || len(batch) >= most || wait < time.Second {
			return url, batch, nil
		}
	}
}

// sqsRecord is one message as the function gets it.
type sqsRecord struct {
	MessageID         string                  `json:"messageId"`
	ReceiptHandle     string                  `json:"receiptHandle"`
	Body              string                  `json:"body"`
	Attributes        map[string]string       `json:"attributes"`
	MessageAttributes map[string]sqsAttribute `json:"messageAttributes"`
	MD5OfBody         string                  `json:"md5OfBody"`
	EventSource       string                  `json:"eventSource"`
	EventSourceARN    string                  `json:"eventSourceARN"`
	Region            string                  `json:"awsRegion"`
}

type sqsAttribute struct {
	StringValue      *string   `json:"stringValue,omitempty"`
	BinaryValue      []byte    `json:"binaryValue,omitempty"`
	StringListValues []string  `json:"stringListValues"`
	BinaryListValues []*string `json:"binaryListValues"`
	DataType         *string   `json:"dataType"`
}

func (p *poller) record(m sqstypes.Message) sqsRecord {
	r := sqsRecord{aws.ToString(m.MessageId), aws.ToString(m.ReceiptHandle), aws.ToString(m.Body), m.Attributes, map[string]sqsAttribute{},
		aws.ToString(m.MD5OfBody), "aws:sqs", aws.ToString(p.config.EventSourceArn), p.region}
	for k, a := range m.MessageAttributes {
		r.MessageAttributes[k] = sqsAttribute{a.StringValue, a.BinaryValue, []string{}, []*string{}, a.DataType}
	}
	return r
}

func (p *poller) event(batch []sqstypes.Message) []byte {
	var event struct{ Records []sqsRecord }
	for _, m := range batch {
		event.Records = append(event.Records, p.record(m))
	}
	return []byte(plainJSON(event))
}

// handle invokes the function with a batch and deletes what it has done. The others come back when their time out of sight is up.
func (p *poller) handle(ctx context.Context, url string, batch []sqstypes.Message) {
	out, err := p.s.Invoke(ctx, &lambda.InvokeInput{FunctionName: p.config.FunctionArn, Payload: p.event(batch)})
	switch {
	case err != nil:
		p.result(ctx, "PROBLEM: "+problem(err))
		return
	case out.FunctionError != nil:
		p.result(ctx, "PROBLEM: Function call failed")
		return
	}
	done := batch
	if slices.Contains(p.config.FunctionResponseTypes, types.FunctionResponseTypeReportBatchItemFailures) {
		if done, err = succeeded(batch, out.Payload); err != nil {
			p.result(ctx, "PROBLEM: "+err.Error())
			return
		}
	}
	if err := p.remove(ctx, url, done); err != nil {
		p.result(ctx, "PROBLEM: "+problem(err))
		return
	}
	p.result(ctx, "OK")
}

// remove deletes messages.
func (p *poller) remove(ctx context.Context, url string, messages []sqstypes.Message) error {
	for some := range slices.Chunk(messages, 10) {
		in := &sqs.DeleteMessageBatchInput{QueueUrl: &url}
		for _, m := range some {
			in.Entries = append(in.Entries, sqstypes.DeleteMessageBatchRequestEntry{Id: m.MessageId, ReceiptHandle: m.ReceiptHandle})
		}
		if _, err := p.s.SQS.DeleteMessageBatch(ctx, in); err != nil {
			return err
		}
	}
	return nil
}

// succeeded are the messages that the function does not report as failed. What it reports wrongly fails the whole batch.
func succeeded(batch []sqstypes.Message, payload []byte) ([]sqstypes.Message, error) {
	var answer struct {
		BatchItemFailures []struct{ ItemIdentifier string }
	}
	if text := strings.TrimSpace(string(payload)); text == "" || text == "null" {
		return batch, nil
	}
	if err := json.Unmarshal(payload, &answer); err != nil {
		return nil, errors.New("the function's answer is not {\"batchItemFailures\": […]}")
	}
	failed := map[string]bool{}
	for _, f := range answer.BatchItemFailures {
		if !slices.ContainsFunc(batch, func(m sqstypes.Message) bool { return aws.ToString(m.MessageId) == f.ItemIdentifier }) {
			return nil, errors.New("the function reported the unknown message " + f.ItemIdentifier)
		}
		failed[f.ItemIdentifier] = true
	}
	return slices.DeleteFunc(slices.Clone(batch), func(m sqstypes.Message) bool { return failed[aws.ToString(m.MessageId)] }), nil
}

// result notes how it went, if that is new.
func (p *poller) result(ctx context.Context, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown == text {
		return
	}
	err := p.s.DB.Update(ctx, func(tx *db.Tx) error {
		m, err := db.One(tx, scanSource, selectSource+` WHERE account = $1 AND region = $2 AND id = $3`, p.account, p.region, p.id())
		if errors.Is(err, db.ErrNotFound) {
			return nil
		} else if err != nil {
			return err
		}
		m.config.LastProcessingResult = &text
		return writeSource(tx, m)
	})
	if err != nil {
		p.s.log.Warn("event source mapping's result not stored", "mapping", p.id(), "error", err)
		return
	}
	p.shown = text
}

func problem(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorMessage()
	}
	return "internal error"
}
