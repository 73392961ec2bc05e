package cloudformation

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
)

// invalid is CloudFormation's answer to most mistakes.
func invalid(format string, args ...any) error {
	return &smithy.GenericAPIError{Code: "ValidationError", Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}

// unguarded refuses protection that would not be given: a stack whose alarms nobody watches, or whose policy nobody heeds, is
// worse than none.
func unguarded(rollback *types.RollbackConfiguration, policies ...*string) error {
	if rollback != nil && len(rollback.RollbackTriggers) > 0 {
		return invalid("RollbackConfiguration is not supported: rollback triggers would not be watched. Guard the deployment of an alias by alarms instead (DeploymentPreference)")
	}
	for _, p := range policies {
		if p != nil {
			return invalid("Stack policies are not supported: the resources would not be protected")
		}
	}
	return nil
}

func alreadyExists(format string, args ...any) error {
	return &types.AlreadyExistsException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func noChangeSet(name string) error {
	return &types.ChangeSetNotFoundException{Message: aws.String("ChangeSet [" + name + "] does not exist")}
}

// Reasons of a change set without changes, and of an update without any. `aws cloudformation
// deploy` and `sam deploy` look for these words.
const (
	noChanges = "The submitted information didn't contain changes. Submit different information to create a change set."
	noUpdates = "No updates are to be performed."
)
