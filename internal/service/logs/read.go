package logs

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

// digits is an id as a decimal number of fixed length, as the ids of AWS look; it grows as ids do.
func digits(id string, width int) string {
	n, ok := new(big.Int).SetString(id, 16)
	if !ok {
		n = new(big.Int)
	}
	return fmt.Sprintf("%0*s", width, n.Text(10))
}

const (
	timeDigits = 16
	idDigits   = 30 // 24 hexadecimal ones
)

func eventID(id string) string { return "3" + digits(id, 55) }

// number writes a place in the decimal digits of a token.
func (p place) number() string {
	return fmt.Sprintf("%0*d", timeDigits, p.at) + digits(p.id, idDigits)
}

func placeOf(number string) (place, bool) {
	if len(number) != timeDigits+idDigits {
		return place{}, false
	}
	at, err := strconv.ParseInt(number[:timeDigits], 10, 64)
	n, ok := new(big.Int).SetString(number[timeDigits:], 10)
	if err != nil || !ok || n.Sign() < 0 {
		return place{}, false
	}
	return place{at, fmt.Sprintf("%024s", n.Text(16))}, true
}

func badToken() error { return invalid("The specified nextToken is invalid.") }

// groupOf returns the group that a request names, by name or by ARN.
func (s *Service) groupOf(ctx context.Context, name, identifier *string) (g group, err error) {
	c := caller.From(ctx)
	if name != nil && identifier != nil {
		return g, invalid("LogGroupName and LogGroupIdentifier cannot be both specified.")
	}
	if name == nil && identifier == nil {
		return g, invalid("Either LogGroupName or LogGroupIdentifier must be specified.")
	}
	n := aws.ToString(name) + aws.ToString(identifier)
	if a, err := arn.Parse(n); err == nil {
		n = strings.TrimSuffix(strings.TrimPrefix(a.Resource, "log-group:"), ":*")
		if a.Account != c.Account || a.Region != c.Region {
			return g, noGroup()
		}
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		g, err = readGroup(tx, keyOf(c, n))
		return err
	})
	return g, err
}

// GetLogEvents reads one stream, backwards from its end unless asked otherwise. Either token goes
// on in its direction, and comes back unchanged where there is nothing more (yet).
func (s *Service) GetLogEvents(ctx context.Context, in *cloudwatchlogs.GetLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error) {
	g, err := s.groupOf(ctx, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	var st streamRow
	err = s.db.View(ctx, func(tx *db.Tx) error {
		st, err = readStream(tx, g.id, aws.ToString(in.LogStreamName))
		return err
	})
	if err != nil {
		return nil, err
	}
	q := scan{group: g.id, stream: st.id, descending: !aws.ToBool(in.StartFromHead)}
	if err := q.bound(in.Limit, in.StartTime, in.EndTime, g.oldest(s.now())); err != nil {
		return nil, err
	}
	q.to-- // documented: events at EndTime are not included
	if in.EndTime == nil {
		q.to++
	}
	if t := in.NextToken; t != nil {
		parts := strings.Split(*t, "/")
		if len(parts) != 3 || parts[0] != "f" && parts[0] != "b" {
			return nil, badToken()
		}
		p, ok := placeOf(parts[1])
		if !ok {
			return nil, badToken()
		}
		q.beyond, q.descending = &p, parts[0] == "b"
	}
	events, _, err := s.run(ctx, q)
	if err != nil {
		return nil, err
	}
	if q.descending {
		slices.Reverse(events)
	}
	first, last := place{id: "0"}, place{id: "0"}
	switch {
	case len(events) > 0:
		first, last = events[0].place(), events[len(events)-1].place()
	case q.beyond != nil:
		first, last = *q.beyond, *q.beyond
		if q.descending { // the token's own event lies ahead now
			last = last.stepped(-1)
		} else {
			first = first.stepped(1)
		}
	}
	out := &cloudwatchlogs.GetLogEventsOutput{Events: make([]types.OutputLogEvent, len(events)),
		NextForwardToken: aws.String("f/" + last.number() + "/s"), NextBackwardToken: aws.String("b/" + first.number() + "/s")}
	for i := range events {
		e := &events[i]
		out.Events[i] = types.OutputLogEvent{Timestamp: &e.at, IngestionTime: &e.ingested, Message: &e.message}
	}
	return out, nil
}

// stepped is the place just beside p.
func (p place) stepped(by int64) place {
	n, ok := new(big.Int).SetString(p.id, 16)
	if !ok {
		return p
	}
	if n.Add(n, big.NewInt(by)); n.Sign() < 0 {
		return p
	}
	return place{p.at, fmt.Sprintf("%024s", n.Text(16))}
}

// bound sets the scan's limit and times.
func (q *scan) bound(limit *int32, from, to *int64, oldest int64) error {
	q.limit, q.from, q.to = maxAnswer, oldest, 1<<62
	if limit != nil {
		if *limit < 1 || *limit > maxAnswer {
			return invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and %d", *limit, maxAnswer)
		}
		q.limit = int(*limit)
	}
	if from != nil {
		q.from = max(q.from, *from)
	}
	if to != nil {
		q.to = *to
	}
	return nil
}

// FilterLogEvents reads a group in order of time: the events of all streams, or of some, that
// match a pattern.
func (s *Service) FilterLogEvents(ctx context.Context, in *cloudwatchlogs.FilterLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	if len(in.LogStreamNames) > 0 && in.LogStreamNamePrefix != nil {
		return nil, invalid("LogStreamNamePrefix and LogStreamNames cannot be both specified.")
	}
	if len(in.LogStreamNames) > 100 {
		return nil, invalid("1 validation error detected: Value at 'logStreamNames' failed to satisfy constraint: Member must have length less than or equal to 100")
	}
	match, err := compilePattern(aws.ToString(in.FilterPattern))
	if err != nil {
		return nil, err
	}
	g, err := s.groupOf(ctx, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	q := scan{group: g.id, names: in.LogStreamNames, prefix: aws.ToString(in.LogStreamNamePrefix), match: match,
		descending: in.StartFromHead != nil && !*in.StartFromHead}
	if err := q.bound(in.Limit, in.StartTime, in.EndTime, g.oldest(s.now())); err != nil {
		return nil, err
	}
	if err := s.checkNames(ctx, g.id, in.LogStreamNames); err != nil {
		return nil, err
	}
	if t := in.NextToken; t != nil {
		direction, number, _ := strings.Cut(*t, "/")
		p, ok := placeOf(number)
		if !ok {
			return nil, badToken()
		}
		q.beyond, q.descending = &p, direction == "b"
	}
	events, stopped, err := s.run(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.FilterLogEventsOutput{Events: make([]types.FilteredLogEvent, len(events)), SearchedLogStreams: []types.SearchedLogStream{}}
	for i := range events {
		e := &events[i]
		out.Events[i] = types.FilteredLogEvent{EventId: aws.String(eventID(e.id)), LogStreamName: &e.name, Timestamp: &e.at, IngestionTime: &e.ingested, Message: &e.message}
	}
	if stopped != nil {
		direction := map[bool]string{true: "b/", false: "f/"}[q.descending]
		out.NextToken = aws.String(direction + stopped.number())
	}
	return out, nil
}

// checkNames answers noStream if one of the streams does not exist.
func (s *Service) checkNames(ctx context.Context, group string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	return s.db.View(ctx, func(tx *db.Tx) error {
		for _, n := range names {
			if _, err := readStream(tx, group, n); err != nil {
				return err
			}
		}
		return nil
	})
}
