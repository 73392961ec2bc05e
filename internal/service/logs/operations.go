package logs

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
)

// maxName is the longest name of a group or stream, in bytes. (In a regular expression it would cost half a megabyte.)
const maxName = 512

var (
	groupName  = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]+$`)
	streamName = regexp.MustCompile(`^[^:*]+$`)
)

// CreateLogGroup creates a group that keeps its events for ever.
func (s *Service) CreateLogGroup(ctx context.Context, in *cloudwatchlogs.CreateLogGroupInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogGroupOutput, error) {
	g := group{groupKey: keyOf(caller.From(ctx), aws.ToString(in.LogGroupName)), id: id.Ordered(), class: string(in.LogGroupClass),
		kmsKey: aws.ToString(in.KmsKeyId), tags: maps.Clone(in.Tags), protected: aws.ToBool(in.DeletionProtectionEnabled), created: s.now()}
	switch {
	case len(g.name) > maxName || !groupName.MatchString(g.name):
		return nil, invalid("1 validation error detected: Value '%s' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", g.name)
	case len(g.tags) > 50:
		return nil, &types.TooManyTagsException{Message: aws.String("A resource has at most 50 tags.")}
	case g.class == "":
		g.class = string(types.LogGroupClassStandard)
	case !slices.Contains(in.LogGroupClass.Values(), in.LogGroupClass):
		return nil, invalid("The value %s for logGroupClass is invalid.", g.class)
	}
	return &cloudwatchlogs.CreateLogGroupOutput{}, s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := readGroup(tx, g.groupKey); err == nil {
			return exists("log group")
		} else if nf := (*types.ResourceNotFoundException)(nil); !errors.As(err, &nf) {
			return err
		}
		_, err := tx.Exec(`INSERT INTO logs_group (account, region, name, id, class, kms_key, tags, retention, protected, bytes, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, 0, $9)`, g.account, g.region, g.name, g.id, g.class, g.kmsKey, tagText(g.tags), g.protected, g.created)
		return err
	})
}

func tagText(tags map[string]string) string {
	if tags == nil {
		return "{}"
	}
	return mustJSON(tags)
}

// DeleteLogGroup deletes a group with its streams and events.
func (s *Service) DeleteLogGroup(ctx context.Context, in *cloudwatchlogs.DeleteLogGroupInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DeleteLogGroupOutput, error) {
	k, now := keyOf(caller.From(ctx), aws.ToString(in.LogGroupName)), s.now()
	return &cloudwatchlogs.DeleteLogGroupOutput{}, s.db.Update(ctx, func(tx *db.Tx) error {
		g, err := readGroup(tx, k)
		if err != nil {
			return err
		}
		if g.protected {
			return &types.ValidationException{Message: aws.String("The log group has deletion protection enabled.")}
		}
		tx.Notify(topicGone, g.id)
		return tx.Run(
			db.Stmt{SQL: `DELETE FROM logs_group WHERE account = $1 AND region = $2 AND name = $3`, Args: []any{k.account, k.region, k.name}},
			db.Stmt{SQL: `DELETE FROM logs_stream WHERE log_group = $1`, Args: []any{g.id}},
			db.Stmt{SQL: `INSERT INTO logs_garbage (log_group, stream, gone_at) VALUES ($1, '', $2)`, Args: []any{g.id, now}},
		)
	})
}

// CreateLogStream creates a stream in a group.
func (s *Service) CreateLogStream(ctx context.Context, in *cloudwatchlogs.CreateLogStreamInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogStreamOutput, error) {
	k, name, now := keyOf(caller.From(ctx), aws.ToString(in.LogGroupName)), aws.ToString(in.LogStreamName), s.now()
	if len(name) > maxName || !streamName.MatchString(name) {
		return nil, invalid("1 validation error detected: Value '%s' at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*", name)
	}
	return &cloudwatchlogs.CreateLogStreamOutput{}, s.db.Update(ctx, func(tx *db.Tx) error {
		g, err := readGroup(tx, k)
		if err != nil {
			return err
		}
		n, err := tx.Exec(`INSERT INTO logs_stream (log_group, name, id, created_at, first_at, last_at, ingested_at)
			VALUES ($1, $2, $3, $4, 0, 0, 0) ON CONFLICT DO NOTHING`, g.id, name, id.Ordered(), now)
		if err == nil && n == 0 {
			return exists("log stream")
		}
		return err
	})
}

// DeleteLogStream deletes a stream with its events.
func (s *Service) DeleteLogStream(ctx context.Context, in *cloudwatchlogs.DeleteLogStreamInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DeleteLogStreamOutput, error) {
	k, name, now := keyOf(caller.From(ctx), aws.ToString(in.LogGroupName)), aws.ToString(in.LogStreamName), s.now()
	return &cloudwatchlogs.DeleteLogStreamOutput{}, s.db.Update(ctx, func(tx *db.Tx) error {
		g, err := readGroup(tx, k)
		if err != nil {
			return err
		}
		st, err := readStream(tx, g.id, name)
		if err != nil {
			return err
		}
		tx.Notify(topicGone, st.id)
		return tx.Run(
			db.Stmt{SQL: `DELETE FROM logs_stream WHERE log_group = $1 AND name = $2`, Args: []any{g.id, name}},
			db.Stmt{SQL: `INSERT INTO logs_garbage (log_group, stream, gone_at) VALUES ($1, $2, $3)`, Args: []any{g.id, st.id, now}},
		)
	})
}

// PutRetentionPolicy sets after how many days events go.
func (s *Service) PutRetentionPolicy(ctx context.Context, in *cloudwatchlogs.PutRetentionPolicyInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutRetentionPolicyOutput, error) {
	days := aws.ToInt32(in.RetentionInDays)
	if !slices.Contains([]int32{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}, days) {
		return nil, invalid("1 validation error detected: Value '%d' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]", days)
	}
	return &cloudwatchlogs.PutRetentionPolicyOutput{}, s.setRetention(ctx, in.LogGroupName, days)
}

// DeleteRetentionPolicy keeps events for ever.
func (s *Service) DeleteRetentionPolicy(ctx context.Context, in *cloudwatchlogs.DeleteRetentionPolicyInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DeleteRetentionPolicyOutput, error) {
	return &cloudwatchlogs.DeleteRetentionPolicyOutput{}, s.setRetention(ctx, in.LogGroupName, 0)
}

func (s *Service) setRetention(ctx context.Context, name *string, days int32) error {
	k := keyOf(caller.From(ctx), aws.ToString(name))
	return s.db.Update(ctx, func(tx *db.Tx) error {
		g, err := readGroup(tx, k)
		if err != nil {
			return err
		}
		tx.Notify(topicGone, g.id) // open streams know the old one
		_, err = tx.Exec(`UPDATE logs_group SET retention = $1 WHERE account = $2 AND region = $3 AND name = $4`, int64(days), k.account, k.region, k.name)
		return err
	})
}

func groupARN(c caller.Caller, name string) string { return arn.For(c, "logs", "log-group:"+name) }
