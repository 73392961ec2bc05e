package codedeploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/rollout"
)

// Names of the effects.
const (
	effectInspect  = "inspect"
	effectHook     = "invokeHook"
	effectAlias    = "setAlias"
	effectWatch    = "watch"
	effectCheck    = "check"
	effectAnnounce = "announce"
)

// How long, in platform time, an effect goes on when a peer throttles or is out of order.
const (
	patience         = 15 * time.Minute
	rollbackPatience = time.Hour // an alias that is not restored is worse than a late one
	retryAfter       = time.Second
)

// inspectArgs is what inspect has to look at.
type inspectArgs struct {
	Caller   caller.Caller     `json:"caller"`
	Spec     rollout.Spec      `json:"spec"`
	S3       *types.S3Location `json:"s3,omitempty"` // the AppSpec is there; Spec lacks it
	Deadline time.Time         `json:"deadline"`
}

// inspection is inspect's answer. With a Failure the rest says nothing.
type inspection struct {
	AppSpec *appSpec          `json:"appSpec,omitempty"`
	Alias   rollout.AliasSeen `json:"alias"`
	Alarms  alarmsSeen        `json:"alarms"`
	Failure *rollout.Failure  `json:"failure,omitempty"`
}

// inspectArgs takes the spec as it is: for a revision in S3 its function is not known yet.
func (d *deciding) inspectArgs() inspectArgs {
	a := inspectArgs{Caller: d.p.Caller, Spec: d.p.Main.Spec, Deadline: d.now.Add(patience)}
	if a.Spec.FunctionName == "" {
		a.S3 = d.p.Info.Revision.S3Location
	}
	return a
}

// into writes what an AppSpec says into a deployment's spec.
func (s *appSpec) into(plan *rollout.Spec) {
	plan.FunctionName, plan.Alias, plan.CurrentVersion, plan.TargetVersion, plan.Hooks =
		s.FunctionName, s.Alias, s.CurrentVersion, s.TargetVersion, s.Hooks
}

// inspect reads everything that a deployment depends on before it changes anything.
func (s *Service) inspect(ctx context.Context, call durable.Call) (any, error) {
	var a inspectArgs
	if err := json.Unmarshal(call.Args, &a); err != nil {
		return nil, err
	}
	ctx = caller.With(ctx, a.Caller)
	var out inspection
	if a.S3 != nil {
		spec, err := fetchAppSpec(ctx, s.peers.S3, a.S3)
		if err != nil {
			return s.inspectFailed(a, fetchFailure(err), err)
		}
		out.AppSpec = spec
		spec.into(&a.Spec)
	}
	alias, err := s.peers.Lambda.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &a.Spec.FunctionName, Name: &a.Spec.Alias})
	if err != nil {
		return s.inspectFailed(a, lambdaFailure(err, "read alias "+a.Spec.Alias+" of function "+a.Spec.FunctionName), err)
	}
	out.Alias = aliasSeen(alias.FunctionVersion, alias.RoutingConfig)
	if a.Spec.CurrentVersion == "" && out.Alias.Version == a.Spec.TargetVersion {
		out.Failure = &rollout.Failure{Code: rollout.InvalidLambdaConfiguration,
			Message: fmt.Sprintf("The alias %s of function %s points to version %s already.", a.Spec.Alias, a.Spec.FunctionName, a.Spec.TargetVersion)}
		return out, nil
	}
	if failure, err := s.targetFailure(ctx, a.Spec); failure != nil {
		return s.inspectFailed(a, *failure, err)
	}
	if a.Spec.AlarmsEnabled && len(a.Spec.Alarms) > 0 {
		out.Alarms = s.readAlarms(ctx, a.Spec.Alarms)
	}
	return out, nil
}

// inspectFailed answers with f, unless err is passing and there is time to try again.
func (s *Service) inspectFailed(a inspectArgs, f rollout.Failure, err error) (any, error) {
	if passing(err) && s.clock.Now().Before(a.Deadline) {
		return nil, durable.Retry(err, retryAfter)
	}
	return inspection{Failure: &f}, nil
}

// targetFailure tells why the version cannot take traffic. An identity that may not read the
// configuration (AWS's managed CodeDeploy role) leaves the answer to UpdateAlias.
func (s *Service) targetFailure(ctx context.Context, p rollout.Spec) (*rollout.Failure, error) {
	c, err := s.peers.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{
		FunctionName: &p.FunctionName, Qualifier: &p.TargetVersion})
	version := fmt.Sprintf("version %s of function %s", p.TargetVersion, p.FunctionName)
	if err != nil {
		f := lambdaFailure(err, "read "+version)
		if f.Code == string(types.ErrorCodeIamRolePermissions) {
			return nil, nil
		}
		return &f, err
	}
	switch c.State { // Inactive versions wake up at their first invocation
	case lambdatypes.StatePending:
		err := &lambdatypes.ResourceConflictException{Message: aws.String("The function is still being created: " + version)}
		return &rollout.Failure{Code: rollout.InvalidLambdaFunction, Message: *err.Message}, err
	case lambdatypes.StateFailed:
		return &rollout.Failure{Code: rollout.InvalidLambdaFunction,
			Message: fmt.Sprintf("The %s has failed: %s", version, aws.ToString(c.StateReason))}, nil
	}
	return nil, nil
}

// fetchFailure words why a revision could not be read from S3.
func fetchFailure(err error) rollout.Failure {
	var invalid *specError
	var api smithy.APIError
	switch {
	case errors.As(err, &invalid):
		return rollout.Failure{Code: string(types.ErrorCodeInvalidRevision), Message: invalid.Error()}
	case errors.As(err, &api):
		switch api.ErrorCode() {
		case "NoSuchKey", "NoSuchBucket", "NoSuchVersion", "NotFound":
			return rollout.Failure{Code: string(types.ErrorCodeRevisionMissing), Message: "The revision is not in S3: " + api.ErrorMessage()}
		case "PreconditionFailed":
			return rollout.Failure{Code: string(types.ErrorCodeRevisionMissing), Message: "The object in S3 no longer has the revision's ETag."}
		case "AccessDenied", "AccessDeniedException":
			return rollout.Failure{Code: string(types.ErrorCodeIamRolePermissions), Message: "The revision may not be read from S3: " + api.ErrorMessage()}
		}
	}
	return rollout.Failure{Code: string(types.ErrorCodeInternalError), Message: "The revision could not be read from S3: " + err.Error()}
}

// lambdaFailure words a Lambda peer's error as a deployment's errorInformation.
func lambdaFailure(err error, doing string) rollout.Failure {
	f := rollout.Failure{Code: string(types.ErrorCodeInternalError), Message: "Could not " + doing + ": " + err.Error()}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return f
	}
	// An API error's own text, without the SDK's prefix of operation and request id.
	f.Message = "Could not " + doing + ": " + api.ErrorMessage()
	switch {
	case api.ErrorCode() == "ResourceNotFoundException":
		f.Code = rollout.InvalidLambdaFunction
	case slices.Contains([]string{"AccessDeniedException", "AccessDenied", "UnrecognizedClientException", "ExpiredTokenException"}, api.ErrorCode()):
		f.Code = string(types.ErrorCodeIamRolePermissions)
	case api.ErrorCode() == "TooManyRequestsException" || api.ErrorCode() == "ThrottlingException":
		f.Code = string(types.ErrorCodeThrottled)
	case !passing(err):
		f.Code = rollout.InvalidLambdaConfiguration
	}
	return f
}

// passing tells whether a peer's error may be gone at the next try: throttling, an update in
// progress, a fault of the server, or no answer at all.
func passing(err error) bool {
	var api smithy.APIError
	var spec *specError
	switch {
	case err == nil || errors.As(err, &spec):
		return false
	case !errors.As(err, &api):
		return true
	}
	switch api.ErrorCode() {
	case "TooManyRequestsException", "ThrottlingException", "Throttling", "ResourceConflictException", "SlowDown", "ResourceNotReadyException":
		return true
	}
	return api.ErrorFault() == smithy.FaultServer
}
