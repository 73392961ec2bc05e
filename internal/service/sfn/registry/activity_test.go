package registry

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/internal/db"
)

func TestAnActivityIsMadeOnceAndDeletedOnce(t *testing.T) {
	run(t, func(f *fixture) {
		in := &sfn.CreateActivityInput{Name: aws.String("work"), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}}
		first := ok(f, f.CreateActivity)(in)
		f.clock.Advance(1e9)
		if again := ok(f, f.CreateActivity)(in); !again.CreationDate.Equal(*first.CreationDate) {
			f.Error("it was made again")
		}
		refused(f, f.CreateActivity, &sfn.CreateActivityInput{Name: aws.String("work"), EncryptionConfiguration: &types.EncryptionConfiguration{
			Type: types.EncryptionTypeCustomerManagedKmsKey, KmsKeyId: aws.String("k")}}, "ActivityAlreadyExists", "")
		d := ok(f, f.DescribeActivity)(&sfn.DescribeActivityInput{ActivityArn: first.ActivityArn})
		if *d.Name != "work" || *d.ActivityArn != prefix+"activity:work" || d.EncryptionConfiguration.Type != types.EncryptionTypeAwsOwnedKey {
			f.Errorf("described %+v", d)
		}
		if l := ok(f, f.ListActivities)(&sfn.ListActivitiesInput{}); len(l.Activities) != 1 {
			f.Errorf("listed %v", l.Activities)
		}
		for range 2 {
			ok(f, f.DeleteActivity)(&sfn.DeleteActivityInput{ActivityArn: first.ActivityArn})
		}
		refused(f, f.DescribeActivity, &sfn.DescribeActivityInput{ActivityArn: first.ActivityArn}, "ActivityDoesNotExist", "Activity Does Not Exist: '"+*first.ActivityArn+"'")
		if err := f.db.View(f.ctx, func(tx *db.Tx) error { _, err := f.Activity(f.ctx, tx, *first.ActivityArn); return err }); err == nil {
			f.Error("a task can still be given to it")
		}
	})
}

func TestTagsOfStateMachinesAndActivities(t *testing.T) {
	run(t, func(f *fixture) {
		machine := f.create("m", pass, func(in *sfn.CreateStateMachineInput) {
			in.Publish, in.Tags = true, []types.Tag{{Key: aws.String("b"), Value: aws.String("1")}}
		}).StateMachineArn
		activity := ok(f, f.CreateActivity)(&sfn.CreateActivityInput{Name: aws.String("work"), Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("1")}}}).ActivityArn
		for _, arn := range []*string{machine, activity} {
			ok(f, f.TagResource)(&sfn.TagResourceInput{ResourceArn: arn, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("2")}, {Key: aws.String("b"), Value: aws.String("3")}}})
			ok(f, f.UntagResource)(&sfn.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a", "none"}})
			l := ok(f, f.ListTagsForResource)(&sfn.ListTagsForResourceInput{ResourceArn: arn})
			if len(l.Tags) != 1 || *l.Tags[0].Key != "b" || *l.Tags[0].Value != "3" {
				f.Errorf("%s has %v", *arn, l.Tags)
			}
			var many []types.Tag
			for i := range tagQuota {
				many = append(many, types.Tag{Key: aws.String(fmt.Sprint("k", i)), Value: aws.String("")})
			}
			refused(f, f.TagResource, &sfn.TagResourceInput{ResourceArn: arn, Tags: many}, "TooManyTags", "")
		}
		if m, err := f.resolve(*machine); err != nil || m.Tags["b"] != "3" {
			f.Errorf("an execution would see the tags %v, %v", m, err)
		}
		for _, arn := range []string{*machine + ":1", *machine + "x", *activity + "x"} {
			refused(f, f.TagResource, &sfn.TagResourceInput{ResourceArn: &arn}, "ResourceNotFound", "Resource not found: '"+arn+"'")
		}
	})
}
