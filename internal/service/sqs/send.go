package sqs

import (
	"context"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/uuid"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
)

// content is a message as it is kept.
type content struct {
	Body       string                                 `json:"body"`
	Attributes map[string]types.MessageAttributeValue `json:"attributes,omitempty"`
	System     map[string]string                      `json:"system,omitempty"`
	Sender     string                                 `json:"sender"`
}

// SendMessage puts a message into a queue. It is stored when it answers.
func (s *Service) SendMessage(ctx context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	p, err := byURL(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	c := content{Body: aws.ToString(in.MessageBody), Attributes: in.MessageAttributes, Sender: caller.From(ctx).Account, System: system(in.MessageSystemAttributes)}
	if err := c.check(); err != nil {
		return nil, err
	}
	var message string
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		q, err := readQueue(tx, p)
		if err != nil {
			return err
		}
		message, err = s.send(tx, q, c, in.DelaySeconds)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &sqs.SendMessageOutput{MessageId: &message, MD5OfMessageBody: aws.String(sum(c.Body)), MD5OfMessageAttributes: attributesSum(c.Attributes)}, nil
}

// SendMessageBatch sends up to ten messages, each of which may fail alone.
func (s *Service) SendMessageBatch(ctx context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error) {
	p, err := byURL(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	var ids []*string
	total := 0
	for _, e := range in.Entries {
		ids = append(ids, e.Id)
		total += len(aws.ToString(e.MessageBody))
	}
	if err := checkBatch(ids); err != nil {
		return nil, err
	}
	if total > maxBatch {
		return nil, &types.BatchRequestTooLong{Message: aws.String("Batch requests cannot be longer than 1048576 bytes.")}
	}
	var out *sqs.SendMessageBatchOutput
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		out = &sqs.SendMessageBatchOutput{}
		q, err := readQueue(tx, p)
		if err != nil {
			return err
		}
		for _, e := range in.Entries {
			c := content{Body: aws.ToString(e.MessageBody), Attributes: e.MessageAttributes, Sender: caller.From(ctx).Account, System: system(e.MessageSystemAttributes)}
			wrong := c.check()
			if wrong == nil {
				wrong = q.accepts(c, e.DelaySeconds)
			}
			if wrong != nil {
				out.Failed = append(out.Failed, failed(e.Id, wrong))
				continue
			}
			message, err := s.send(tx, q, c, e.DelaySeconds)
			if err != nil {
				return err
			}
			out.Successful = append(out.Successful, types.SendMessageBatchResultEntry{Id: e.Id, MessageId: &message,
				MD5OfMessageBody: aws.String(sum(c.Body)), MD5OfMessageAttributes: attributesSum(c.Attributes)})
		}
		return nil
	})
	return out, err
}

const maxBatch = 1_048_576 // bytes

var batchID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// checkBatch is what all batch requests are checked for.
func checkBatch(ids []*string) error {
	switch {
	case len(ids) == 0:
		return &types.EmptyBatchRequest{Message: aws.String("There should be at least one entry in the request.")}
	case len(ids) > 10:
		return &types.TooManyEntriesInBatchRequest{Message: aws.String("Maximum number of entries per request are 10. You have sent more.")}
	}
	seen := map[string]bool{}
	for _, i := range ids {
		if !batchID.MatchString(aws.ToString(i)) {
			return &types.InvalidBatchEntryId{Message: aws.String("A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")}
		}
		if seen[*i] {
			return &types.BatchEntryIdsNotDistinct{Message: aws.String("Id " + *i + " repeated.")}
		}
		seen[*i] = true
	}
	return nil
}

func system(given map[string]types.MessageSystemAttributeValue) map[string]string {
	out := map[string]string{}
	for k, v := range given {
		out[k] = aws.ToString(v.StringValue)
	}
	return out
}

// check refuses what no queue takes.
func (c content) check() error {
	if c.Body == "" {
		return missing("MessageBody")
	}
	if !utf8.ValidString(c.Body) || strings.IndexFunc(c.Body, func(r rune) bool {
		return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	}) >= 0 {
		return &types.InvalidMessageContents{Message: aws.String("Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")}
	}
	if len(c.Attributes) > 10 {
		return invalid("MessageAttributes", len(c.Attributes), "Number of message attributes exceeds the allowed maximum of 10.")
	}
	for name, a := range c.Attributes {
		kind, _, _ := strings.Cut(aws.ToString(a.DataType), ".")
		if kind != "String" && kind != "Number" && kind != "Binary" {
			return invalid("MessageAttributes", name, "The message attribute '"+name+"' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.")
		}
		if kind == "Binary" && len(a.BinaryValue) == 0 || kind != "Binary" && aws.ToString(a.StringValue) == "" {
			return invalid("MessageAttributes", name, "Message attribute '"+name+"' must contain a non-empty value of type "+kind+".")
		}
	}
	return nil
}

// size is what counts against the queue's MaximumMessageSize, in bytes.
func (c content) size() int64 {
	n := len(c.Body)
	for name, a := range c.Attributes {
		n += len(name) + len(aws.ToString(a.DataType)) + len(aws.ToString(a.StringValue)) + len(a.BinaryValue)
	}
	return int64(n)
}

// accepts refuses what this queue does not take. A delay of 0 in a request means the queue's own, since the wire leaves it out.
func (q queue) accepts(c content, delay int32) error {
	if c.size() > q.number("MaximumMessageSize") {
		return invalid("MessageBody", "of this length", "Message must be shorter than "+valueOf(q.attributes, "MaximumMessageSize")+" bytes.")
	}
	if delay < 0 || delay > 900 {
		return invalid("DelaySeconds", delay, "DelaySeconds must be >= 0 and <= 900.")
	}
	return nil
}

func (s *Service) send(tx *db.Tx, q queue, c content, delay int32) (message string, err error) {
	if err := q.accepts(c, delay); err != nil {
		return "", err
	}
	wait := int64(delay)
	if wait == 0 {
		wait = q.number("DelaySeconds")
	}
	message, now := uuid.NewString(), s.now()
	_, err = tx.Exec(`INSERT INTO sqs_message (account, region, queue, id, message, content, sent, expires, visible, received, first, receipt)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, '')`, q.account, q.region, q.name, id.Ordered(), message, mustJSON(c),
		now, now+1000*q.number("MessageRetentionPeriod"), now+1000*wait)
	tx.Notify(topic, q.key())
	return message, err
}

func sum(text string) string {
	s := md5.Sum([]byte(text))
	return hex.EncodeToString(s[:])
}

// attributesSum is the digest that clients check: of names, types and values, each with its length before it, by name.
func attributesSum(all map[string]types.MessageAttributeValue) *string {
	if len(all) == 0 {
		return nil
	}
	var b []byte
	add := func(s string) { b = append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...) }
	for _, name := range slices.Sorted(maps.Keys(all)) {
		a := all[name]
		add(name)
		add(aws.ToString(a.DataType))
		if strings.HasPrefix(aws.ToString(a.DataType), "Binary") {
			b = append(b, 2)
			add(string(a.BinaryValue))
		} else {
			b = append(b, 1)
			add(aws.ToString(a.StringValue))
		}
	}
	return aws.String(sum(string(b)))
}
