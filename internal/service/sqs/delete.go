package sqs

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/db"
)

// DeleteMessage removes a message for good. A receipt of a message that is gone is no error.
func (s *Service) DeleteMessage(ctx context.Context, in *sqs.DeleteMessageInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error) {
	return &sqs.DeleteMessageOutput{}, s.each(ctx, in.QueueUrl, func(tx *db.Tx, p place) error { return remove(tx, p, in.ReceiptHandle) })
}

// DeleteMessageBatch removes up to ten messages.
func (s *Service) DeleteMessageBatch(ctx context.Context, in *sqs.DeleteMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error) {
	out := &sqs.DeleteMessageBatchOutput{}
	var err error
	out.Successful, out.Failed, err = batch(ctx, s, in.QueueUrl, in.Entries, func(e types.DeleteMessageBatchRequestEntry) *string { return e.Id },
		func(tx *db.Tx, p place, e types.DeleteMessageBatchRequestEntry) (types.DeleteMessageBatchResultEntry, error) {
			return types.DeleteMessageBatchResultEntry{Id: e.Id}, remove(tx, p, e.ReceiptHandle)
		})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// batch does the entries of a request one by one in a transaction; what the service refuses fails alone.
func batch[E, R any](ctx context.Context, s *Service, url *string, entries []E, id func(E) *string, do func(*db.Tx, place, E) (R, error)) (done []R, refused []types.BatchResultErrorEntry, err error) {
	var ids []*string
	for _, e := range entries {
		ids = append(ids, id(e))
	}
	if err := checkBatch(ids); err != nil {
		return nil, nil, err
	}
	err = s.each(ctx, url, func(tx *db.Tx, p place) error {
		done, refused = nil, nil // the transaction may run again
		for _, e := range entries {
			r, err := do(tx, p, e)
			var api smithy.APIError
			switch {
			case err == nil:
				done = append(done, r)
			case errors.As(err, &api):
				refused = append(refused, failed(id(e), err))
			default:
				return err
			}
		}
		return nil
	})
	return done, refused, err
}

// each runs f within a queue that exists.
func (s *Service) each(ctx context.Context, url *string, f func(tx *db.Tx, p place) error) error {
	p, err := byURL(ctx, url)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := readQueue(tx, p); err != nil {
			return err
		}
		return f(tx, p)
	})
}

func remove(tx *db.Tx, p place, receipt *string) error {
	if err := checkReceipt(receipt); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM sqs_message WHERE account = $1 AND region = $2 AND queue = $3 AND receipt = $4`, p.account, p.region, p.name, *receipt)
	return err
}

func checkReceipt(receipt *string) error {
	if aws.ToString(receipt) == "" {
		return missing("ReceiptHandle")
	}
	if len(*receipt) != 64 {
		return &types.ReceiptHandleIsInvalid{Message: aws.String("The input receipt handle \"" + *receipt + "\" is not a valid receipt handle.")}
	}
	return nil
}

// ChangeMessageVisibility says anew how long a received message stays out of sight.
func (s *Service) ChangeMessageVisibility(ctx context.Context, in *sqs.ChangeMessageVisibilityInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error) {
	return &sqs.ChangeMessageVisibilityOutput{}, s.each(ctx, in.QueueUrl, func(tx *db.Tx, p place) error {
		return s.hide(tx, p, in.ReceiptHandle, in.VisibilityTimeout)
	})
}

// ChangeMessageVisibilityBatch does so for up to ten messages.
func (s *Service) ChangeMessageVisibilityBatch(ctx context.Context, in *sqs.ChangeMessageVisibilityBatchInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	out := &sqs.ChangeMessageVisibilityBatchOutput{}
	var err error
	out.Successful, out.Failed, err = batch(ctx, s, in.QueueUrl, in.Entries, func(e types.ChangeMessageVisibilityBatchRequestEntry) *string { return e.Id },
		func(tx *db.Tx, p place, e types.ChangeMessageVisibilityBatchRequestEntry) (types.ChangeMessageVisibilityBatchResultEntry, error) {
			return types.ChangeMessageVisibilityBatchResultEntry{Id: e.Id}, s.hide(tx, p, e.ReceiptHandle, e.VisibilityTimeout)
		})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) hide(tx *db.Tx, p place, receipt *string, seconds int32) error {
	if err := checkReceipt(receipt); err != nil {
		return err
	}
	if seconds < 0 || seconds > 43_200 {
		return invalid("VisibilityTimeout", seconds, "VisibilityTimeout must be an integer between 0 and 43200.")
	}
	now := s.now()
	n, err := tx.Exec(`UPDATE sqs_message SET visible = $1 WHERE account = $2 AND region = $3 AND queue = $4 AND receipt = $5 AND visible > $6`,
		now+1000*int64(seconds), p.account, p.region, p.name, *receipt, now)
	if err == nil && n == 0 {
		return &types.MessageNotInflight{Message: aws.String("The message referred to isn't in flight.")}
	}
	if seconds == 0 {
		tx.Notify(topic, p.key())
	}
	return err
}

func failed(entry *string, err error) types.BatchResultErrorEntry {
	var api smithy.APIError
	errors.As(err, &api)
	return types.BatchResultErrorEntry{Id: entry, Code: aws.String(api.ErrorCode()), Message: aws.String(api.ErrorMessage()), SenderFault: true}
}
