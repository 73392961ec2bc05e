package codedeploy

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/clock"
)

// shift is one UpdateAlias that took effect.
type shift struct {
	At      time.Time
	Version string
	Weights map[string]float64
}

// share is the percentage of traffic that version gets.
func (s shift) share(version string) int {
	rest := 1.0
	for _, w := range s.Weights {
		rest -= w
	}
	total := s.Weights[version]
	if s.Version == version {
		total += rest
	}
	return int(total*100 + 0.5)
}

// hookFunc is a function's code: an error is a function error.
type hookFunc func(ctx context.Context, payload []byte) error

// fakeLambda keeps one function "shop" with three versions and an alias "live", and hook functions,
// with Lambda's rules for aliases.
type fakeLambda struct {
	clock clock.Clock

	mu       sync.Mutex
	alias    shift
	revision int
	history  []shift
	hooks    map[string]hookFunc
	invoked  []string
	refuse   error                             // answers every UpdateAlias
	after    func(ctx context.Context)         // called when an UpdateAlias has taken effect, before its answer
	before   func(in *lambda.UpdateAliasInput) // called before an UpdateAlias is looked at
}

func newFakeLambda(c clock.Clock) *fakeLambda {
	return &fakeLambda{clock: c, alias: shift{Version: "1"}, hooks: map[string]hookFunc{}}
}

func notFound(what string) error {
	return &lambdatypes.ResourceNotFoundException{Message: aws.String("Function not found: " + what)}
}

func (f *fakeLambda) now() shift {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.alias
}

func (f *fakeLambda) shifts() []shift {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.history)
}

// set is somebody else's UpdateAlias.
func (f *fakeLambda) set(version string, weights map[string]float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.alias = shift{Version: version, Weights: weights}
	f.revision++
}

func (f *fakeLambda) GetAlias(_ context.Context, in *lambda.GetAliasInput, _ ...func(*lambda.Options)) (*lambda.GetAliasOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if *in.FunctionName != "shop" || *in.Name != "live" {
		return nil, notFound(*in.FunctionName + ":" + *in.Name)
	}
	out := &lambda.GetAliasOutput{Name: in.Name, FunctionVersion: aws.String(f.alias.Version), RevisionId: aws.String(strconv.Itoa(f.revision))}
	if len(f.alias.Weights) > 0 {
		out.RoutingConfig = &lambdatypes.AliasRoutingConfiguration{AdditionalVersionWeights: maps.Clone(f.alias.Weights)}
	}
	return out, nil
}

func (f *fakeLambda) UpdateAlias(ctx context.Context, in *lambda.UpdateAliasInput, _ ...func(*lambda.Options)) (*lambda.UpdateAliasOutput, error) {
	if f.before != nil {
		f.before(in)
	}
	err := f.update(in)
	if err == nil && f.after != nil {
		f.after(ctx)
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	return &lambda.UpdateAliasOutput{}, nil
}

func (f *fakeLambda) update(in *lambda.UpdateAliasInput) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	weights := in.RoutingConfig.AdditionalVersionWeights
	switch {
	case f.refuse != nil:
		return f.refuse
	case *in.FunctionName != "shop" || *in.Name != "live":
		return notFound(*in.FunctionName)
	case in.RevisionId != nil && *in.RevisionId != strconv.Itoa(f.revision):
		return &lambdatypes.PreconditionFailedException{Message: aws.String("The RevisionId provided does not match the latest Revision Id.")}
	case len(weights) > 1 || weights[*in.FunctionVersion] != 0:
		return &lambdatypes.InvalidParameterValueException{Message: aws.String("bad routing configuration")}
	}
	f.alias = shift{At: f.clock.Now(), Version: *in.FunctionVersion, Weights: maps.Clone(weights)}
	f.history = append(f.history, f.alias)
	f.revision++
	return nil
}

func (f *fakeLambda) GetFunctionConfiguration(_ context.Context, in *lambda.GetFunctionConfigurationInput, _ ...func(*lambda.Options)) (*lambda.GetFunctionConfigurationOutput, error) {
	if *in.FunctionName != "shop" || !slices.Contains([]string{"1", "2", "3"}, *in.Qualifier) {
		return nil, notFound(*in.FunctionName + ":" + *in.Qualifier)
	}
	return &lambda.GetFunctionConfigurationOutput{State: lambdatypes.StateActive}, nil
}

func (f *fakeLambda) Invoke(ctx context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	f.mu.Lock()
	hook := f.hooks[*in.FunctionName]
	f.invoked = append(f.invoked, *in.FunctionName)
	f.mu.Unlock()
	if hook == nil {
		return nil, notFound("arn:aws:lambda:us-east-1:000000000000:function:" + *in.FunctionName)
	}
	out := &lambda.InvokeOutput{StatusCode: 200, LogResult: aws.String(base64.StdEncoding.EncodeToString([]byte("log of " + *in.FunctionName)))}
	if err := hook(ctx, in.Payload); err != nil {
		out.FunctionError = aws.String("Unhandled")
		out.Payload, _ = json.Marshal(map[string]string{"errorMessage": err.Error(), "errorType": "Error"})
	}
	return out, ctx.Err()
}

type fakeCloudWatch struct {
	mu     sync.Mutex
	states map[string]cwtypes.StateValue
	err    error
}

func (f *fakeCloudWatch) set(name string, s cwtypes.StateValue) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.states[name] = s
}

func (f *fakeCloudWatch) DescribeAlarms(_ context.Context, in *cloudwatch.DescribeAlarmsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := &cloudwatch.DescribeAlarmsOutput{}
	for _, n := range in.AlarmNames {
		if s, ok := f.states[n]; ok {
			out.MetricAlarms = append(out.MetricAlarms, cwtypes.MetricAlarm{AlarmName: aws.String(n), StateValue: s})
		}
	}
	return out, f.err
}

type fakeS3 map[string][]byte

func (f fakeS3) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	body, ok := f[*in.Bucket+"/"+*in.Key]
	if !ok {
		return nil, &s3types.NoSuchKey{Message: aws.String("The specified key does not exist.")}
	}
	if in.IfMatch != nil && *in.IfMatch != fmt.Sprint(len(body)) {
		return nil, &smithy.GenericAPIError{Code: "PreconditionFailed", Message: "At least one of the pre-conditions you specified did not hold"}
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(body))}, nil
}
