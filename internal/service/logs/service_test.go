package logs

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

var began = time.Date(2026, 11, 21, 5, 0, 0, 0, time.UTC)

type fixture struct {
	testing.TB
	*Service
	clock *clock.Fake
	db    *db.DB
	held  bool // put leaves events in memory
}

// unstarted has no loops: nothing is stored until the test flushes.
func unstarted(t testing.TB, d *db.DB) *fixture {
	t.Helper()
	c := clock.NewFake(began)
	f := &fixture{t, New(d, c), c, d, true}
	f.group("g")
	f.stream("g", "a")
	f.stream("g", "b")
	return f
}

func start(t testing.TB, d *db.DB) *fixture {
	t.Helper()
	c := clock.NewFake(began)
	s := New(d, c)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	f := &fixture{t, s, c, d, false}
	f.group("g")
	f.stream("g", "a")
	f.stream("g", "b")
	return f
}

// each runs the test on every store, twice: with the events in memory and with them stored.
func each(t *testing.T, test func(f *fixture, settle func())) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		t.Run("memory", func(t *testing.T) {
			f := unstarted(t, d)
			test(f, func() {})
			if _, err := f.DeleteLogGroup(t.Context(), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String("g")}); err != nil {
				t.Fatal(err)
			}
		})
		t.Run("stored", func(t *testing.T) {
			f := start(t, d)
			test(f, func() {
				if err := f.flush(t.Context()); err != nil {
					t.Fatal(err)
				}
			})
		})
	})
}

func (f *fixture) group(name string) {
	f.Helper()
	if _, err := f.CreateLogGroup(f.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name}); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) stream(group, name string) {
	f.Helper()
	if _, err := f.CreateLogStream(f.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &name}); err != nil {
		f.Fatal(err)
	}
}

// put writes messages that are a second apart, the first at began + from seconds.
func (f *fixture) put(stream string, from int, messages ...string) *cloudwatchlogs.PutLogEventsOutput {
	f.Helper()
	in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: &stream}
	for i, m := range messages {
		at := began.UnixMilli() + int64(from+i)*1000
		in.LogEvents = append(in.LogEvents, types.InputLogEvent{Timestamp: &at, Message: aws.String(m)})
	}
	return f.putInput(in)
}

func (f *fixture) putInput(in *cloudwatchlogs.PutLogEventsInput) *cloudwatchlogs.PutLogEventsOutput {
	f.Helper()
	put := f.PutLogEvents
	if f.held {
		put = Buffered{f.Service}.PutLogEvents
	}
	out, err := put(f.Context(), in)
	if err != nil {
		f.Fatal(err)
	}
	return out
}

func (f *fixture) filter(in cloudwatchlogs.FilterLogEventsInput) ([]string, *string) {
	f.Helper()
	in.LogGroupName = aws.String("g")
	out, err := f.FilterLogEvents(f.Context(), &in)
	if err != nil {
		f.Fatal(err)
	}
	got := []string{}
	last := ""
	for _, e := range out.Events {
		if in.StartFromHead == nil && *e.EventId <= last {
			f.Errorf("event id %s after %s", *e.EventId, last)
		}
		if len(*e.EventId) != 56 {
			f.Errorf("event id %s", *e.EventId)
		}
		got = append(got, *e.LogStreamName+":"+*e.Message)
	}
	return got, out.NextToken
}

func same(t testing.TB, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestFilterReadsAGroupInOrderOfTime(t *testing.T) {
	each(t, func(f *fixture, settle func()) {
		f.put("a", 0, "zero", "one", "two")
		settle()
		f.put("b", 1, "uno")
		got, next := f.filter(cloudwatchlogs.FilterLogEventsInput{})
		same(t, got, []string{"a:zero", "a:one", "b:uno", "a:two"})
		if next != nil {
			t.Errorf("token %s after everything", *next)
		}
		var paged []string
		in := cloudwatchlogs.FilterLogEventsInput{Limit: aws.Int32(1)}
		for i := 0; i < 10; i++ {
			page, next := f.filter(in)
			paged = append(paged, page...)
			if next == nil {
				break
			}
			in.NextToken = next
		}
		same(t, paged, got)
		got, _ = f.filter(cloudwatchlogs.FilterLogEventsInput{LogStreamNames: []string{"b"}})
		same(t, got, []string{"b:uno"})
		got, _ = f.filter(cloudwatchlogs.FilterLogEventsInput{LogStreamNamePrefix: aws.String("a"), StartTime: aws.Int64(began.UnixMilli() + 1000), EndTime: aws.Int64(began.UnixMilli() + 1000)})
		same(t, got, []string{"a:one"})
		got, _ = f.filter(cloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String("-o"), StartFromHead: aws.Bool(false)})
		same(t, got, []string{})
		got, _ = f.filter(cloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String("?one ?two"), StartFromHead: aws.Bool(false)})
		same(t, got, []string{"a:two", "a:one"})
	})
}

func TestGetLogEventsGoesBothWays(t *testing.T) {
	each(t, func(f *fixture, settle func()) {
		get := func(token *string, head *bool) ([]string, *cloudwatchlogs.GetLogEventsOutput) {
			t.Helper()
			out, err := f.GetLogEvents(f.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("a"),
				Limit: aws.Int32(2), NextToken: token, StartFromHead: head})
			if err != nil {
				f.Fatal(err)
			}
			got := []string{}
			for _, e := range out.Events {
				got = append(got, *e.Message)
			}
			return got, out
		}
		got, empty := get(nil, nil)
		same(t, got, []string{})
		f.put("a", 0, "0", "1", "2", "3", "4")
		f.put("b", 0, "other")
		settle()
		got, _ = get(empty.NextForwardToken, aws.Bool(true))
		same(t, got, []string{"0", "1"})
		got, last := get(nil, nil)
		same(t, got, []string{"3", "4"})
		got, before := get(last.NextBackwardToken, nil)
		same(t, got, []string{"1", "2"})
		got, first := get(before.NextBackwardToken, nil)
		same(t, got, []string{"0"})
		got, end := get(first.NextBackwardToken, nil)
		same(t, got, []string{})
		same(t, *end.NextBackwardToken, *first.NextBackwardToken)
		got, _ = get(end.NextForwardToken, aws.Bool(true))
		same(t, got, []string{"0", "1"})
		got, tail := get(last.NextForwardToken, aws.Bool(true))
		same(t, got, []string{})
		same(t, *tail.NextForwardToken, *last.NextForwardToken)
		got, _ = get(tail.NextBackwardToken, nil)
		same(t, got, []string{"3", "4"})
		f.put("a", 5, "5")
		got, _ = get(tail.NextForwardToken, aws.Bool(true))
		same(t, got, []string{"5"})
	})
}

func TestPutLogEventsRejectsWhatIsTooOldOrTooNew(t *testing.T) {
	each(t, func(f *fixture, _ func()) {
		out := f.put("a", 2*3600-1, "in", "edge", "late")
		same(t, *out.RejectedLogEventsInfo.TooNewLogEventStartIndex, int32(2))
		out = f.put("a", -14*86400-1, "old", "edge of age")
		same(t, *out.RejectedLogEventsInfo.TooOldLogEventEndIndex, int32(1))
		if _, err := f.PutRetentionPolicy(t.Context(), &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String("g"), RetentionInDays: aws.Int32(1)}); err != nil {
			t.Fatal(err)
		}
		out = f.put("a", -86400-1, "expired", "kept")
		same(t, *out.RejectedLogEventsInfo.ExpiredLogEventEndIndex, int32(1))
		got, _ := f.filter(cloudwatchlogs.FilterLogEventsInput{})
		same(t, got, []string{"a:kept", "a:in", "a:edge"})
	})
}

func TestBadInputChangesNothing(t *testing.T) {
	each(t, func(f *fixture, _ func()) {
		ctx, now := t.Context(), began.UnixMilli()
		event := func(at int64, m string) types.InputLogEvent {
			return types.InputLogEvent{Timestamp: &at, Message: &m}
		}
		put := func(group, stream string, events ...types.InputLogEvent) error {
			_, err := f.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream, LogEvents: events})
			return err
		}
		big := strings.Repeat("x", 600_000)
		for name, c := range map[string]struct {
			err  error
			want string
		}{
			"no group":     {put("nope", "a", event(now, "m")), "The specified log group does not exist."},
			"no stream":    {put("g", "nope", event(now, "m")), "The specified log stream does not exist."},
			"out of order": {put("g", "a", event(now, "m"), event(now-1, "m")), "Log events in a single PutLogEvents request must be in chronological order."},
			"over a day":   {put("g", "a", event(now-day-1, "m"), event(now, "m")), "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."},
			"too large":    {put("g", "a", event(now, big), event(now, big)), "Upload too large: 1200052 bytes exceeds limit of 1048576"},
			"no events":    {put("g", "a"), "Member must have length between 1 and 10000"},
			"no message":   {put("g", "a", event(now, "")), "at 'logEvents.1.member.message' failed to satisfy constraint"},
			"group twice": {second(f.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("g")})),
				"The specified log group already exists"},
			"stream twice": {second(f.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("a")})),
				"The specified log stream already exists"},
			"group's name": {second(f.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("a b")})), "at 'logGroupName' failed to satisfy constraint"},
			"retention":    {second(f.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String("g"), RetentionInDays: aws.Int32(2)})), "'retentionInDays' failed"},
			"token": {second(f.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("a"), NextToken: aws.String("x")})),
				"The specified nextToken is invalid."},
			"pattern": {second(f.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("g"), FilterPattern: aws.String("[ip, user]")})),
				"space-delimited patterns are not supported"},
		} {
			if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
				t.Errorf("%s: %v, expected %q", name, c.err, c.want)
			}
		}
		got, _ := f.filter(cloudwatchlogs.FilterLogEventsInput{})
		same(t, got, []string{})
	})
}

func second[T any](_ T, err error) error { return err }

func TestAGroupOfTheSameNameStartsEmpty(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := start(t, d)
		f.put("a", 0, "secret")
		if _, err := f.DeleteLogGroup(t.Context(), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String("g")}); err != nil {
			t.Fatal(err)
		}
		var nf *types.ResourceNotFoundException
		_, err := f.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("a"),
			LogEvents: []types.InputLogEvent{{Timestamp: aws.Int64(began.UnixMilli()), Message: aws.String("m")}}})
		if !errors.As(err, &nf) {
			t.Errorf("put into a deleted group: %v", err)
		}
		f.group("g")
		f.stream("g", "a")
		got, _ := f.filter(cloudwatchlogs.FilterLogEventsInput{})
		same(t, got, []string{})
	})
}

func TestTheSweepRemovesWhatNobodyCanRead(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := start(t, d)
		ctx := t.Context()
		f.put("a", 0, "1", "2")
		f.put("b", 0, "3")
		f.stream("g", "kept")
		f.put("kept", 60, "4")
		if err := f.flush(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := f.DeleteLogStream(ctx, &cloudwatchlogs.DeleteLogStreamInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("a")}); err != nil {
			t.Fatal(err)
		}
		got, _ := f.filter(cloudwatchlogs.FilterLogEventsInput{})
		same(t, got, []string{"b:3", "kept:4"})
		if _, err := f.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String("g"), RetentionInDays: aws.Int32(1)}); err != nil {
			t.Fatal(err)
		}
		f.clock.Advance(24*time.Hour + 30*time.Second)
		got, _ = f.filter(cloudwatchlogs.FilterLogEventsInput{})
		same(t, got, []string{"kept:4"})
		if err := f.sweep(ctx); err != nil {
			t.Fatal(err)
		}
		count := func(table string) (n int64) {
			if err := d.View(ctx, func(tx *db.Tx) (err error) {
				n, err = db.One(tx, db.Value[int64], "SELECT count(*) FROM "+table)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return n
		}
		same(t, []int64{count("logs_chunk"), count("logs_garbage")}, []int64{1, 0})
	})
}

func TestStreamsAndGroupsAreDescribed(t *testing.T) {
	each(t, func(f *fixture, settle func()) {
		ctx := t.Context()
		f.put("b", 0, "x")
		f.put("a", 7, "y")
		settle()
		out, err := f.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: aws.String("g"), OrderBy: types.OrderByLastEventTime,
			Descending: aws.Bool(true), Limit: aws.Int32(1)})
		if err != nil {
			t.Fatal(err)
		}
		same(t, []any{*out.LogStreams[0].LogStreamName, *out.LogStreams[0].LastEventTimestamp}, []any{"a", began.UnixMilli() + 7000})
		out, err = f.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: aws.String("g"), OrderBy: types.OrderByLastEventTime,
			Descending: aws.Bool(true), NextToken: out.NextToken})
		if err != nil || len(out.LogStreams) != 1 || *out.LogStreams[0].LogStreamName != "b" {
			t.Fatalf("second page: %v, %v", out, err)
		}
		if _, err := f.TagLogGroup(ctx, &cloudwatchlogs.TagLogGroupInput{LogGroupName: aws.String("g"), Tags: map[string]string{"k": "v"}}); err != nil {
			t.Fatal(err)
		}
		groups, err := f.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("g")})
		if err != nil || len(groups.LogGroups) != 1 {
			t.Fatal(groups, err)
		}
		g := groups.LogGroups[0]
		same(t, *g.Arn, "arn:aws:logs:us-east-1:000000000000:log-group:g:*")
		tags, err := f.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: g.LogGroupArn})
		if err != nil {
			t.Fatal(err)
		}
		same(t, tags.Tags, map[string]string{"k": "v"})
	})
}

func TestEventsSurviveAFlushThatRunsTwiceAndARestart(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := unstarted(t, d)
		f.put("a", 0, "1", "2")
		f.put("b", 1, "3")
		for range 2 { // as after a commit whose answer was lost
			if err := d.Update(t.Context(), batchOf(f.buffer.take()).put); err != nil {
				t.Fatal(err)
			}
		}
		f.put("a", 3, "4")
		got, _ := f.filter(cloudwatchlogs.FilterLogEventsInput{})
		same(t, got, []string{"a:1", "a:2", "b:3", "a:4"}) // in memory and stored: seen once
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		again := &fixture{t, New(d, f.clock), f.clock, d, false}
		got, _ = again.filter(cloudwatchlogs.FilterLogEventsInput{})
		same(t, got, []string{"a:1", "a:2", "b:3", "a:4"})
		groups, err := again.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})
		if err != nil {
			t.Fatal(err)
		}
		same(t, *groups.LogGroups[0].StoredBytes, int64(4*(1+overhead)))
	})
}

func TestPutLogEventsAnswersOnceEventsAreStoredAndBufferedBefore(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := unstarted(t, d)
		other := &fixture{t, New(d, f.clock), f.clock, d, false} // another node: it sees the store alone
		f.put("a", 0, "held")
		same(t, other.filterAll(cloudwatchlogs.FilterLogEventsInput{}), []string(nil))
		f.held = false
		f.put("b", 1, "stored")
		same(t, other.filterAll(cloudwatchlogs.FilterLogEventsInput{}), []string{"a:held", "b:stored"})
	})
}

func TestOneTransactionStoresABoundedPartOfTheBuffer(t *testing.T) {
	for name, c := range map[string]struct{ events, size, want int }{
		"few":   {10, 1, 10},
		"many":  {maxWrite + 1, 1, maxWrite},
		"large": {10, 1 << 20, maxWriteBytes >> 20},
	} {
		t.Run(name, func(t *testing.T) {
			b, st := newBuffer(), &stream{group: "g", id: "s"}
			message := strings.Repeat("x", c.size)
			for i := range c.events {
				if err := b.add(t.Context(), []event{{stream: st, id: fmt.Sprint(i), message: message}}); err != nil {
					t.Fatal(err)
				}
			}
			same(t, []int{len(b.take()), len(b.take())}, []int{c.want, c.want}) // the same ones again, as long as they are not written
			b.written()
			same(t, len(b.take()), min(c.want, c.events-c.want))
		})
	}
}

func TestTheBufferIsBounded(t *testing.T) {
	b := newBuffer()
	st := &stream{group: "g", id: "s"}
	message := strings.Repeat("x", 1<<20-overhead)
	for i := range 16 {
		if err := b.add(t.Context(), []event{{stream: st, id: fmt.Sprint(i), message: message}}); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan error)
	go func() { done <- b.add(t.Context(), []event{{stream: st, id: "last", message: message}}) }()
	select {
	case <-done:
		t.Fatal("accepted beyond the bound")
	case <-time.After(20 * time.Millisecond):
	}
	b.take()
	b.written()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
