package codedeploy

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/headgate/headgate/internal/caller"
)

// ContinueDeployment answers as it does for every Lambda deployment: there is no wait to end.
func (s *Service) ContinueDeployment(ctx context.Context, in *codedeploy.ContinueDeploymentInput, _ ...func(*codedeploy.Options)) (*codedeploy.ContinueDeploymentOutput, error) {
	return nil, s.notForLambda(ctx, in.DeploymentId, "ContinueDeployment")
}

// SkipWaitTimeForInstanceTermination answers as it does for every Lambda deployment.
func (s *Service) SkipWaitTimeForInstanceTermination(ctx context.Context, in *codedeploy.SkipWaitTimeForInstanceTerminationInput, _ ...func(*codedeploy.Options)) (*codedeploy.SkipWaitTimeForInstanceTerminationOutput, error) {
	return nil, s.notForLambda(ctx, in.DeploymentId, "SkipWaitTimeForInstanceTermination")
}

func (s *Service) notForLambda(ctx context.Context, id *string, operation string) error {
	if err := needDeploymentID(id); err != nil {
		return err
	}
	if _, err := s.readDeployment(ctx, placeOf(caller.From(ctx)), *id); err != nil {
		return err
	}
	return &types.UnsupportedActionForDeploymentTypeException{Message: text("%s does not apply to deployments on the Lambda compute platform.", operation)}
}
