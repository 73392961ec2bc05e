package sqs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
)

// topic carries the key of a queue that has a new message.
const topic = "sqs"

// arrivals wakes those that wait for messages of a queue.
type arrivals struct {
	mu      sync.Mutex
	waiting map[string]chan struct{} // by queue; closed when something comes
}

func newArrivals() *arrivals { return &arrivals{waiting: map[string]chan struct{}{}} }

// next is closed by the next arrival in the queue.
func (a *arrivals) next(key string) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.waiting[key]
	if c == nil {
		c = make(chan struct{})
		a.waiting[key] = c
	}
	return c
}

// tell wakes the queue's waiters; an empty key, all.
func (a *arrivals) tell(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for k, c := range a.waiting {
		if key == "" || k == key {
			close(c)
			delete(a.waiting, k)
		}
	}
}

// message is one that was received.
type message struct {
	row, id, receipt   string
	content            content
	sent, first, count int64
}

// ReceiveMessage takes up to ten messages out of sight, and waits for the first if it is asked to.
func (s *Service) ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, _ ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	p, err := byURL(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	most := max(int(in.MaxNumberOfMessages), 1)
	if in.MaxNumberOfMessages < 0 || most > 10 {
		return nil, invalid("MaxNumberOfMessages", in.MaxNumberOfMessages, "Must be between 1 and 10, if provided.")
	}
	if in.WaitTimeSeconds < 0 || in.WaitTimeSeconds > 20 {
		return nil, invalid("WaitTimeSeconds", in.WaitTimeSeconds, "Must be >= 0 and <= 20, if provided.")
	}
	if in.VisibilityTimeout < 0 || in.VisibilityTimeout > 43_200 {
		return nil, invalid("VisibilityTimeout", in.VisibilityTimeout, "VisibilityTimeout must be an integer between 0 and 43200.")
	}
	var until int64
	for {
		arrived := s.arrivals.next(p.key()) // before the look, so that none slips between
		got, next, wait, err := s.take(ctx, p, most, in.VisibilityTimeout)
		if err != nil {
			return nil, err
		}
		if until == 0 {
			until = s.now() + 1000*max(wait, int64(in.WaitTimeSeconds))
		}
		if len(got) > 0 || s.now() >= until {
			return s.received(in, got), nil
		}
		if next == 0 || next > until {
			next = until
		}
		due, stop := s.clock.After(time.Duration(next-s.now()) * time.Millisecond)
		select {
		case <-arrived:
		case <-due:
		case <-ctx.Done():
			stop()
			return nil, ctx.Err()
		}
		stop()
	}
}

// take makes visible messages invisible. next is when the first of the others becomes visible, 0 if none will; wait is the
// queue's own time to wait, in seconds.
func (s *Service) take(ctx context.Context, p place, most int, hide int32) (got []message, next, wait int64, err error) {
	// A look that finds nothing writes nothing.
	err = s.db.View(ctx, func(tx *db.Tx) error {
		q, err := readQueue(tx, p)
		if err != nil {
			return err
		}
		wait = q.number("ReceiveMessageWaitTimeSeconds")
		next, err = db.One(tx, db.Value[int64], `SELECT COALESCE(MIN(visible), 0) FROM sqs_message WHERE account = $1 AND region = $2 AND queue = $3`, p.account, p.region, p.name)
		return err
	})
	if err != nil || next == 0 || next > s.now() {
		return nil, next, wait, err
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		now := s.now()
		q, err := readQueue(tx, p)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM sqs_message WHERE account = $1 AND region = $2 AND queue = $3 AND expires <= $4`, p.account, p.region, p.name, now); err != nil {
			return err
		}
		if err := s.moveDead(tx, q, now); err != nil {
			return err
		}
		got, err = db.All(tx, scanMessage, `SELECT id, message, content, sent, first, received FROM sqs_message
			WHERE account = $1 AND region = $2 AND queue = $3 AND visible <= $4 ORDER BY visible, id LIMIT $5`, p.account, p.region, p.name, now, most)
		if err != nil {
			return err
		}
		seconds := int64(hide)
		if hide == 0 {
			seconds = q.number("VisibilityTimeout")
		}
		for i := range got {
			m := &got[i]
			m.receipt, m.count = id.Hex(64), m.count+1
			if m.first == 0 {
				m.first = now
			}
			if _, err := tx.Exec(`UPDATE sqs_message SET visible = $1, received = $2, first = $3, receipt = $4 WHERE account = $5 AND region = $6 AND queue = $7 AND id = $8`,
				now+1000*seconds, m.count, m.first, m.receipt, p.account, p.region, p.name, m.row); err != nil {
				return err
			}
		}
		next, err = db.One(tx, db.Value[int64], `SELECT COALESCE(MIN(visible), 0) FROM sqs_message WHERE account = $1 AND region = $2 AND queue = $3 AND visible > $4`,
			p.account, p.region, p.name, now)
		return err
	})
	return got, next, wait, err
}

func scanMessage(r db.Row) (m message, err error) {
	var text string
	if err := r.Scan(&m.row, &m.id, &text, &m.sent, &m.first, &m.count); err != nil {
		return m, err
	}
	if err := json.Unmarshal([]byte(text), &m.content); err != nil {
		return m, fmt.Errorf("message %s: %w", m.id, err)
	}
	return m, nil
}

// moveDead brings visible messages that were received too often to the dead-letter queue, if there is one.
func (s *Service) moveDead(tx *db.Tx, q queue, now int64) error {
	r, ok := redriveOf(q.attributes)
	if !ok {
		return nil
	}
	dead, there, err := q.deadLetters(tx, r)
	if err != nil || !there { // without a queue that can take them the messages stay
		return err
	}
	n, err := tx.Exec(`UPDATE sqs_message SET queue = $1, received = 0, first = 0, receipt = '', visible = $2
		WHERE account = $3 AND region = $4 AND queue = $5 AND visible <= $2 AND received >= $6`, dead.name, now, q.account, q.region, q.name, r.most)
	if n > 0 {
		tx.Notify(topic, dead.key())
	}
	return err
}

// deadLetters finds the queue of the redrive policy, if it is one that there is in this account and region.
func (q queue) deadLetters(tx *db.Tx, r redrive) (p place, there bool, err error) {
	to, err := arn.Parse(r.target)
	if p = (place{to.Account, to.Region, to.Resource}); err != nil || p.account != q.account || p.region != q.region {
		return p, false, nil //nolint:nilerr // what is no ARN is no queue
	}
	n, err := db.One(tx, db.Value[int64], `SELECT COUNT(*) FROM sqs_queue WHERE account = $1 AND region = $2 AND name = $3`, p.account, p.region, p.name)
	return p, n > 0, err
}

// received words messages as ReceiveMessage answers them.
func (s *Service) received(in *sqs.ReceiveMessageInput, got []message) *sqs.ReceiveMessageOutput {
	out := &sqs.ReceiveMessageOutput{}
	var asked []string
	for _, n := range in.AttributeNames { // the older name of the member
		asked = append(asked, string(n))
	}
	for _, n := range in.MessageSystemAttributeNames {
		asked = append(asked, string(n))
	}
	for _, m := range got {
		x := types.Message{MessageId: &m.id, ReceiptHandle: &m.receipt, Body: &m.content.Body, MD5OfBody: aws.String(sum(m.content.Body))}
		for k, v := range m.system() {
			if slices.Contains(asked, "All") || slices.Contains(asked, k) {
				if x.Attributes == nil {
					x.Attributes = map[string]string{}
				}
				x.Attributes[k] = v
			}
		}
		for k, v := range m.content.Attributes {
			if matches(in.MessageAttributeNames, k) {
				if x.MessageAttributes == nil {
					x.MessageAttributes = map[string]types.MessageAttributeValue{}
				}
				x.MessageAttributes[k] = v
			}
		}
		x.MD5OfMessageAttributes = attributesSum(x.MessageAttributes)
		out.Messages = append(out.Messages, x)
	}
	return out
}

func (m message) system() map[string]string {
	all := map[string]string{"SenderId": m.content.Sender, "SentTimestamp": strconv.FormatInt(m.sent, 10),
		"ApproximateReceiveCount": strconv.FormatInt(m.count, 10), "ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.first, 10)}
	for k, v := range m.content.System {
		all[k] = v
	}
	return all
}

// matches tells whether one of the patterns (a name, prefix.*, All or .*) is for the attribute.
func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if p == "All" || p == ".*" || p == name {
			return true
		}
		prefix, ok := strings.CutSuffix(p, ".*")
		return ok && strings.HasPrefix(name, prefix)
	})
}
