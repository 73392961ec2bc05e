package codedeploy

import (
	"context"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/db"
)

// InUse names the deployments that are under way and need a function's version (its qualified ARN): the one that they shift
// traffic to, and the one that they would go back to. A rollback is a deployment too. It reads in tx.
func (s *Service) InUse(_ context.Context, tx *db.Tx, versionARN string) ([]string, error) {
	a, err := arn.Parse(versionARN)
	if err != nil {
		return nil, err
	}
	running, err := db.All(tx, scanDeployment, `SELECT `+deploymentColumns+`
		WHERE d.account = $1 AND d.region = $2 AND d.completed_at = 0 ORDER BY d.created_at, d.id`, a.Account, a.Region)
	if err != nil {
		return nil, err
	}
	var by []string
	for _, d := range running {
		spec := d.Progress.Spec
		for _, version := range []string{spec.CurrentVersion, spec.TargetVersion} {
			if "function:"+functionName(spec.FunctionName)+":"+version == a.Resource {
				by = append(by, "deployment "+spec.DeploymentID)
				break
			}
		}
	}
	return by, nil
}
