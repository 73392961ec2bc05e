package logs

import (
	"context"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
)

// Limits of PutLogEvents.
const (
	hour      int64 = 60 * 60 * 1000
	day             = 24 * hour
	maxBatch        = 1_048_576 // bytes
	maxEvents       = 10_000
	maxAge          = 14 * day
	maxAhead        = 2 * hour
)

// streamCache keeps open streams, so that PutLogEvents need not ask the store.
type streamCache struct {
	mu     sync.RWMutex
	open   map[streamKey]openStream
	forgot int // times that something was dropped: what was read before must not come back
}

type streamKey struct {
	groupKey
	stream string
}

type openStream struct {
	*stream
	retention int64
}

func newStreamCache() *streamCache { return &streamCache{open: map[streamKey]openStream{}} }

// maxOpen bounds the cache; a stream that is not in it costs a read.
const maxOpen = 20_000

// forget drops a group or stream, by id, or everything if notices may have been missed.
func (c *streamCache) forget(gone string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgot++
	for k, st := range c.open {
		if gone == "" || st.group == gone || st.id == gone {
			delete(c.open, k)
		}
	}
}

func (s *Service) openStream(ctx context.Context, k streamKey) (openStream, error) {
	s.cache.mu.RLock()
	st, ok := s.cache.open[k]
	forgot := s.cache.forgot
	s.cache.mu.RUnlock()
	if ok {
		return st, nil
	}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		g, err := readGroup(tx, k.groupKey)
		if err != nil {
			return err
		}
		row, err := readStream(tx, g.id, k.stream)
		st = openStream{&stream{group: g.id, id: row.id, name: row.name, groupKey: k.groupKey}, g.retention}
		return err
	})
	if err != nil {
		return st, err
	}
	s.cache.mu.Lock()
	defer s.cache.mu.Unlock()
	if len(s.cache.open) >= maxOpen {
		clear(s.cache.open)
	}
	if s.cache.forgot == forgot {
		s.cache.open[k] = st
	}
	return st, nil
}

// PutLogEvents takes events in. It answers once they are in memory, visible to every reader on
// this node; they are in the store within flushEvery. Sequence tokens are ignored, as on AWS.
func (s *Service) PutLogEvents(ctx context.Context, in *cloudwatchlogs.PutLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutLogEventsOutput, error) {
	out, err := s.accept(ctx, in)
	if err != nil {
		return nil, err
	}
	return out, s.flush(context.WithoutCancel(ctx)) // with all others that wait
}

// Buffered is the service for the platform's own lines: what it accepts is stored within flushEvery, and a crash may lose it.
// Nobody was promised those lines; a client of PutLogEvents was.
type Buffered struct{ *Service }

// PutLogEvents accepts events without waiting for the store.
func (b Buffered) PutLogEvents(ctx context.Context, in *cloudwatchlogs.PutLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutLogEventsOutput, error) {
	return b.accept(ctx, in)
}

// accept checks events and puts them into the buffer.
func (s *Service) accept(ctx context.Context, in *cloudwatchlogs.PutLogEventsInput) (*cloudwatchlogs.PutLogEventsOutput, error) {
	k := streamKey{keyOf(caller.From(ctx), aws.ToString(in.LogGroupName)), aws.ToString(in.LogStreamName)}
	if err := checkBatch(in.LogEvents); err != nil {
		return nil, err
	}
	st, err := s.openStream(ctx, k)
	if err != nil {
		return nil, err
	}
	now := s.now()
	accepted, rejected := window(in.LogEvents, now, st.retention)
	events := make([]event, len(accepted))
	for i, e := range accepted {
		events[i] = event{stream: st.stream, at: *e.Timestamp, id: id.Ordered(), ingested: now, message: strings.Clone(strings.ToValidUTF8(*e.Message, "\uFFFD"))}
	}
	if len(events) > 0 {
		if err := s.buffer.add(ctx, events); err != nil {
			return nil, err
		}
	}
	// A token nobody needs; tools of before 2023 insist on one.
	return &cloudwatchlogs.PutLogEventsOutput{NextSequenceToken: aws.String(sequenceToken), RejectedLogEventsInfo: rejected}, nil
}

const sequenceToken = "49590302938217498273651000000000000000000000000000000000"

func checkBatch(events []types.InputLogEvent) error {
	if len(events) == 0 || len(events) > maxEvents {
		return invalid("1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length between 1 and %d", maxEvents)
	}
	size, last := 0, int64(0)
	for i, e := range events {
		switch {
		case e.Message == nil || *e.Message == "":
			return invalid("1 validation error detected: Value '' at 'logEvents.%d.member.message' failed to satisfy constraint: Member must have length greater than or equal to 1", i+1)
		case e.Timestamp == nil:
			return invalid("1 validation error detected: Value null at 'logEvents.%d.member.timestamp' failed to satisfy constraint: Member must not be null", i+1)
		case *e.Timestamp < 0:
			return invalid("1 validation error detected: Value '%d' at 'logEvents.%d.member.timestamp' failed to satisfy constraint: Member must have value greater than or equal to 0", *e.Timestamp, i+1)
		case *e.Timestamp < last:
			return invalid("Log events in a single PutLogEvents request must be in chronological order.")
		}
		last = *e.Timestamp
		size += len(*e.Message) + overhead
	}
	if size > maxBatch {
		return invalid("Upload too large: %d bytes exceeds limit of %d", size, maxBatch)
	}
	if last-*events[0].Timestamp > day {
		return invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	return nil
}

// window cuts off what is too old or too new; events are in order of time.
func window(events []types.InputLogEvent, now, retention int64) ([]types.InputLogEvent, *types.RejectedLogEventsInfo) {
	var old, expired, end int
	for end = 0; end < len(events) && *events[end].Timestamp <= now+maxAhead; end++ {
		switch t := *events[end].Timestamp; {
		case t < now-maxAge:
			old = end + 1
		case retention > 0 && t < now-retention*day:
			expired = end + 1
		}
	}
	if old == 0 && expired == 0 && end == len(events) {
		return events, nil
	}
	r := &types.RejectedLogEventsInfo{}
	if old > 0 {
		r.TooOldLogEventEndIndex = aws.Int32(int32(old))
	}
	if expired > 0 {
		r.ExpiredLogEventEndIndex = aws.Int32(int32(expired))
	}
	if end < len(events) {
		r.TooNewLogEventStartIndex = aws.Int32(int32(end))
	}
	return events[min(max(old, expired), end):end], r
}
