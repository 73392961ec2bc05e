package cloudformation

import (
	"context"
	"encoding/base64"
	"errors"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

// eventsOnPage is how many events DescribeStackEvents answers at once.
const eventsOnPage = 100

type storedEvent struct {
	seq, at int64
	event
}

func scanEvent(r db.Row) (e storedEvent, err error) {
	var doc string
	if err := r.Scan(&e.seq, &e.at, &doc); err != nil {
		return e, err
	}
	return e, decodeJSON(doc, &e.event)
}

// DescribeStackEvents implements the operation: newest first. A token is the number of the last
// event seen, so events that come in between move nothing.
func (s *Service) DescribeStackEvents(ctx context.Context, in *cloudformation.DescribeStackEventsInput, _ ...func(*cloudformation.Options)) (*cloudformation.DescribeStackEventsOutput, error) {
	c, name := caller.From(ctx), aws.ToString(in.StackName)
	before := int64(1) << 62
	if t := aws.ToString(in.NextToken); t != "" {
		raw, err := base64.RawURLEncoding.DecodeString(t)
		if err == nil {
			before, err = strconv.ParseInt(string(raw), 10, 64)
		}
		if err != nil {
			return nil, invalid("Invalid NextToken")
		}
	}
	var st *stack
	events, err := view(ctx, s, func(tx *db.Tx) (events []storedEvent, err error) {
		if st, err = findStack(tx, c, name, false); errors.Is(err, db.ErrNotFound) {
			return nil, invalid("Stack [%s] does not exist", name)
		} else if err != nil {
			return nil, err
		}
		return db.All(tx, scanEvent, `SELECT seq, at, doc FROM cfn_event WHERE stack_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3`,
			st.ID, before, eventsOnPage+1)
	})
	if err != nil {
		return nil, err
	}
	out := &cloudformation.DescribeStackEventsOutput{StackEvents: []types.StackEvent{}}
	if len(events) > eventsOnPage {
		events = events[:eventsOnPage]
		out.NextToken = aws.String(base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(events[eventsOnPage-1].seq, 10))))
	}
	for _, e := range events {
		out.StackEvents = append(out.StackEvents, types.StackEvent{
			StackId: &st.ID, StackName: &st.Name, EventId: aws.String(e.ID), Timestamp: at(e.at),
			LogicalResourceId: aws.String(e.Logical), PhysicalResourceId: aws.String(e.Physical), ResourceType: aws.String(e.Type),
			ResourceStatus: types.ResourceStatus(e.Status), ResourceStatusReason: optional(e.Reason),
			ResourceProperties: optional(e.Properties), ClientRequestToken: optional(e.Token)})
	}
	return out, nil
}
