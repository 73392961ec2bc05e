package codedeploy

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

func TestOneDeploymentAGroup(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		const clients = 12
		var mu sync.Mutex
		var ids []string
		var refused []error
		var wg sync.WaitGroup
		for range clients {
			wg.Go(func() {
				out, err := f.CreateDeployment(t.Context(), &codedeploy.CreateDeploymentInput{
					ApplicationName: aws.String("app"), DeploymentGroupName: aws.String("group"), Revision: inline(spec())})
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					refused = append(refused, err)
				} else {
					ids = append(ids, *out.DeploymentId)
				}
			})
		}
		wg.Wait()
		if len(ids) != 1 {
			t.Fatalf("%d deployments began at once, %v", len(ids), refused)
		}
		for _, err := range refused {
			var limit *types.DeploymentLimitExceededException
			if !errors.As(err, &limit) || !strings.Contains(err.Error(), ids[0]) {
				t.Errorf("refused with %v", err)
			}
		}
		f.untilShare(10)
		f.clock.Advance(10 * time.Minute)
		f.untilStatus(ids[0], types.DeploymentStatusSucceeded)
		f.done()
	})
}

// While a deployment is rolled back its group is not free.
func TestRollbackHoldsTheGroup(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		id := f.deploy(spec())
		f.untilShare(10)
		f.lambda.mu.Lock()
		f.lambda.refuse = &smithy.GenericAPIError{Code: "ServiceException", Message: "out of order", Fault: smithy.FaultServer}
		f.lambda.mu.Unlock()
		f.alarm("errors")
		info := f.untilStatus(id, types.DeploymentStatusStopped)
		_, err := f.CreateDeployment(t.Context(), &codedeploy.CreateDeploymentInput{
			ApplicationName: aws.String("app"), DeploymentGroupName: aws.String("group"), Revision: inline(spec())})
		var limit *types.DeploymentLimitExceededException
		if !errors.As(err, &limit) || !strings.Contains(err.Error(), *info.RollbackInfo.RollbackDeploymentId) {
			t.Error(err)
		}
		f.lambda.mu.Lock()
		f.lambda.refuse = nil
		f.lambda.mu.Unlock()
		f.until("rollback tries again", func() bool {
			f.clock.Advance(retryAfter)
			return f.get(*info.RollbackInfo.RollbackDeploymentId).CompleteTime != nil
		})
		f.untilRolledBack(id)
		f.done()
	})
}

func TestCreateDeploymentRefuses(t *testing.T) {
	cases := []struct {
		name, code string
		change     func(*codedeploy.CreateDeploymentInput)
	}{
		{"no application", "ApplicationNameRequiredException", func(in *codedeploy.CreateDeploymentInput) { in.ApplicationName = nil }},
		{"unknown application", "ApplicationDoesNotExistException", func(in *codedeploy.CreateDeploymentInput) { in.ApplicationName = aws.String("x") }},
		{"no group", "DeploymentGroupNameRequiredException", func(in *codedeploy.CreateDeploymentInput) { in.DeploymentGroupName = nil }},
		{"unknown group", "DeploymentGroupDoesNotExistException", func(in *codedeploy.CreateDeploymentInput) { in.DeploymentGroupName = aws.String("x") }},
		{"unknown configuration", "DeploymentConfigDoesNotExistException", func(in *codedeploy.CreateDeploymentInput) { in.DeploymentConfigName = aws.String("x") }},
		{"configuration of servers", "InvalidDeploymentConfigNameException", func(in *codedeploy.CreateDeploymentInput) {
			in.DeploymentConfigName = aws.String("CodeDeployDefault.OneAtATime")
		}},
		{"no revision", "RevisionRequiredException", func(in *codedeploy.CreateDeploymentInput) { in.Revision = nil }},
		{"wrong sha256", "InvalidRevisionException", func(in *codedeploy.CreateDeploymentInput) {
			in.Revision.AppSpecContent.Sha256 = aws.String(strings.Repeat("0", 64))
		}},
		{"GitHub", "InvalidRevisionException", func(in *codedeploy.CreateDeploymentInput) {
			in.Revision = &types.RevisionLocation{RevisionType: types.RevisionLocationTypeGitHub}
		}},
		{"long description", "DescriptionTooLongException", func(in *codedeploy.CreateDeploymentInput) { in.Description = aws.String(strings.Repeat("x", 257)) }},
		{"alarms enabled without any", "InvalidAlarmConfigException", func(in *codedeploy.CreateDeploymentInput) {
			in.OverrideAlarmConfiguration = &types.AlarmConfiguration{Enabled: true}
		}},
		{"too many alarms", "AlarmsLimitExceededException", func(in *codedeploy.CreateDeploymentInput) {
			in.OverrideAlarmConfiguration = &types.AlarmConfiguration{Alarms: make([]types.Alarm, 11)}
		}},
		{"rollback without events", "InvalidAutoRollbackConfigException", func(in *codedeploy.CreateDeploymentInput) {
			in.AutoRollbackConfiguration = &types.AutoRollbackConfiguration{Enabled: true}
		}},
		{"ignored stop failures", "InvalidIgnoreApplicationStopFailuresValueException", func(in *codedeploy.CreateDeploymentInput) { in.IgnoreApplicationStopFailures = true }},
	}
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				in := &codedeploy.CreateDeploymentInput{ApplicationName: aws.String("app"), DeploymentGroupName: aws.String("group"), Revision: inline(spec())}
				c.change(in)
				_, err := f.CreateDeployment(t.Context(), in)
				var api smithy.APIError
				if !errors.As(err, &api) || api.ErrorCode() != c.code || api.ErrorMessage() == "" {
					t.Error(err)
				}
			})
		}
		out, err := f.ListDeployments(t.Context(), &codedeploy.ListDeploymentsInput{})
		if err != nil || len(out.Deployments) > 0 {
			t.Errorf("refused requests left deployments: %v %v", out, err)
		}
		f.done()
	})
}

func TestDeploymentThatCannotBegin(t *testing.T) {
	replace := func(old, new string) string { return strings.Replace(spec(), old, new, 1) }
	cases := []struct{ name, content, code, text string }{
		{"wrong current version", replace(`"CurrentVersion":"1"`, `"CurrentVersion":"3"`), "INVALID_LAMBDA_CONFIGURATION", "does not match the current version"},
		{"no such function", replace(`"Name":"shop"`, `"Name":"shoe"`), "INVALID_LAMBDA_FUNCTION", "not found"},
		{"no such target version", replace(`"TargetVersion":"2"`, `"TargetVersion":"9"`), "INVALID_LAMBDA_FUNCTION", "not found"},
		{"nothing to do", replace(`"CurrentVersion":"1","Name":"shop","TargetVersion":"2"`, `"Name":"shop","TargetVersion":"1"`), "INVALID_LAMBDA_CONFIGURATION", "already"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				f := newFixture(t, d)
				info := f.untilStatus(f.deploy(c.content), types.DeploymentStatusFailed)
				if e := info.ErrorInformation; string(e.Code) != c.code || !strings.Contains(*e.Message, c.text) {
					t.Errorf("%s: %s", e.Code, *e.Message)
				}
				f.done()
				if len(f.lambda.shifts()) > 0 || info.RollbackInfo.RollbackDeploymentId != nil {
					t.Error("a deployment that never began changed the alias")
				}
			})
		})
	}
}

func TestRevisionInS3(t *testing.T) {
	yaml := "version: 0.0\nResources:\n  - shop:\n      Type: AWS::Lambda::Function\n      Properties: {name: shop, alias: live, currentversion: 1, targetVersion: 2}\n"
	var zipped, tarred, tgz bytes.Buffer
	z, tw, g := zip.NewWriter(&zipped), tar.NewWriter(&tarred), gzip.NewWriter(&tgz)
	must := func(_ any, err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	w, err := z.Create("appspec.yml")
	must(w, err)
	must(w.Write([]byte(yaml)))
	must(nil, z.Close())
	must(nil, tw.WriteHeader(&tar.Header{Name: "./appspec.yml", Mode: 0o600, Size: int64(len(yaml)), Typeflag: tar.TypeReg}))
	must(tw.Write([]byte(yaml)))
	must(nil, tw.Close())
	must(g.Write(tarred.Bytes()))
	must(nil, g.Close())
	cases := []struct {
		name   string
		bundle types.BundleType
		body   []byte
		code   string
	}{
		{"yaml", types.BundleTypeYaml, []byte(yaml), ""},
		{"json", types.BundleTypeJson, []byte(spec()), ""},
		{"zip", types.BundleTypeZip, zipped.Bytes(), ""},
		{"tar", types.BundleTypeTar, tarred.Bytes(), ""},
		{"tgz", types.BundleTypeTarGZip, tgz.Bytes(), ""},
		{"a zip that is none", types.BundleTypeZip, []byte("hello"), "INVALID_REVISION"},
		{"no AppSpec", types.BundleTypeYaml, []byte("hello"), "INVALID_REVISION"},
		{"missing", types.BundleTypeYaml, nil, "REVISION_MISSING"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				f := newFixture(t, d)
				if c.body != nil {
					f.s3["bucket/key"] = c.body
				}
				id := f.deploy("", config("AllAtOnce"), func(in *codedeploy.CreateDeploymentInput) {
					in.Revision = &types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3,
						S3Location: &types.S3Location{Bucket: aws.String("bucket"), Key: aws.String("key"), BundleType: c.bundle}}
				})
				if c.code == "" {
					f.untilStatus(id, types.DeploymentStatusSucceeded)
					f.untilShare(100)
				} else if info := f.untilStatus(id, types.DeploymentStatusFailed); string(info.ErrorInformation.Code) != c.code {
					t.Errorf("%s: %s", info.ErrorInformation.Code, *info.ErrorInformation.Message)
				}
				f.done()
			})
		})
	}
}
