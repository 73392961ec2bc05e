package codedeploy

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

// refused checks that err is the API error named.
func refused(t *testing.T, err error, code string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || api.ErrorMessage() == "" {
		t.Errorf("got %v, want %s", err, code)
	}
}

func TestOperationsHaveTheClientsSignatures(t *testing.T) {
	client, service := reflect.TypeFor[*codedeploy.Client](), reflect.TypeFor[*Service]()
	own := []string{"Start", "Close", "InUse"}
	for i := range service.NumMethod() {
		m := service.Method(i)
		if slices.Contains(own, m.Name) {
			continue
		}
		c, ok := client.MethodByName(m.Name)
		if !ok {
			t.Errorf("%s is no operation of CodeDeploy", m.Name)
			continue
		}
		for k := 1; k < max(m.Type.NumIn(), c.Type.NumIn()); k++ {
			if m.Type.In(k) != c.Type.In(k) {
				t.Errorf("%s: argument %d is %v, not %v", m.Name, k, m.Type.In(k), c.Type.In(k))
			}
		}
		for k := range c.Type.NumOut() {
			if m.Type.Out(k) != c.Type.Out(k) {
				t.Errorf("%s: result %d is %v, not %v", m.Name, k, m.Type.Out(k), c.Type.Out(k))
			}
		}
	}
}

func TestApplications(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f, ctx := newFixture(t, d), t.Context()
		for _, p := range []types.ComputePlatform{"", "Server", "ECS", "Cloud"} {
			_, err := f.CreateApplication(ctx, &codedeploy.CreateApplicationInput{ApplicationName: aws.String("b"), ComputePlatform: p})
			refused(t, err, "InvalidComputePlatformException")
		}
		create := func(ctx context.Context, name string) error {
			_, err := f.CreateApplication(ctx, &codedeploy.CreateApplicationInput{ApplicationName: &name, ComputePlatform: types.ComputePlatformLambda})
			return err
		}
		elsewhere := caller.With(ctx, caller.Caller{Partition: "aws", Account: "111111111111", Region: "us-east-1"})
		if out, err := f.ListApplications(elsewhere, &codedeploy.ListApplicationsInput{}); err != nil || out.Applications == nil || len(out.Applications) != 0 {
			t.Errorf("an account without applications must have an empty list: %+v, %v", out, err)
		}
		refused(t, create(ctx, "app"), "ApplicationAlreadyExistsException")
		refused(t, create(ctx, "a/b"), "InvalidApplicationNameException")
		refused(t, create(ctx, ""), "ApplicationNameRequiredException")
		for i := range 103 {
			f.ok(create(ctx, fmt.Sprintf("b%03d", i)))
		}
		var names []string
		for in := (&codedeploy.ListApplicationsInput{}); ; {
			out, err := f.ListApplications(ctx, in)
			f.ok(err)
			names = append(names, out.Applications...)
			if in.NextToken = out.NextToken; in.NextToken == nil {
				break
			}
		}
		if len(names) != 104 || !slices.IsSorted(names) {
			t.Errorf("%d names", len(names))
		}
		_, err := f.ListApplications(ctx, &codedeploy.ListApplicationsInput{NextToken: aws.String("x")})
		refused(t, err, "InvalidNextTokenException")
		// Another region and another account see nothing of it.
		for _, c := range []caller.Caller{{Region: "eu-west-1"}, {Account: "111111111111"}} {
			out, err := f.ListApplications(caller.With(ctx, c), &codedeploy.ListApplicationsInput{})
			if err != nil || len(out.Applications) != 0 {
				t.Errorf("%+v sees %v, %v", c, out, err)
			}
		}
		id := f.deploy(spec())
		rename := func(from, to string) error {
			_, err := f.UpdateApplication(ctx, &codedeploy.UpdateApplicationInput{ApplicationName: &from, NewApplicationName: &to})
			return err
		}
		refused(t, rename("app", "b001"), "ApplicationAlreadyExistsException")
		refused(t, rename("nope", "x"), "ApplicationDoesNotExistException")
		f.ok(rename("app", "renamed"))
		if got := *f.get(id).ApplicationName; got != "renamed" {
			t.Errorf("the deployment's application is %s", got)
		}
		list, err := f.ListDeployments(ctx, &codedeploy.ListDeploymentsInput{ApplicationName: aws.String("renamed"), DeploymentGroupName: aws.String("group")})
		if err != nil || !slices.Equal(list.Deployments, []string{id}) {
			t.Errorf("%v %v", list, err)
		}
		for range 2 { // the second time there is nothing to delete
			_, err = f.DeleteApplication(ctx, &codedeploy.DeleteApplicationInput{ApplicationName: aws.String("renamed")})
			f.ok(err)
		}
		_, err = f.GetApplication(ctx, &codedeploy.GetApplicationInput{ApplicationName: aws.String("renamed")})
		refused(t, err, "ApplicationDoesNotExistException")
		// The deployment goes on to its end all the same.
		f.untilShare(10)
		f.clock.Advance(10 * time.Minute)
		f.untilStatus(id, types.DeploymentStatusSucceeded)
		f.done()
	})
}

func TestGroups(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f, ctx := newFixture(t, d), t.Context()
		base := func() *codedeploy.CreateDeploymentGroupInput {
			return &codedeploy.CreateDeploymentGroupInput{ApplicationName: aws.String("app"), DeploymentGroupName: aws.String("two"),
				ServiceRoleArn: aws.String("arn:aws:iam::000000000000:role/r")}
		}
		for code, change := range map[string]func(*codedeploy.CreateDeploymentGroupInput){
			"RoleRequiredException": func(in *codedeploy.CreateDeploymentGroupInput) { in.ServiceRoleArn = nil },
			"InvalidRoleException":  func(in *codedeploy.CreateDeploymentGroupInput) { in.ServiceRoleArn = aws.String("role") },
			"InvalidAlarmConfigException": func(in *codedeploy.CreateDeploymentGroupInput) {
				in.AlarmConfiguration = &types.AlarmConfiguration{Alarms: []types.Alarm{{Name: aws.String("a")}, {Name: aws.String("a")}}}
			},
			"InvalidAutoRollbackConfigException": func(in *codedeploy.CreateDeploymentGroupInput) {
				in.AutoRollbackConfiguration = &types.AutoRollbackConfiguration{Enabled: true, Events: []types.AutoRollbackEvent{"X"}}
			},
			"InvalidTriggerConfigException": func(in *codedeploy.CreateDeploymentGroupInput) {
				in.TriggerConfigurations = []types.TriggerConfig{{TriggerName: aws.String("t"), TriggerEvents: []types.TriggerEventType{"DeploymentStart"}}}
			},
			"TriggerTargetsLimitExceededException": func(in *codedeploy.CreateDeploymentGroupInput) {
				in.TriggerConfigurations = make([]types.TriggerConfig, 11)
			},
			"InvalidDeploymentStyleException": func(in *codedeploy.CreateDeploymentGroupInput) {
				in.DeploymentStyle = &types.DeploymentStyle{DeploymentType: types.DeploymentTypeInPlace}
			},
			"InvalidDeploymentConfigNameException": func(in *codedeploy.CreateDeploymentGroupInput) {
				in.DeploymentConfigName = aws.String("CodeDeployDefault.ECSAllAtOnce")
			},
			"InvalidInputException":                 func(in *codedeploy.CreateDeploymentGroupInput) { in.AutoScalingGroups = []string{"asg"} },
			"DeploymentGroupAlreadyExistsException": func(in *codedeploy.CreateDeploymentGroupInput) { in.DeploymentGroupName = aws.String("group") },
			"ApplicationDoesNotExistException":      func(in *codedeploy.CreateDeploymentGroupInput) { in.ApplicationName = aws.String("nope") },
			"InvalidDeploymentGroupNameException":   func(in *codedeploy.CreateDeploymentGroupInput) { in.DeploymentGroupName = aws.String("a b") },
			"DeploymentGroupNameRequiredException":  func(in *codedeploy.CreateDeploymentGroupInput) { in.DeploymentGroupName = nil },
			"DeploymentConfigDoesNotExistException": func(in *codedeploy.CreateDeploymentGroupInput) { in.DeploymentConfigName = aws.String("mine") },
		} {
			in := base()
			change(in)
			_, err := f.CreateDeploymentGroup(ctx, in)
			refused(t, err, code)
		}
		_, err := f.CreateDeploymentGroup(ctx, base())
		f.ok(err)
		// Without a configuration there is nothing to deploy with (FACTS trap 15).
		_, err = f.CreateDeployment(ctx, &codedeploy.CreateDeploymentInput{ApplicationName: aws.String("app"), DeploymentGroupName: aws.String("two"), Revision: inline(spec())})
		refused(t, err, "InvalidDeploymentConfigNameException")

		update := &codedeploy.UpdateDeploymentGroupInput{ApplicationName: aws.String("app"), CurrentDeploymentGroupName: aws.String("two"), NewDeploymentGroupName: aws.String("group")}
		_, err = f.UpdateDeploymentGroup(ctx, update)
		refused(t, err, "DeploymentGroupAlreadyExistsException")
		update.NewDeploymentGroupName, update.DeploymentConfigName = aws.String("three"), aws.String("CodeDeployDefault.LambdaAllAtOnce")
		_, err = f.UpdateDeploymentGroup(ctx, update)
		f.ok(err)
		list, err := f.ListDeploymentGroups(ctx, &codedeploy.ListDeploymentGroupsInput{ApplicationName: aws.String("app")})
		if err != nil || !slices.Equal(list.DeploymentGroups, []string{"group", "three"}) {
			t.Errorf("%v %v", list, err)
		}
		get := func() types.DeploymentGroupInfo {
			out, err := f.GetDeploymentGroup(ctx, &codedeploy.GetDeploymentGroupInput{ApplicationName: aws.String("app"), DeploymentGroupName: aws.String("three")})
			f.ok(err)
			return *out.DeploymentGroupInfo
		}
		if g := get(); g.LastAttemptedDeployment != nil || g.TargetRevision != nil || *g.DeploymentConfigName != "CodeDeployDefault.LambdaAllAtOnce" ||
			g.DeploymentStyle.DeploymentType != types.DeploymentTypeBlueGreen || *g.ServiceRoleArn != "arn:aws:iam::000000000000:role/r" {
			t.Errorf("%s", encode(g))
		}
		three := func(in *codedeploy.CreateDeploymentInput) { in.DeploymentGroupName = aws.String("three") }
		good := f.deploy(spec(), three)
		f.untilStatus(good, types.DeploymentStatusSucceeded)
		f.clock.Advance(time.Second)
		bad := f.deploy(spec(), three) // the alias is at version 2 by now
		f.untilStatus(bad, types.DeploymentStatusFailed)
		g := get()
		if *g.LastAttemptedDeployment.DeploymentId != bad || *g.LastSuccessfulDeployment.DeploymentId != good ||
			g.LastAttemptedDeployment.Status != types.DeploymentStatusFailed || *g.TargetRevision.AppSpecContent.Content != spec() {
			t.Errorf("%s", encode(g))
		}
		if p := f.get(bad).PreviousRevision; p == nil || *p.AppSpecContent.Content != spec() {
			t.Errorf("previousRevision %s", encode(p))
		}
		batch, err := f.BatchGetDeploymentGroups(ctx, &codedeploy.BatchGetDeploymentGroupsInput{ApplicationName: aws.String("app"), DeploymentGroupNames: []string{"group", "x"}})
		if err != nil || len(batch.DeploymentGroupsInfo) != 1 || !strings.Contains(aws.ToString(batch.ErrorMessage), "x") {
			t.Errorf("%v %v", batch, err)
		}
		_, err = f.DeleteDeploymentGroup(ctx, &codedeploy.DeleteDeploymentGroupInput{ApplicationName: aws.String("app"), DeploymentGroupName: aws.String("three")})
		f.ok(err)
		_, err = f.GetDeploymentGroup(ctx, &codedeploy.GetDeploymentGroupInput{ApplicationName: aws.String("app"), DeploymentGroupName: aws.String("three")})
		refused(t, err, "DeploymentGroupDoesNotExistException")
	})
}

func TestConfigs(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f, ctx := newFixture(t, d), t.Context()
		list, err := f.ListDeploymentConfigs(ctx, &codedeploy.ListDeploymentConfigsInput{})
		if err != nil || len(list.DeploymentConfigsList) != 17 || !slices.Contains(list.DeploymentConfigsList, "CodeDeployDefault.LambdaLinear10PercentEvery1Minute") {
			t.Errorf("%v %v", list, err)
		}
		canary := func(percent, interval int32) *types.TrafficRoutingConfig {
			return &types.TrafficRoutingConfig{Type: types.TrafficRoutingTypeTimeBasedCanary, TimeBasedCanary: &types.TimeBasedCanary{CanaryPercentage: percent, CanaryInterval: interval}}
		}
		create := func(name string, r *types.TrafficRoutingConfig) error {
			_, err := f.CreateDeploymentConfig(ctx, &codedeploy.CreateDeploymentConfigInput{DeploymentConfigName: &name, ComputePlatform: types.ComputePlatformLambda, TrafficRoutingConfig: r})
			return err
		}
		for _, r := range []*types.TrafficRoutingConfig{nil, canary(0, 1), canary(100, 1), canary(10, 0), canary(10, 2881), {Type: "Random"},
			{Type: types.TrafficRoutingTypeTimeBasedLinear}, {Type: types.TrafficRoutingTypeAllAtOnce, TimeBasedCanary: &types.TimeBasedCanary{}}} {
			refused(t, create("mine", r), "InvalidTrafficRoutingConfigurationException")
		}
		refused(t, create("CodeDeployDefault.Mine", canary(10, 5)), "InvalidDeploymentConfigNameException")
		refused(t, create(strings.Repeat("x", 101), canary(10, 5)), "InvalidDeploymentConfigNameException")
		f.ok(create("mine", canary(25, 7)))
		refused(t, create("mine", canary(25, 7)), "DeploymentConfigAlreadyExistsException")
		got, err := f.GetDeploymentConfig(ctx, &codedeploy.GetDeploymentConfigInput{DeploymentConfigName: aws.String("mine")})
		if err != nil || got.DeploymentConfigInfo.TrafficRoutingConfig.TimeBasedCanary.CanaryPercentage != 25 || got.DeploymentConfigInfo.CreateTime == nil {
			t.Errorf("%v %v", got, err)
		}
		id := f.deploy(spec(), func(in *codedeploy.CreateDeploymentInput) { in.DeploymentConfigName = aws.String("mine") })
		f.untilShare(25)
		f.clock.Advance(7 * time.Minute)
		f.untilStatus(id, types.DeploymentStatusSucceeded)
		_, err = f.UpdateDeploymentGroup(ctx, &codedeploy.UpdateDeploymentGroupInput{ApplicationName: aws.String("app"), CurrentDeploymentGroupName: aws.String("group"), DeploymentConfigName: aws.String("mine")})
		f.ok(err)
		remove := func(name string) error {
			_, err := f.DeleteDeploymentConfig(ctx, &codedeploy.DeleteDeploymentConfigInput{DeploymentConfigName: &name})
			return err
		}
		refused(t, remove("mine"), "DeploymentConfigInUseException")
		refused(t, remove("CodeDeployDefault.LambdaAllAtOnce"), "InvalidOperationException")
		_, err = f.DeleteDeploymentGroup(ctx, &codedeploy.DeleteDeploymentGroupInput{ApplicationName: aws.String("app"), DeploymentGroupName: aws.String("group")})
		f.ok(err)
		f.ok(remove("mine"))
		_, err = f.GetDeploymentConfig(ctx, &codedeploy.GetDeploymentConfigInput{DeploymentConfigName: aws.String("mine")})
		refused(t, err, "DeploymentConfigDoesNotExistException")
	})
}

func TestRevisions(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f, ctx := newFixture(t, d), t.Context()
		object := func(key string) *types.RevisionLocation {
			return &types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3,
				S3Location: &types.S3Location{Bucket: aws.String("b"), Key: &key, BundleType: types.BundleTypeYaml}}
		}
		for _, key := range []string{"x/1", "x/2", "y/1"} {
			_, err := f.RegisterApplicationRevision(ctx, &codedeploy.RegisterApplicationRevisionInput{ApplicationName: aws.String("app"), Revision: object(key), Description: &key})
			f.ok(err)
			f.clock.Advance(time.Second)
		}
		_, err := f.RegisterApplicationRevision(ctx, &codedeploy.RegisterApplicationRevisionInput{ApplicationName: aws.String("app"), Revision: inline("nonsense")})
		refused(t, err, "InvalidRevisionException")
		f.untilStatus(f.deploy(spec(), config("AllAtOnce")), types.DeploymentStatusSucceeded)

		list := func(in codedeploy.ListApplicationRevisionsInput) (keys []string) {
			in.ApplicationName = aws.String("app")
			out, err := f.ListApplicationRevisions(ctx, &in)
			f.ok(err)
			for _, r := range out.Revisions {
				if r.S3Location != nil {
					keys = append(keys, *r.S3Location.Key)
				} else {
					keys = append(keys, "inline")
				}
			}
			return keys
		}
		for _, c := range []struct {
			in   codedeploy.ListApplicationRevisionsInput
			want []string
		}{
			{codedeploy.ListApplicationRevisionsInput{SortBy: "registerTime"}, []string{"x/1", "x/2", "y/1", "inline"}},
			{codedeploy.ListApplicationRevisionsInput{SortBy: "registerTime", SortOrder: "descending"}, []string{"inline", "y/1", "x/2", "x/1"}},
			{codedeploy.ListApplicationRevisionsInput{SortBy: "registerTime", S3Bucket: aws.String("b"), S3KeyPrefix: aws.String("x/")}, []string{"x/1", "x/2"}},
			{codedeploy.ListApplicationRevisionsInput{Deployed: "include"}, []string{"inline"}},
			{codedeploy.ListApplicationRevisionsInput{Deployed: "exclude", SortBy: "registerTime"}, []string{"x/1", "x/2", "y/1"}},
		} {
			if got := list(c.in); !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", encode(c.in), got, c.want)
			}
		}
		got, err := f.GetApplicationRevision(ctx, &codedeploy.GetApplicationRevisionInput{ApplicationName: aws.String("app"), Revision: inline(spec())})
		if err != nil || !slices.Equal(got.RevisionInfo.DeploymentGroups, []string{"group"}) || got.RevisionInfo.FirstUsedTime == nil {
			t.Errorf("%v %v", got, err)
		}
		_, err = f.GetApplicationRevision(ctx, &codedeploy.GetApplicationRevisionInput{ApplicationName: aws.String("app"), Revision: object("z")})
		refused(t, err, "RevisionDoesNotExistException")
		batch, err := f.BatchGetApplicationRevisions(ctx, &codedeploy.BatchGetApplicationRevisionsInput{ApplicationName: aws.String("app"),
			Revisions: []types.RevisionLocation{*object("x/1"), *object("z")}})
		if err != nil || len(batch.Revisions) != 1 || *batch.Revisions[0].GenericRevisionInfo.Description != "x/1" || batch.ErrorMessage == nil {
			t.Errorf("%v %v", batch, err)
		}
	})
}

func TestTags(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f, ctx := newFixture(t, d), t.Context()
		for _, arn := range []string{"arn:aws:codedeploy:us-east-1:000000000000:application:app", "arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:app/group"} {
			_, err := f.TagResource(ctx, &codedeploy.TagResourceInput{ResourceArn: &arn, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("b")}}})
			f.ok(err)
			_, err = f.UntagResource(ctx, &codedeploy.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"b", "c"}})
			f.ok(err)
			out, err := f.ListTagsForResource(ctx, &codedeploy.ListTagsForResourceInput{ResourceArn: &arn})
			if err != nil || len(out.Tags) != 1 || *out.Tags[0].Key != "a" || *out.Tags[0].Value != "1" {
				t.Errorf("%v %v", out, err)
			}
		}
		for arn, code := range map[string]string{"": "ResourceArnRequiredException", "x": "InvalidArnException",
			"arn:aws:codedeploy:us-east-1:000000000000:deploymentconfig:x":       "ArnNotSupportedException",
			"arn:aws:codedeploy:us-east-1:000000000000:application:nope":         "ApplicationDoesNotExistException",
			"arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:app/nope": "DeploymentGroupDoesNotExistException"} {
			_, err := f.ListTagsForResource(ctx, &codedeploy.ListTagsForResourceInput{ResourceArn: &arn})
			refused(t, err, code)
		}
	})
}

func TestListDeployments(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f, ctx := newFixture(t, d), t.Context()
		var ids []string // newest first
		for range 103 {
			id := f.deploy(strings.Replace(spec(), `"CurrentVersion":"1"`, `"CurrentVersion":"3"`, 1)) // fails at once
			f.untilStatus(id, types.DeploymentStatusFailed)
			ids = slices.Insert(ids, 0, id)
			f.clock.Advance(time.Second)
		}
		running := f.deploy(spec())
		f.untilStatus(running, types.DeploymentStatusInProgress)
		list := func(in codedeploy.ListDeploymentsInput) (all []string) {
			for {
				out, err := f.ListDeployments(ctx, &in)
				f.ok(err)
				all = append(all, out.Deployments...)
				if in.NextToken = out.NextToken; in.NextToken == nil {
					return all
				}
			}
		}
		at := func(s int) *time.Time { return aws.Time(epoch.Add(time.Duration(s) * time.Second)) }
		for _, c := range []struct {
			in   codedeploy.ListDeploymentsInput
			want []string
		}{
			{codedeploy.ListDeploymentsInput{}, append([]string{running}, ids...)},
			{codedeploy.ListDeploymentsInput{ApplicationName: aws.String("app"), DeploymentGroupName: aws.String("group")}, append([]string{running}, ids...)},
			{codedeploy.ListDeploymentsInput{IncludeOnlyStatuses: []types.DeploymentStatus{"Failed", "Stopped"}}, ids},
			{codedeploy.ListDeploymentsInput{IncludeOnlyStatuses: []types.DeploymentStatus{"InProgress"}}, []string{running}},
			{codedeploy.ListDeploymentsInput{CreateTimeRange: &types.TimeRange{Start: at(1), End: at(2)}}, ids[100:102]},
			{codedeploy.ListDeploymentsInput{ExternalId: aws.String("x")}, nil},
		} {
			if got := list(c.in); !slices.Equal(got, c.want) {
				t.Errorf("%s: %d deployments, want %d", encode(c.in), len(got), len(c.want))
			}
		}
		for code, in := range map[string]codedeploy.ListDeploymentsInput{
			"DeploymentGroupNameRequiredException": {ApplicationName: aws.String("app")},
			"ApplicationNameRequiredException":     {DeploymentGroupName: aws.String("group")},
			"InvalidDeploymentStatusException":     {IncludeOnlyStatuses: []types.DeploymentStatus{"Lost"}},
			"InvalidTimeRangeException":            {CreateTimeRange: &types.TimeRange{Start: at(2), End: at(1)}},
			"InvalidNextTokenException":            {NextToken: aws.String("%")},
		} {
			_, err := f.ListDeployments(ctx, &in)
			refused(t, err, code)
		}
		batch, err := f.BatchGetDeployments(ctx, &codedeploy.BatchGetDeploymentsInput{DeploymentIds: []string{running, "d-NOWHERE00", ids[0]}})
		if err != nil || len(batch.DeploymentsInfo) != 2 {
			t.Errorf("%v %v", batch, err)
		}
		_, err = f.BatchGetDeployments(ctx, &codedeploy.BatchGetDeploymentsInput{DeploymentIds: ids[:26]})
		refused(t, err, "BatchLimitExceededException")
		_, err = f.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: aws.String("d-NOWHERE00")})
		refused(t, err, "DeploymentDoesNotExistException")
		targets, err := f.ListDeploymentTargets(ctx, &codedeploy.ListDeploymentTargetsInput{DeploymentId: &running})
		if err != nil || !slices.Equal(targets.TargetIds, []string{"shop"}) {
			t.Errorf("%v %v", targets, err)
		}
		_, err = f.BatchGetDeploymentTargets(ctx, &codedeploy.BatchGetDeploymentTargetsInput{DeploymentId: &running, TargetIds: []string{"a", "b"}})
		refused(t, err, "DeploymentTargetListSizeExceededException")
		_, err = f.GetDeploymentTarget(ctx, &codedeploy.GetDeploymentTargetInput{DeploymentId: &running, TargetId: aws.String("a")})
		refused(t, err, "DeploymentTargetDoesNotExistException")
	})
}
