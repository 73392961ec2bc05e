package registry

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

// CreateActivity makes an activity. The same request again has the same answer; tags may differ, and are ignored then.
func (r *Registry) CreateActivity(ctx context.Context, in *sfn.CreateActivityInput, _ ...func(*sfn.Options)) (*sfn.CreateActivityOutput, error) {
	name := aws.ToString(in.Name)
	if err := checkName(name); err != nil {
		return nil, err
	}
	if err := checkEncryption(in.EncryptionConfiguration); err != nil {
		return nil, err
	}
	c := caller.From(ctx)
	a := activityRow{Name: name, ARN: arn.For(c, "states", "activity:"+name), Encryption: in.EncryptionConfiguration, Created: r.clock.Now().UnixMilli()}
	// Tags are checked even if the activity is there already and they are ignored.
	tags, err := addTags(nil, in.Tags, a.ARN)
	if err != nil {
		return nil, err
	}
	err = r.db.Update(ctx, func(tx *db.Tx) error {
		// An activity has nothing but its name and encryption to be compared.
		existing, err := activityTx(tx, a.ARN)
		var none *types.ActivityDoesNotExist
		switch {
		case err == nil:
			if encode(shownEncryption(existing.Encryption)) != encode(shownEncryption(a.Encryption)) {
				return &types.ActivityAlreadyExists{Message: text("Activity Already Exists: '%s'", a.ARN)}
			}
			a.Created = existing.Created
			return nil
		case !errors.As(err, &none):
			return err
		}
		_, err = tx.Exec(`INSERT INTO sfn_activity (account, region, `+activityColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			c.Account, c.Region, a.Name, a.ARN, encode(a.Encryption), encode(tags), a.Created)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &sfn.CreateActivityOutput{ActivityArn: &a.ARN, CreationDate: instant(a.Created)}, nil
}

// DescribeActivity answers an activity.
func (r *Registry) DescribeActivity(ctx context.Context, in *sfn.DescribeActivityInput, _ ...func(*sfn.Options)) (*sfn.DescribeActivityOutput, error) {
	var a activityRow
	err := r.db.View(ctx, func(tx *db.Tx) (err error) {
		a, err = activityTx(tx, aws.ToString(in.ActivityArn))
		return err
	})
	if err != nil {
		return nil, err
	}
	// The encryption is always shown: AWS_OWNED_KEY unless a key was given.
	return &sfn.DescribeActivityOutput{ActivityArn: &a.ARN, Name: &a.Name, CreationDate: instant(a.Created), EncryptionConfiguration: shownEncryption(a.Encryption)}, nil
}

// ListActivities answers the caller's activities by name.
func (r *Registry) ListActivities(ctx context.Context, in *sfn.ListActivitiesInput, _ ...func(*sfn.Options)) (*sfn.ListActivitiesOutput, error) {
	// Pages go by name, as those of state machines.
	p, err := newPage("activities", in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	c := caller.From(ctx)
	var rows []activityRow
	err = r.db.View(ctx, func(tx *db.Tx) (err error) {
		rows, err = db.All(tx, scanActivity, `SELECT `+activityColumns+` FROM sfn_activity
			WHERE account = $1 AND region = $2 AND name > $3 ORDER BY name LIMIT $4`, c.Account, c.Region, p.after, p.limit+1)
		return err
	})
	if err != nil {
		return nil, err
	}
	rows, token := cut(p, rows, func(a activityRow) string { return a.Name })
	out := &sfn.ListActivitiesOutput{NextToken: token, Activities: make([]types.ActivityListItem, len(rows))}
	for i, a := range rows {
		out.Activities[i] = types.ActivityListItem{ActivityArn: &a.ARN, Name: &a.Name, CreationDate: instant(a.Created)}
	}
	return out, nil
}

// DeleteActivity deletes an activity; one that does not exist is deleted already.
func (r *Registry) DeleteActivity(ctx context.Context, in *sfn.DeleteActivityInput, _ ...func(*sfn.Options)) (*sfn.DeleteActivityOutput, error) {
	// Tasks that were scheduled before are kept by the executions that wait for them, not here.
	a, err := arn.Parse(aws.ToString(in.ActivityArn))
	if err != nil {
		return nil, invalidARN("Invalid ARN prefix: %s", aws.ToString(in.ActivityArn))
	}
	err = r.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM sfn_activity WHERE account = $1 AND region = $2 AND arn = $3`, a.Account, a.Region, *in.ActivityArn)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &sfn.DeleteActivityOutput{}, nil
}
