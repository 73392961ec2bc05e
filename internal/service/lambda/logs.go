package lambda

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/clock"
)

// Limits of PutLogEvents.
const (
	maxBatchEvents = 10_000
	maxBatchBytes  = 1 << 20
	eventOverhead  = 26                  // counted for each event
	maxEvent       = 256 << 10           // bytes of one event with its overhead; longer lines become several
	tailSize       = 4 << 10             // bytes that LogType Tail answers
	maxSpan        = 24 * 60 * 60 * 1000 // milliseconds from the first event of a batch to the last
)

// flushTime is how long a flush may go on after Close has asked for the last one, in real time.
const flushTime = 5 * time.Second

// logWriter writes what environments say to CloudWatch Logs, behind the invocations: lines wait
// in memory and leave in batches, in order, a stream at a time.
type logWriter struct {
	logs   Logs
	clock  clock.Clock
	log    *slog.Logger
	buffer int // bytes that may wait, per stream

	mu    sync.Mutex
	dirty []*logStream
	wake  chan struct{}
}

func newLogWriter(logs Logs, c clock.Clock, log *slog.Logger, l Limits) *logWriter {
	return &logWriter{logs: logs, clock: c, log: log, buffer: l.LogBuffer, wake: make(chan struct{}, 1)}
}

// logStream is the log stream of one environment.
type logStream struct {
	w      *logWriter
	caller caller.Caller
	group  string
	name   string

	mu      sync.Mutex
	events  []types.InputLogEvent
	size    int   // bytes of events, with their overhead
	last    int64 // time of the newest event: two writers may have read the clock in another order than they come
	lost    int   // events dropped since the buffer was full
	queued  bool
	tailing bool
	tail    []byte // the last of what was written since tailing began

	created bool // touched by the flushing goroutine alone
}

func (w *logWriter) stream(c caller.Caller, group, name string) *logStream {
	return &logStream{w: w, caller: c, group: group, name: name}
}

// output takes a line of the function itself.
func (s *logStream) output(line []byte) { s.write(s.w.clock.Now(), string(line)) }

// write appends a line; it never blocks on the log service.
func (s *logStream) write(now time.Time, line string) {
	s.mu.Lock()
	if s.tailing {
		s.tail = append(append(s.tail, line...), '\n')
		if n := len(s.tail); n > 4*tailSize {
			s.tail = append(s.tail[:0], s.tail[n-tailSize:]...)
		}
	}
	if s.w.logs == nil {
		s.mu.Unlock()
		return
	}
	at := max(now.UnixMilli(), s.last)
	s.last = at
	for rest := line + "\n"; rest != ""; { // with the line break, as Lambda's events have it
		n := min(len(rest), maxEvent-eventOverhead)
		if s.size+n+eventOverhead > s.w.buffer {
			s.lost++
		} else {
			s.events = append(s.events, types.InputLogEvent{Message: aws.String(rest[:n]), Timestamp: &at})
			s.size += n + eventOverhead
		}
		rest = rest[n:]
	}
	queue := !s.queued
	s.queued = true
	s.mu.Unlock()
	if queue {
		s.w.queue(s)
	}
}

func (w *logWriter) queue(s *logStream) {
	w.mu.Lock()
	w.dirty = append(w.dirty, s)
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// follow begins to keep the tail, which tailed answers in base64.
func (s *logStream) follow() {
	s.mu.Lock()
	s.tailing, s.tail = true, s.tail[:0]
	s.mu.Unlock()
}

func (s *logStream) tailed() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tailing = false
	return base64.StdEncoding.EncodeToString(s.tail[max(0, len(s.tail)-tailSize):])
}

// close lets go of what is only needed while the environment lives; its lines are still written.
func (s *logStream) close() {
	if s == nil {
		return
	}
	s.mu.Lock()
	s.tail = nil
	s.mu.Unlock()
}

// run flushes until ctx ends, and then once more. A flush that has begun goes on when ctx ends:
// lines that it took are nowhere else.
func (w *logWriter) run(ctx context.Context, every time.Duration) {
	flush := func() {
		longer, cancel := outlive(ctx, flushTime)
		defer cancel()
		w.flush(longer)
	}
	for {
		select {
		case <-w.wake:
		case <-ctx.Done():
			flush()
			return
		}
		flush()
		select { // a batch gathers meanwhile
		case <-time.After(every):
		case <-ctx.Done():
		}
	}
}

// outlive returns a context that ends d after ctx.
func outlive(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(d):
			cancel()
		case <-longer.Done():
		}
	})
	return longer, func() { stop(); cancel() }
}

// flush writes what waits, several streams at a time so that their commits are shared.
func (w *logWriter) flush(ctx context.Context) {
	w.mu.Lock()
	dirty := w.dirty
	w.dirty = nil
	w.mu.Unlock()
	var wg sync.WaitGroup
	slots := make(chan struct{}, 8)
	for _, s := range dirty {
		slots <- struct{}{}
		wg.Add(1)
		go func() {
			defer wg.Done()
			defer func() { <-slots }()
			w.flushStream(ctx, s)
		}()
	}
	wg.Wait()
}

func (w *logWriter) flushStream(ctx context.Context, s *logStream) {
	s.mu.Lock()
	events, lost := s.events, s.lost
	s.events, s.size, s.lost, s.queued = nil, 0, 0, false
	s.mu.Unlock()
	if lost > 0 {
		w.log.Warn("log lines were dropped: they came faster than the log service took them", "group", s.group, "stream", s.name, "lines", lost)
	}
	for len(events) > 0 {
		n := batch(events)
		if err := w.put(ctx, s, events[:n]); unacceptable(err) { // and would be for ever
			w.log.Error("log lines were dropped: the log service refuses them", "group", s.group, "stream", s.name, "lines", n, "error", err)
		} else if err != nil {
			w.log.Error("write function logs; they will be written later", "group", s.group, "stream", s.name, "error", err)
			s.restore(events)
			return
		}
		events = events[n:]
	}
}

// restore puts events that could not be written back in front.
func (s *logStream) restore(events []types.InputLogEvent) {
	s.mu.Lock()
	for _, e := range events {
		s.size += len(*e.Message) + eventOverhead
	}
	s.events = append(events[:len(events):len(events)], s.events...)
	queue := !s.queued
	s.queued = true
	s.mu.Unlock()
	if queue {
		s.w.queue(s)
	}
}

// batch is how many of the first events one call takes.
func batch(events []types.InputLogEvent) int {
	size := 0
	for i, e := range events {
		size += len(*e.Message) + eventOverhead
		if i == maxBatchEvents || size > maxBatchBytes || *e.Timestamp-*events[0].Timestamp > maxSpan { // the clock may leap
			return i
		}
	}
	return len(events)
}

func (w *logWriter) put(ctx context.Context, s *logStream, events []types.InputLogEvent) error {
	ctx = caller.With(ctx, s.caller)
	in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: &s.group, LogStreamName: &s.name, LogEvents: events}
	if s.created {
		_, err := w.logs.PutLogEvents(ctx, in)
		if !hasCode(err, "ResourceNotFoundException") {
			return err
		} // somebody deleted the group or the stream: as on AWS it comes back with the next line
	}
	_, err := w.logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &s.group})
	if err != nil && !hasCode(err, "ResourceAlreadyExistsException") {
		return err
	}
	_, err = w.logs.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &s.group, LogStreamName: &s.name})
	if err != nil && !hasCode(err, "ResourceAlreadyExistsException") {
		return err
	}
	s.created = true
	_, err = w.logs.PutLogEvents(ctx, in)
	return err
}

// unacceptable tells whether an error is about what was sent, so that sending it again is of no use.
func unacceptable(err error) bool {
	return hasCode(err, "InvalidParameterException") || hasCode(err, "InvalidParameterValue") || hasCode(err, "InvalidParameterValueException")
}

func hasCode(err error, code string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == code
}
