package lambda

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

var (
	roleRE   = regexp.MustCompile(`^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+$`)
	envKeyRE = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)
)

// reservedKeys are the variables that Lambda itself sets (FACTS §4); "AWS_" alone is not reserved.
var reservedKeys = []string{"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV",
	"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
	"AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY",
	"AWS_SECRET_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT"}

// change is what Create and UpdateFunctionConfiguration have in common. Nil, or empty for the
// strings of enumerations, leaves the present value.
type change struct {
	Description, Handler, Role, KMSKeyArn *string
	Runtime                               types.Runtime
	MemorySize, Timeout                   *int32
	Environment                           *types.Environment
	EphemeralStorage                      *types.EphemeralStorage
	DeadLetterConfig                      *types.DeadLetterConfig
	LoggingConfig                         *types.LoggingConfig
	SnapStart                             *types.SnapStart
	TracingConfig                         *types.TracingConfig
	VpcConfig                             *types.VpcConfig
}

// apply checks the change and writes it into c.
func (s *Service) apply(c *types.FunctionConfiguration, in change) error {
	if in.Role != nil {
		if !roleRE.MatchString(*in.Role) {
			return validation(*in.Role, "role", `Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`)
		}
		c.Role = in.Role
	}
	if in.Runtime != "" {
		if err := s.checkRuntime(in.Runtime); err != nil {
			return err
		}
		c.Runtime = in.Runtime
	}
	if err := ranges(in); err != nil {
		return err
	}
	if in.Environment != nil {
		if err := checkVariables(in.Environment.Variables); err != nil {
			return err
		}
		c.Environment = nil
		if len(in.Environment.Variables) > 0 {
			c.Environment = &types.EnvironmentResponse{Variables: in.Environment.Variables}
		}
	}
	if in.DeadLetterConfig != nil { // checkDeadLetters has looked at it
		c.DeadLetterConfig = nil
		if aws.ToString(in.DeadLetterConfig.TargetArn) != "" {
			c.DeadLetterConfig = in.DeadLetterConfig
		}
	}
	if err := applyLogging(c, in.LoggingConfig); err != nil {
		return err
	}
	set(&c.Description, in.Description)
	set(&c.Handler, in.Handler)
	set(&c.KMSKeyArn, in.KMSKeyArn)
	set(&c.MemorySize, in.MemorySize)
	set(&c.Timeout, in.Timeout)
	set(&c.EphemeralStorage, in.EphemeralStorage)
	if in.SnapStart != nil {
		c.SnapStart = &types.SnapStartResponse{ApplyOn: in.SnapStart.ApplyOn, OptimizationStatus: types.SnapStartOptimizationStatusOff}
	}
	if in.TracingConfig != nil {
		c.TracingConfig = &types.TracingConfigResponse{Mode: in.TracingConfig.Mode}
	}
	if v := in.VpcConfig; v != nil {
		c.VpcConfig = &types.VpcConfigResponse{SubnetIds: v.SubnetIds, SecurityGroupIds: v.SecurityGroupIds,
			Ipv6AllowedForDualStack: v.Ipv6AllowedForDualStack, VpcId: aws.String("")}
	}
	return nil
}

func set[T any](to **T, v *T) {
	if v != nil {
		*to = v
	}
}

func (s *Service) checkRuntime(r types.Runtime) error {
	if !slices.Contains(r.Values(), r) {
		var names []string
		for _, v := range r.Values() {
			names = append(names, string(v))
		}
		return invalid("Value %s at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [%s] or be a valid ARN", r, strings.Join(names, ", "))
	}
	if _, err := s.Runtime(string(r)); err != nil {
		return invalid("The runtime %s cannot run on this host: %v", r, err)
	}
	return nil
}

func ranges(in change) error {
	check := func(v *int32, member string, low, high int32) error {
		if v != nil && *v < low {
			return validation(fmt.Sprint(*v), member, fmt.Sprintf("Member must have value greater than or equal to %d", low))
		}
		if v != nil && *v > high {
			return validation(fmt.Sprint(*v), member, fmt.Sprintf("Member must have value less than or equal to %d", high))
		}
		return nil
	}
	var tmp *int32
	if in.EphemeralStorage != nil {
		tmp = in.EphemeralStorage.Size
	}
	for _, err := range []error{check(in.MemorySize, "memorySize", 128, 10240), check(in.Timeout, "timeout", 1, 900),
		check(tmp, "ephemeralStorage.size", 512, 10240)} {
		if err != nil {
			return err
		}
	}
	if in.Description != nil && len(*in.Description) > 256 {
		return validation(*in.Description, "description", "Member must have length less than or equal to 256")
	}
	return nil
}

func checkVariables(v map[string]string) error {
	const unable = "Lambda was unable to configure your environment variables because the environment variables you have provided "
	var reserved []string
	for k := range v {
		if slices.Contains(reservedKeys, k) {
			reserved = append(reserved, k)
		} else if !envKeyRE.MatchString(k) {
			return validation(document(v), "environment.variables", "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]")
		} else if strings.ContainsRune(k+v[k], 0) {
			return invalid(unable + "contains a NUL character.")
		}
	}
	if len(reserved) > 0 {
		slices.Sort(reserved)
		return invalid("%scontains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s", unable, strings.Join(reserved, ", "))
	}
	if measured := plainJSON(v); len(measured) > 4096 {
		return invalid("%sexceeded the 4KB limit. String measured: %s", unable, measured)
	}
	return nil
}

// plainJSON is v without the escapes that Go adds for HTML's sake: what AWS measures.
func plainJSON(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func applyLogging(c *types.FunctionConfiguration, in *types.LoggingConfig) error {
	if in == nil && c.LoggingConfig != nil {
		return nil
	}
	out := types.LoggingConfig{LogFormat: types.LogFormatText}
	if c.LoggingConfig != nil {
		out = *c.LoggingConfig
	}
	if in != nil {
		if in.LogFormat != "" {
			out.LogFormat = in.LogFormat
		}
		if out.LogFormat != types.LogFormatJson && (in.ApplicationLogLevel != "" || in.SystemLogLevel != "") {
			return invalid("You can only set ApplicationLogLevel and SystemLogLevel if LogFormat is JSON.")
		}
		if in.ApplicationLogLevel != "" {
			out.ApplicationLogLevel = in.ApplicationLogLevel
		}
		if in.SystemLogLevel != "" {
			out.SystemLogLevel = in.SystemLogLevel
		}
		set(&out.LogGroup, in.LogGroup)
	}
	if out.LogGroup == nil || *out.LogGroup == "" {
		out.LogGroup = aws.String("/aws/lambda/" + *c.FunctionName)
	}
	if out.LogFormat == types.LogFormatJson {
		if out.ApplicationLogLevel == "" {
			out.ApplicationLogLevel = types.ApplicationLogLevelInfo
		}
		if out.SystemLogLevel == "" {
			out.SystemLogLevel = types.SystemLogLevelInfo
		}
	} else {
		out.ApplicationLogLevel, out.SystemLogLevel = "", ""
	}
	c.LoggingConfig = &out
	return nil
}

// notHere answers members that ask for what the platform does not have; storing them would be a lie.
func notHere(asked bool, what string) error {
	if !asked {
		return nil
	}
	return invalid("%s not supported by this platform.", what)
}

// lambdaTime is the form of LastModified.
func lambdaTime(t time.Time) *string {
	return aws.String(t.UTC().Format("2006-01-02T15:04:05.000+0000"))
}

// copyFields sets the fields of *dst from the equally named and typed ones of src: the SDK repeats
// FunctionConfiguration's and AliasConfiguration's members in every output.
func copyFields(dst, src any) {
	d, s := reflect.ValueOf(dst).Elem(), reflect.Indirect(reflect.ValueOf(src))
	for i := range d.NumField() {
		f := d.Type().Field(i)
		if v := s.FieldByName(f.Name); f.IsExported() && v.IsValid() && v.Type() == f.Type {
			d.Field(i).Set(v)
		}
	}
}
