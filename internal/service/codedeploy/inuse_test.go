package codedeploy

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

func (f *fixture) inUse(version string) (by []string) {
	f.Helper()
	f.ok(f.db.View(f.Context(), func(tx *db.Tx) (err error) {
		by, err = f.InUse(f.Context(), tx, "arn:aws:lambda:us-east-1:000000000000:function:"+version)
		return err
	}))
	return by
}

func TestVersionsOfARolloutAreInUseUntilItHasEnded(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		if by := f.inUse("shop:1"); by != nil {
			t.Errorf("before: %v", by)
		}
		id := f.deploy(spec())
		f.untilShare(10)
		for version, want := range map[string][]string{"shop:1": {"deployment " + id}, "shop:2": {"deployment " + id}, "shop:3": nil, "shopping:1": nil, "shop:12": nil} {
			if by := f.inUse(version); !slices.Equal(by, want) {
				t.Errorf("%s: %v", version, by)
			}
		}
		_, err := f.StopDeployment(f.Context(), &codedeploy.StopDeploymentInput{DeploymentId: &id})
		f.ok(err)
		f.untilStatus(id, types.DeploymentStatusStopped)
		f.untilRolledBack(id)
		for _, version := range []string{"shop:1", "shop:2"} {
			if by := f.inUse(version); by != nil {
				t.Errorf("afterwards %s: %v", version, by)
			}
		}
	})
}
