package codedeploy

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

func (f *fixture) lambdaRefuses(err error) {
	f.lambda.mu.Lock()
	defer f.lambda.mu.Unlock()
	f.lambda.refuse = err
}

var throttled = &lambdatypes.TooManyRequestsException{Message: aws.String("Rate exceeded")}

func TestThrottledShiftIsTriedAgain(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		f.lambdaRefuses(throttled)
		id := f.deploy(spec(), config("AllAtOnce"))
		f.until("alias inspected", func() bool { return f.lifecycle(id)[1] == "InProgress" })
		for range 5 {
			f.until("waits to try again", func() bool { return f.clock.Waiting() > 0 })
			f.clock.Advance(retryAfter)
		}
		f.lambdaRefuses(nil)
		f.until("tries again", func() bool { f.clock.Advance(retryAfter); return f.get(id).CompleteTime != nil })
		f.untilStatus(id, types.DeploymentStatusSucceeded)
		f.done()
	})
}

func TestShiftThatLambdaRefusesForGood(t *testing.T) {
	for want, err := range map[types.ErrorCode]error{
		types.ErrorCodeInvalidLambdaConfiguration: &lambdatypes.InvalidParameterValueException{Message: aws.String("no")},
		types.ErrorCodeInvalidLambdaFunction:      &lambdatypes.ResourceNotFoundException{Message: aws.String("gone")},
		types.ErrorCodeThrottled:                  throttled,
	} {
		t.Run(string(want), func(t *testing.T) {
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				f := newFixture(t, d)
				f.lambdaRefuses(err)
				id := f.deploy(spec())
				f.until("the deployment ends", func() bool { f.clock.Advance(retryAfter); return f.get(id).CompleteTime != nil })
				info := f.get(id)
				if info.Status != types.DeploymentStatusFailed || info.ErrorInformation.Code != want {
					t.Errorf("%s: %s", info.Status, encode(info.ErrorInformation))
				}
				f.untilRolledBack(id) // the alias is where it should be, so no update is needed
				f.done()
			})
		})
	}
}

// An alarm while a shift cannot be done: the shift is given up, not done later.
func TestAlarmWhileAShiftIsUnderWay(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		id := f.deploy(spec())
		f.untilShare(10)
		f.lambdaRefuses(throttled)
		f.clock.Advance(10 * time.Minute)
		f.until("shift decided", func() bool {
			row, err := f.readDeployment(t.Context(), place{"000000000000", "us-east-1"}, id)
			return err == nil && row.Progress.Shifts == 2
		})
		f.alarm("errors")
		f.until("the deployment ends", func() bool { f.clock.Advance(retryAfter); return f.get(id).CompleteTime != nil })
		f.lambdaRefuses(nil)
		f.until("the rollback ends", func() bool {
			f.clock.Advance(retryAfter)
			return f.get(*f.get(id).RollbackInfo.RollbackDeploymentId).CompleteTime != nil
		})
		f.untilRolledBack(id)
		f.done()
		for _, s := range f.lambda.shifts() {
			if s.share("2") > 10 {
				t.Errorf("version 2 got %d %%", s.share("2"))
			}
		}
	})
}

func TestRollbackCanBeStopped(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		id := f.deploy(spec())
		f.untilShare(10)
		f.lambdaRefuses(throttled)
		f.alarm("errors")
		back := *f.untilStatus(id, types.DeploymentStatusStopped).RollbackInfo.RollbackDeploymentId
		_, err := f.StopDeployment(t.Context(), &codedeploy.StopDeploymentInput{DeploymentId: &back})
		f.ok(err)
		f.until("the rollback ends", func() bool { f.clock.Advance(retryAfter); return f.get(back).CompleteTime != nil })
		if info := f.get(back); info.Status != types.DeploymentStatusStopped || info.RollbackInfo.RollbackDeploymentId != nil {
			t.Errorf("%s %s", info.Status, encode(info.RollbackInfo))
		}
		f.done()
	})
}

func TestCloudWatchOutOfOrderStopsTheDeployment(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		id := f.deploy(spec())
		f.untilShare(10)
		f.cw.mu.Lock()
		f.cw.err = errors.New("no route to host")
		f.cw.mu.Unlock()
		f.until("the deployment ends", func() bool { f.clock.Advance(retryAfter / 50); return f.get(id).CompleteTime != nil })
		if info := f.get(id); info.Status != types.DeploymentStatusStopped || info.ErrorInformation.Code != types.ErrorCodeAlarmActive {
			t.Errorf("%s %s", info.Status, encode(info.ErrorInformation))
		}
		f.untilRolledBack(id)
		f.done()
	})
}

// On a fast clock a second of platform time is nothing: an outage is measured in real time too.
func TestAStoreThatIsAwayForAMomentStopsNoDeployment(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	f := newFixture(t, d)
	id := f.deploy(spec())
	f.untilShare(10)
	f.cw.mu.Lock()
	f.cw.err = errors.New("away")
	f.cw.mu.Unlock()
	for began := time.Now(); time.Since(began) < time.Second; time.Sleep(time.Millisecond) {
		f.clock.Advance(retryAfter / 8)
	}
	f.cw.mu.Lock()
	f.cw.err = nil
	f.cw.mu.Unlock()
	f.until("the deployment ends", func() bool { f.clock.Advance(retryAfter); return f.get(id).CompleteTime != nil })
	f.untilStatus(id, types.DeploymentStatusSucceeded)
}

// A stop, or an alarm, that comes before the alias was looked at must not lead to a rollback: it
// would set an alias of which nothing is known.
func TestStopBeforeTheAliasIsKnown(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		f.peers.S3 = stuckS3{}
		id := f.deploy("", func(in *codedeploy.CreateDeploymentInput) {
			in.Revision = &types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3,
				S3Location: &types.S3Location{Bucket: aws.String("b"), Key: aws.String("k"), BundleType: types.BundleTypeYaml}}
		})
		f.untilStatus(id, types.DeploymentStatusInProgress)
		f.alarm("errors")
		_, err := f.StopDeployment(t.Context(), &codedeploy.StopDeploymentInput{DeploymentId: &id, AutoRollbackEnabled: aws.Bool(true)})
		f.ok(err)
		if info := f.untilStatus(id, types.DeploymentStatusStopped); info.RollbackInfo.RollbackDeploymentId != nil || info.DeploymentOverview.Skipped != 1 {
			t.Errorf("%s %s", encode(info.RollbackInfo), encode(info.DeploymentOverview))
		}
		f.done()
	})
}

func TestOperationsOfOtherPlatforms(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		id := f.deploy(spec())
		_, err := f.ContinueDeployment(t.Context(), &codedeploy.ContinueDeploymentInput{DeploymentId: &id})
		refused(t, err, "UnsupportedActionForDeploymentTypeException")
		_, err = f.ContinueDeployment(t.Context(), &codedeploy.ContinueDeploymentInput{DeploymentId: aws.String("d-NOWHERE00")})
		refused(t, err, "DeploymentDoesNotExistException")
	})
}

// stuckS3 answers nothing until the asker gives up.
type stuckS3 struct{ S3 }

func (stuckS3) GetObject(ctx context.Context, _ *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
