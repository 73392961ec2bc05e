package lambda

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
)

func invalid(format string, args ...any) error {
	return &types.InvalidParameterValueException{Message: text(format, args), Type: aws.String("User")}
}

func notFound(format string, args ...any) error {
	return &types.ResourceNotFoundException{Message: text(format, args), Type: aws.String("User")}
}

func conflict(format string, args ...any) error {
	return &types.ResourceConflictException{Message: text(format, args), Type: aws.String("User")}
}

func text(format string, args []any) *string { return aws.String(fmt.Sprintf(format, args...)) }

// validation is what AWS answers to a member that breaks a constraint; wire checks most before
// a handler runs, handlers check what they rely on.
func validation(value, member, constraint string) error {
	return &smithy.GenericAPIError{Code: "ValidationException", Fault: smithy.FaultClient,
		Message: fmt.Sprintf("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, constraint)}
}

func validationNull(member string) error {
	return &smithy.GenericAPIError{Code: "ValidationException", Fault: smithy.FaultClient,
		Message: "1 validation error detected: Value null at '" + member + "' failed to satisfy constraint: Member must not be null"}
}

func functionNotFound(arn string) error { return notFound("Function not found: %s", arn) }

// checkRevision is the optimistic lock that most updates offer.
func checkRevision(wanted, current *string) error {
	if wanted == nil || *wanted == "" || aws.ToString(wanted) == aws.ToString(current) {
		return nil
	}
	return &types.PreconditionFailedException{Type: aws.String("User"),
		Message: aws.String("The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id")}
}
