package cloudwatch

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
)

func invalid(format string, args ...any) error {
	return &types.InvalidParameterValueException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func conflicting(format string, args ...any) error {
	return &types.InvalidParameterCombinationException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func missing(parameter string) error {
	return &types.MissingRequiredParameterException{Message: aws.String("The parameter " + parameter + " is required.")}
}

// validation is the code that PutMetricAlarm and GetMetricData use for what is wrong in itself.
func validation(format string, args ...any) error {
	return &smithy.GenericAPIError{Code: "ValidationError", Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}

func badToken() error {
	return &types.InvalidNextToken{Message: aws.String("The service cannot process the request because the token is invalid.")}
}

func noAlarm(name string) error {
	return &types.ResourceNotFound{Message: aws.String("Alarm " + name + " does not exist")}
}
