package lambda

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/headgate/headgate/internal/sandbox/environment"
)

// worker is a function that works off messages: fails says what it does with a batch.
type worker struct {
	mu      sync.Mutex
	batches [][]sqsRecord
	at      []time.Time // platform time of each
	fails   func(batch []sqsRecord) (environment.Outcome, bool)
}

func (w *worker) attach(p *platform) *worker {
	p.envs.run = func(_ environment.Function, in *environment.Invocation, _ func(string)) (environment.Outcome, error) {
		batch, err := recordsOf(in.Payload)
		if err != nil {
			return functionError(err.Error()), nil
		}
		w.mu.Lock()
		w.batches, w.at = append(w.batches, batch), append(w.at, p.clock.Now())
		fails := w.fails
		w.mu.Unlock()
		if fails != nil {
			if o, failed := fails(batch); failed {
				return o, nil
			}
		}
		return answer(nil), nil
	}
	return w
}

// got are the bodies of all batches, one after the other.
func (w *worker) got() (out []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range w.batches {
		for _, r := range b {
			out = append(out, r.Body)
		}
	}
	return out
}

func (w *worker) all() [][]sqsRecord {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.batches)
}

// mapping makes a mapping of f to queue and waits until it polls.
func (p *platform) mapping(t testing.TB, queue string, change func(*lambda.CreateEventSourceMappingInput)) string {
	t.Helper()
	in := &lambda.CreateEventSourceMappingInput{FunctionName: aws.String("f"), EventSourceArn: aws.String(queueARN(queue))}
	if change != nil {
		change(in)
	}
	out := must(p.CreateEventSourceMapping(t.Context(), in))(t)
	if *out.State != sourceCreating {
		t.Errorf("it begins as %s", *out.State)
	}
	p.stands(t, *out.UUID, sourceEnabled)
	return *out.UUID
}

// stands waits for a mapping's state.
func (p *platform) stands(t testing.TB, id, state string) {
	t.Helper()
	eventually(t, func() bool { return p.source(t, id) == state })
}

// source is a mapping's state, "" once it is gone.
func (p *platform) source(t testing.TB, id string) string {
	t.Helper()
	out, err := p.GetEventSourceMapping(t.Context(), &lambda.GetEventSourceMappingInput{UUID: &id})
	if hasCode(err, "ResourceNotFoundException") {
		return ""
	}
	return *must(out, err)(t).State
}

func (p *platform) outcome(t testing.TB, id string) string {
	t.Helper()
	return aws.ToString(must(p.GetEventSourceMapping(t.Context(), &lambda.GetEventSourceMappingInput{UUID: &id}))(t).LastProcessingResult)
}

func (p *platform) put(t testing.TB, queue string, bodies ...string) {
	t.Helper()
	for some := range slices.Chunk(bodies, 10) {
		in := &sqs.SendMessageBatchInput{QueueUrl: &queue}
		for i, b := range some {
			in.Entries = append(in.Entries, sqstypes.SendMessageBatchRequestEntry{Id: aws.String(number(i)), MessageBody: &b,
				MessageAttributes: map[string]sqstypes.MessageAttributeValue{"kind": {DataType: aws.String("String"), StringValue: aws.String("test")}}})
		}
		if out := must(p.sqs().SendMessageBatch(t.Context(), in))(t); len(out.Failed) > 0 {
			t.Fatalf("%+v", out.Failed)
		}
	}
}

// left is how many messages a queue has: "visible/hidden".
func (p *platform) left(t testing.TB, queue string) string {
	t.Helper()
	a := must(p.sqs().GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &queue, AttributeNames: []sqstypes.QueueAttributeName{"All"}}))(t).Attributes
	return a["ApproximateNumberOfMessages"] + "/" + a["ApproximateNumberOfMessagesNotVisible"]
}

func (p *platform) worksOff(t testing.TB, queue string) {
	t.Helper()
	eventually(t, func() bool { return p.left(t, queue) == "0/0" })
}

// patient is a queue whose messages stay out of sight for an hour: what comes a second time there was not deleted.
var patient = map[string]string{"VisibilityTimeout": "3600"}

func TestMessagesGoToTheFunction(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		w := (&worker{}).attach(p)
		p.create(t, newInput("f", "one"))
		p.queue(t, "q", patient)
		id := p.mapping(t, "q", nil)
		p.put(t, "q", "a", "b", "c")
		p.worksOff(t, "q")
		if got := w.got(); !sameWords(got, "a b c") {
			t.Errorf("got %v", got)
		}
		r := w.all()[0][0]
		if r.EventSource != "aws:sqs" || r.EventSourceARN != queueARN("q") || r.Region != "us-east-1" || r.MessageID == "" || r.ReceiptHandle == "" || len(r.MD5OfBody) != 32 ||
			r.Attributes["ApproximateReceiveCount"] != "1" || r.Attributes["SentTimestamp"] == "" || aws.ToString(r.MessageAttributes["kind"].StringValue) != "test" {
			t.Errorf("%+v", r)
		}
		eventually(t, func() bool { return p.outcome(t, id) == "OK" })
	}, withQueues)
}

func sameWords(got []string, want string) bool {
	slices.Sort(got)
	return strings.Join(got, " ") == want
}

func TestTheBatchingWindowGathers(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		w := (&worker{}).attach(p)
		p.create(t, newInput("f", "one"))
		p.queue(t, "q", patient)
		p.mapping(t, "q", func(in *lambda.CreateEventSourceMappingInput) {
			in.BatchSize, in.MaximumBatchingWindowInSeconds = aws.Int32(3), aws.Int32(10)
		})
		sent := p.clock.Now()
		p.put(t, "q", "a", "b")
		eventually(t, func() bool { return p.left(t, "q") == "0/2" })
		eventually(t, func() bool { p.clock.Advance(time.Second); time.Sleep(time.Millisecond); return len(w.all()) > 0 })
		if at := w.at[0]; at.Before(sent.Add(9 * time.Second)) { // less than a second is not waited for
			t.Errorf("invoked after %v", at.Sub(sent))
		}
		p.worksOff(t, "q")
		// a full batch does not wait
		p.put(t, "q", "c", "d", "e")
		p.worksOff(t, "q")
		if all := w.all(); len(all) != 2 || len(all[0]) != 2 || len(all[1]) != 3 {
			t.Errorf("batches %v", all)
		}
	}, withQueues)
}

func TestOnlyTheMessagesThatFailedComeAgain(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		w := (&worker{}).attach(p)
		failed := false
		w.fails = func(batch []sqsRecord) (environment.Outcome, bool) {
			w.mu.Lock()
			defer w.mu.Unlock()
			for _, r := range batch {
				if r.Body == "bad" && !failed {
					failed = true
					return answer(map[string]any{"batchItemFailures": []any{map[string]string{"itemIdentifier": r.MessageID}}}), true
				}
			}
			return environment.Outcome{}, false
		}
		p.create(t, newInput("f", "one"))
		p.queue(t, "q", nil) // 30 s
		p.mapping(t, "q", func(in *lambda.CreateEventSourceMappingInput) {
			in.FunctionResponseTypes = []types.FunctionResponseType{types.FunctionResponseTypeReportBatchItemFailures}
		})
		p.put(t, "q", "good", "bad")
		eventually(t, func() bool { return p.left(t, "q") == "0/1" && len(w.got()) == 2 })
		p.advance(t, 30*time.Second)
		p.worksOff(t, "q")
		if got := w.got(); !sameWords(got, "bad bad good") {
			t.Errorf("got %v", got)
		}
	}, withQueues)
}

func TestAFunctionErrorLeadsToRedelivery(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		w := (&worker{}).attach(p)
		w.fails = func(batch []sqsRecord) (environment.Outcome, bool) {
			return functionError("no"), batch[0].Attributes["ApproximateReceiveCount"] == "1"
		}
		p.create(t, newInput("f", "one"))
		p.queue(t, "q", nil)
		id := p.mapping(t, "q", nil)
		p.put(t, "q", "a")
		eventually(t, func() bool { return p.outcome(t, id) == "PROBLEM: Function call failed" })
		if got := p.left(t, "q"); got != "0/1" {
			t.Errorf("left %s", got)
		}
		p.advance(t, 30*time.Second)
		p.worksOff(t, "q")
		eventually(t, func() bool { return p.outcome(t, id) == "OK" })
		if got := w.got(); len(got) != 2 {
			t.Errorf("got %v", got)
		}
	}, withQueues)
}

func TestAMappingIsSwitchedOffAndOn(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		w := (&worker{}).attach(p)
		p.create(t, newInput("f", "one"))
		p.queue(t, "q", patient)
		id := p.mapping(t, "q", nil)
		turn := func(on bool, moving, state string) {
			t.Helper()
			out := must(p.UpdateEventSourceMapping(t.Context(), &lambda.UpdateEventSourceMappingInput{UUID: &id, Enabled: &on}))(t)
			if *out.State != moving {
				t.Errorf("it is %s, not %s", *out.State, moving)
			}
			p.stands(t, id, state)
		}
		turn(false, sourceDisabling, sourceDisabled)
		p.put(t, "q", "a")
		time.Sleep(30 * time.Millisecond)
		if got := w.got(); len(got) != 0 || p.left(t, "q") != "1/0" {
			t.Errorf("got %v, left %s", got, p.left(t, "q"))
		}
		turn(true, sourceEnabling, sourceEnabled)
		p.worksOff(t, "q")
		if got := w.got(); len(got) != 1 {
			t.Errorf("got %v", got)
		}
	}, withQueues)
}

func TestDeletionWaitsForBatchesUnderWay(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		w := (&worker{}).attach(p)
		let := make(chan struct{})
		w.fails = func([]sqsRecord) (environment.Outcome, bool) { <-let; return environment.Outcome{}, false }
		p.create(t, newInput("f", "one"))
		p.queue(t, "q", patient)
		id := p.mapping(t, "q", nil)
		p.put(t, "q", "a")
		eventually(t, func() bool { return len(w.got()) == 1 })
		if out := must(p.DeleteEventSourceMapping(t.Context(), &lambda.DeleteEventSourceMappingInput{UUID: &id}))(t); *out.State != sourceDeleting {
			t.Errorf("%s", *out.State)
		}
		time.Sleep(30 * time.Millisecond)
		if got := p.source(t, id); got != sourceDeleting {
			t.Errorf("it is %q while a batch is under way", got)
		}
		_, err := p.DeleteEventSourceMapping(t.Context(), &lambda.DeleteEventSourceMappingInput{UUID: &id})
		refused(t, err, "ResourceInUseException", "in use")
		close(let)
		p.stands(t, id, "")
		if got := p.left(t, "q"); got != "0/0" {
			t.Errorf("left %s: what was done was not deleted", got)
		}
	}, withQueues)
}

func TestARestartContinues(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		p.create(t, newInput("f", "one"))
		p.queue(t, "q", patient)
		id := p.mapping(t, "q", nil)
		p.close()
		p.put(t, "q", "a")
		again := open(t, p.db, p.dir, withQueues)
		defer again.close()
		w := (&worker{}).attach(again)
		again.worksOff(t, "q")
		if again.source(t, id) != sourceEnabled {
			t.Errorf("it is %s", again.source(t, id))
		}
		again.put(t, "q", "b")
		again.worksOff(t, "q")
		if got := w.got(); !slices.Contains(got, "b") {
			t.Errorf("got %v", got)
		}
	}, withQueues)
}

// TestSeveralNodesShareAQueue: each message goes to one of them, and a deletion reaches both.
func TestSeveralNodesShareAQueue(t *testing.T) {
	both(t, func(t *testing.T, a *platform) {
		b := openNode(t, a.db, t.TempDir(), "b", withQueues, func(d *Deps) { d.Blobs = a.Blobs })
		defer b.close()
		wa, wb := (&worker{}).attach(a), (&worker{}).attach(b)
		a.create(t, newInput("f", "one"))
		a.queue(t, "q", patient)
		id := a.mapping(t, "q", func(in *lambda.CreateEventSourceMappingInput) { in.BatchSize = aws.Int32(1) })
		var want []string
		for i := range 40 {
			want = append(want, fmt.Sprintf("m%02d", i))
		}
		a.put(t, "q", want...)
		a.worksOff(t, "q")
		if got := append(wa.got(), wb.got()...); !sameWords(got, strings.Join(want, " ")) {
			t.Errorf("%d messages were handled: %v", len(got), got)
		}
		must(b.DeleteEventSourceMapping(t.Context(), &lambda.DeleteEventSourceMappingInput{UUID: &id}))(t)
		a.stands(t, id, "")
		time.Sleep(30 * time.Millisecond) // either may still be about to hear of it
		a.put(t, "q", "late")
		time.Sleep(30 * time.Millisecond)
		if got := a.left(t, "q"); got != "1/0" {
			t.Errorf("left %s: a node still polls", got)
		}
	}, withQueues)
}

func criteria(patterns ...string) *types.FilterCriteria {
	c := &types.FilterCriteria{Filters: []types.Filter{}}
	for _, p := range patterns {
		c.Filters = append(c.Filters, types.Filter{Pattern: &p})
	}
	return c
}

func TestFiltersLetMessagesPass(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		w := (&worker{}).attach(p)
		p.create(t, newInput("f", "one"))
		p.queue(t, "q", patient)
		id := p.mapping(t, "q", func(in *lambda.CreateEventSourceMappingInput) {
			in.FilterCriteria = criteria(`{"body":{"price":[{"numeric":[">",10]}]}}`, `{"body":["plain"],"messageAttributes":{"kind":{"stringValue":["test"]}}}`)
		})
		p.put(t, "q", `{"price":11}`, `{"price":9}`, "plain", "other")
		p.worksOff(t, "q")
		if got := w.got(); !sameWords(got, `plain {"price":11}`) {
			t.Errorf("got %v", got)
		}
		must(p.UpdateEventSourceMapping(t.Context(), &lambda.UpdateEventSourceMappingInput{UUID: &id, FilterCriteria: criteria()}))(t)
		p.stands(t, id, sourceEnabled)
		if c := must(p.GetEventSourceMapping(t.Context(), &lambda.GetEventSourceMappingInput{UUID: &id}))(t); c.FilterCriteria != nil {
			t.Errorf("still %+v", c.FilterCriteria)
		}
		p.put(t, "q", "other")
		p.worksOff(t, "q")
		if got := w.got(); len(got) != 3 {
			t.Errorf("got %v", got)
		}
	}, withQueues)
}

func TestWhichBodiesPatternsLookInto(t *testing.T) {
	for _, c := range []struct {
		pattern, body string
		want          bool
	}{
		{`{"body":{"a":[1]}}`, `{"a":1}`, true},
		{`{"body":{"a":[1]}}`, ` [{"a":2},{"a":1}]`, true},
		{`{"body":{"a":[{"exists":false}]}}`, `{"b":1}`, true},
		{`{"body":{"a":[{"exists":false}]}}`, `plain`, false}, // a pattern for JSON drops other bodies
		{`{"body":{"a":[{"exists":false}]}}`, `{broken`, false},
		{`{"body":["{broken"]}`, `{broken`, true},
		{`{"body":["5"]}`, `5`, true},
		{`{"body":["{\"a\":1}"]}`, `{"a":1}`, false}, // and one for text drops JSON
		{`{"awsRegion":["us-east-1"]}`, `anything`, true},
		{`{"awsRegion":["eu-west-1"]}`, `anything`, false},
	} {
		f, err := readFilters(criteria(c.pattern))
		if err != nil || f.match(sqsRecord{Body: c.body, Region: "us-east-1"}) != c.want {
			t.Errorf("%s against %s: %v, not %v", c.body, c.pattern, err, c.want)
		}
	}
}

func TestMappingsThatAreRefused(t *testing.T) {
	p := sqlite(t, withQueues)
	p.create(t, newInput("f", "one"))
	p.queue(t, "q", nil)
	p.queue(t, "hasty", map[string]string{"VisibilityTimeout": "2"})
	type input = lambda.CreateEventSourceMappingInput
	for name, c := range map[string]struct {
		change  func(*input)
		message string
	}{
		"an invalid pattern":     {func(in *input) { in.FilterCriteria = criteria(`{"body":{"a":[{"like":"x"}]}}`) }, "Invalid filter pattern definition. (body.a: unrecognized operator \"like\")"},
		"no JSON":                {func(in *input) { in.FilterCriteria = criteria(`{`) }, "Invalid filter pattern definition."},
		"six filters":            {func(in *input) { in.FilterCriteria = criteria(slices.Repeat([]string{`{"a":[1]}`}, 6)...) }, "at most 5"},
		"provisioned pollers":    {func(in *input) { in.ProvisionedPollerConfig = &types.ProvisionedPollerConfig{} }, "Provisioned pollers"},
		"a stream":               {func(in *input) { in.EventSourceArn = aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/s") }, "kinesis"},
		"another region":         {func(in *input) { in.EventSourceArn = aws.String("arn:aws:sqs:eu-west-1:000000000000:q") }, "not in the function's account and region"},
		"no such queue":          {func(in *input) { in.EventSourceArn = aws.String(queueARN("none")) }, "NonExistentQueue"},
		"a batch of none":        {func(in *input) { in.BatchSize = aws.Int32(0) }, "between 1 and 10000"},
		"a batch, but no window": {func(in *input) { in.BatchSize = aws.Int32(11) }, "window"},
		"a short visibility":     {func(in *input) { in.EventSourceArn = aws.String(queueARN("hasty")) }, "visibility timeout: 2 seconds is less than Function timeout: 3"},
	} {
		t.Run(name, func(t *testing.T) {
			in := &input{FunctionName: aws.String("f"), EventSourceArn: aws.String(queueARN("q"))}
			c.change(in)
			_, err := p.CreateEventSourceMapping(t.Context(), in)
			refused(t, err, "InvalidParameterValueException", c.message)
		})
	}
	if l := must(p.ListEventSourceMappings(t.Context(), &lambda.ListEventSourceMappingsInput{}))(t); len(l.EventSourceMappings) != 0 {
		t.Errorf("%+v", l)
	}
}

// TestRealProcessesWorkOffAQueue: a partial failure and a process that ends under its batch.
func TestRealProcessesWorkOffAQueue(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		in := newInput("f", "")
		in.Code.ZipFile, in.Timeout = realCode("one"), aws.Int32(10)
		p.create(t, in)
		p.queue(t, "dead", nil)
		p.queue(t, "q", map[string]string{"VisibilityTimeout": "30", "RedrivePolicy": `{"deadLetterTargetArn":"` + queueARN("dead") + `","maxReceiveCount":"2"}`})
		p.mapping(t, "q", func(in *lambda.CreateEventSourceMappingInput) {
			in.FunctionResponseTypes = []types.FunctionResponseType{types.FunctionResponseTypeReportBatchItemFailures}
		})
		p.put(t, "q", "good", "fail")
		eventually(t, func() bool { return p.left(t, "q") == "0/1" })
		p.put(t, "q", "exit")
		for _, want := range []string{"got good", "got fail", "got exit"} {
			eventually(t, func() bool { return strings.Contains(strings.Join(p.logs.messages("/aws/lambda/f"), "\n"), want) })
		}
		eventually(t, func() bool {
			p.clock.Advance(10 * time.Second)
			return p.left(t, "q") == "0/0" && p.left(t, "dead") == "2/0"
		})
	}, withQueues, processes(t))
}

// recordsOf reads what a function was invoked with.
func recordsOf(payload []byte) ([]sqsRecord, error) {
	e, err := parseJSON[struct{ Records []sqsRecord }](string(payload))
	return e.Records, err
}
