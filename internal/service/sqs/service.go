package sqs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
)

// Service implements SQS. Its exported methods with the SDK's signatures are the operations.
type Service struct {
	db       *db.DB
	clock    clock.Clock
	endpoint func() string // that queue URLs begin with
	arrivals *arrivals
	stop     context.CancelFunc
	done     sync.WaitGroup
}

// New returns the service. endpoint is asked whenever a queue's URL is made: the port may be known late.
func New(d *db.DB, c clock.Clock, endpoint func() string) *Service {
	s := &Service{db: d, clock: c, endpoint: endpoint, arrivals: newArrivals(), stop: func() {}}
	d.Subscribe(topic, func(n db.Notice) { s.arrivals.tell(n.Payload) })
	return s
}

func (s *Service) now() int64 { return s.clock.Now().UnixMilli() }

// place is a queue's key.
type place struct{ account, region, name string }

func (p place) key() string { return p.account + "/" + p.region + "/" + p.name }

func (p place) arn() string {
	return arn.For(caller.Caller{Partition: caller.PartitionOf(p.region), Region: p.region, Account: p.account}, "sqs", p.name)
}

func (s *Service) url(p place) string { return s.endpoint() + "/" + p.account + "/" + p.name }

// queue is a queue as it is stored.
type queue struct {
	place
	attributes, tags  map[string]string
	created, modified int64
}

// byURL is the place that a queue URL names: …/ACCOUNT/NAME, wherever that points. A bare name is taken as well, as SQS does.
func byURL(ctx context.Context, url *string) (place, error) {
	c := caller.From(ctx)
	text := aws.ToString(url)
	if text == "" {
		return place{}, missing("QueueUrl")
	}
	parts := strings.Split(strings.TrimRight(text, "/"), "/")
	p := place{c.Account, c.Region, parts[len(parts)-1]}
	if len(parts) > 1 && len(parts[len(parts)-2]) == 12 {
		p.account = parts[len(parts)-2]
	}
	if p.account != c.Account {
		return p, &smithy.GenericAPIError{Code: "AccessDenied", Message: "Access to the resource " + text + " is denied.", Fault: smithy.FaultClient}
	}
	return p, nil
}

const selectQueue = `SELECT account, region, name, attributes, tags, created, modified FROM sqs_queue`

func scanQueue(r db.Row) (q queue, err error) {
	var attributes, tags string
	if err := r.Scan(&q.account, &q.region, &q.name, &attributes, &tags, &q.created, &q.modified); err != nil {
		return q, err
	}
	if err := json.Unmarshal([]byte(attributes), &q.attributes); err != nil {
		return q, fmt.Errorf("attributes of queue %s: %w", q.name, err)
	}
	return q, json.Unmarshal([]byte(tags), &q.tags)
}

func readQueue(tx *db.Tx, p place) (queue, error) {
	q, err := db.One(tx, scanQueue, selectQueue+` WHERE account = $1 AND region = $2 AND name = $3`, p.account, p.region, p.name)
	if errors.Is(err, db.ErrNotFound) {
		return q, &types.QueueDoesNotExist{Message: aws.String("The specified queue does not exist.")}
	}
	return q, err
}

func writeQueue(tx *db.Tx, q queue) error {
	_, err := tx.Exec(`UPDATE sqs_queue SET attributes = $1, tags = $2, modified = $3 WHERE account = $4 AND region = $5 AND name = $6`,
		mustJSON(q.attributes), mustJSON(q.tags), q.modified, q.account, q.region, q.name)
	return err
}

func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of texts
	}
	return string(b)
}

func missing(member string) error {
	return &smithy.GenericAPIError{Code: "MissingParameter", Message: "The request must contain the parameter " + member + ".", Fault: smithy.FaultClient}
}

func invalid(member string, value any, why string) error {
	return &smithy.GenericAPIError{Code: "InvalidParameterValue", Fault: smithy.FaultClient,
		Message: fmt.Sprintf("Value %v for parameter %s is invalid. Reason: %s", value, member, why)}
}
