package codedeploy

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/rollout"
)

type hookArgs struct {
	Caller       caller.Caller         `json:"caller"`
	DeploymentID string                `json:"deploymentId"`
	Function     string                `json:"function"`
	Lifecycle    rollout.LifecycleName `json:"lifecycle"`
	ExecutionID  string                `json:"executionId"`
}

type hookResult struct {
	Lifecycle     rollout.LifecycleName `json:"lifecycle"`
	NotInvoked    string                `json:"notInvoked,omitempty"`    // why
	FunctionError string                `json:"functionError,omitempty"` // how it ended, if not well
	LogTail       string                `json:"logTail,omitempty"`
}

// hookEvent is what a hook gets. The names are PascalCase (FACTS trap 14, LAB).
type hookEvent struct {
	DeploymentID                  string `json:"DeploymentId"`
	LifecycleEventHookExecutionID string `json:"LifecycleEventHookExecutionId"`
}

// invokeHook runs a hook to its end. AWS invokes it asynchronously and so learns of nothing but
// the callback; a hook that crashed is noticed an hour later. Here the invocation is synchronous,
// so a function error fails the deployment at once. The callback alone makes it succeed, and it
// may come before the function ends or after.
func (s *Service) invokeHook(ctx context.Context, call durable.Call) (any, error) {
	var a hookArgs
	if err := json.Unmarshal(call.Args, &a); err != nil {
		return nil, err
	}
	out := hookResult{Lifecycle: a.Lifecycle}
	row, err := s.readDeployment(ctx, placeOf(a.Caller), a.DeploymentID)
	if err != nil {
		return nil, durable.Retry(err, retryAfter)
	}
	if row.Progress.CheckCallback(a.Lifecycle) != nil {
		return out, nil //nolint:nilerr // no failure: it has called back, or its time has run out
	}
	payload, err := json.Marshal(hookEvent{a.DeploymentID, a.ExecutionID})
	if err != nil {
		return nil, err
	}
	res, err := s.peers.Lambda.Invoke(caller.With(ctx, a.Caller), &lambda.InvokeInput{
		FunctionName: &a.Function, Payload: payload,
		InvocationType: lambdatypes.InvocationTypeRequestResponse, LogType: lambdatypes.LogTypeTail})
	switch {
	case passing(err):
		return nil, durable.Retry(err, retryAfter)
	case err != nil:
		out.NotInvoked = message(err)
		return out, nil
	}
	if tail, err := base64.StdEncoding.DecodeString(aws.ToString(res.LogResult)); err == nil {
		out.LogTail = strings.ToValidUTF8(string(tail), "?")
	}
	if res.FunctionError != nil {
		out.FunctionError = "its function ended with an error before it reported a status: " + functionError(res.Payload)
	}
	return out, nil
}

// message is an API error's own text, or the error's.
func message(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorMessage() != "" {
		return api.ErrorMessage()
	}
	return err.Error()
}

// functionError reads a Lambda error payload.
func functionError(payload []byte) string {
	var e struct{ ErrorMessage, ErrorType string }
	if json.Unmarshal(payload, &e) != nil || e.ErrorMessage == "" && e.ErrorType == "" {
		const most = 500 // bytes of a payload that is no error document
		return strings.ToValidUTF8(string(payload[:min(len(payload), most)]), "")
	}
	if e.ErrorType == "" {
		return e.ErrorMessage
	}
	return fmt.Sprintf("%s: %s", e.ErrorType, e.ErrorMessage)
}
