package constraints

import (
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
)

var services = []string{"lambda", "states", "cloudformation", "cloudwatch", "logs", "iam", "sts"}

// A pattern that Go's regexp does not take must be translated; one that is not checked must be
// known by name.
func TestEveryPatternCompiles(t *testing.T) {
	unchecked := 0
	for _, service := range services {
		facts := For(service)
		if len(facts.inputs) == 0 {
			t.Errorf("%s has no table", service)
		}
		for name, f := range facts.shapes {
			p := patternOf(f.pattern)
			if p == nil {
				if f.pattern != "" && f.pattern != ".*" {
					unchecked++
				}
				continue
			}
			func() {
				defer func() {
					if r := recover(); r != nil {
						t.Errorf("%s %s: %v", service, name, r)
					}
				}()
				p.ok("x")
			}()
		}
	}
	if unchecked != 1 { // STS arnType, see translate
		t.Errorf("%d patterns are not checked", unchecked)
	}
}

// Every name that a table mentions must be in it, or nothing would be checked there.
func TestTablesAreClosed(t *testing.T) {
	for _, service := range services {
		facts := For(service)
		check := func(from, shape string) {
			if shape != "" && facts.shapes[shape] == nil {
				t.Errorf("%s: %s names %s, which is missing", service, from, shape)
			}
		}
		for op, shape := range facts.inputs {
			check(op, shape)
		}
		for name, f := range facts.shapes {
			check(name, f.elem)
			check(name, f.key)
			for _, m := range f.members {
				check(name+"."+m.name, m.shape)
			}
		}
	}
}

func TestTranslatedPatternsKeepTheirMeaning(t *testing.T) {
	for _, c := range []struct{ pattern, good, bad string }{
		{`(?!^[0-9]+$)([a-zA-Z0-9-_]+)`, "live v2 2a _ -", "2 42 a.b"},
		{`((?!^\d+$)^[0-9a-zA-Z-_]+$)`, "live", "7"},
		{`[0-9A-Za-z\.\-_]*(?<!\.)`, "my-bucket a.b", "ends. a/b"},
		{`^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$`, "prod 1.0", "10 a/b"},
		{`^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$`, "my-account abc", "my--account -ab ab- ab"},
		{`[\u0009\u000A\u000D\u0020-\u00FF]+`, "é { ~", "€"},
		{`\p{ASCII}*`, "abc", "é"},
		{`(\u002F)|(\u002F[\u0021-\u007E]+\u002F)`, "/ /a/b/", "a /a a/"},
		{`[\w+=,.@-]+`, "a+b role@x", "a/b"},
	} {
		p := patternOf(c.pattern)
		for _, s := range strings.Fields(c.good) {
			if !p.ok(s) {
				t.Errorf("%s refuses %q", c.pattern, s)
			}
		}
		for _, s := range strings.Fields(c.bad) {
			if p.ok(s) {
				t.Errorf("%s allows %q", c.pattern, s)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	const one = "1 validation error detected: "
	for _, c := range []struct {
		name, service, operation string
		in                       any
		want                     string
	}{
		{"nothing broken", "lambda", "GetFunction", &lambda.GetFunctionInput{FunctionName: aws.String("f")}, ""},
		{"no constraints at all", "iam", "GetAccountSummary", &iam.GetAccountSummaryInput{}, ""},
		{"an operation that the table lacks", "lambda", "Nope", &lambda.GetFunctionInput{}, ""},
		{"required", "lambda", "GetFunction", &lambda.GetFunctionInput{}, one + "Value null at 'functionName' failed to satisfy constraint: Member must not be null"},
		{"range", "lambda", "PutFunctionEventInvokeConfig", &lambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("f"), MaximumRetryAttempts: aws.Int32(3)},
			one + "Value '3' at 'maximumRetryAttempts' failed to satisfy constraint: Member must have value less than or equal to 2"},
		{"characters, not bytes", "lambda", "UpdateFunctionConfiguration", &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), Description: aws.String(strings.Repeat("ü", 256))}, ""},
		{"elements of a list", "lambda", "UpdateFunctionConfiguration", &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), Layers: []string{"nope"}},
			one + "Value '[nope]' at 'layers' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 140, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: "},
		{"enum in a list", "lambda", "CreateFunction", &lambda.CreateFunctionInput{FunctionName: aws.String("f"), Role: aws.String("arn:aws:iam::000000000000:role/r"), Code: &types.FunctionCode{},
			Architectures: []types.Architecture{"mips"}}, one + "Value '[mips]' at 'architectures' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]"},
		{"a runtime is the service's to refuse", "lambda", "UpdateFunctionConfiguration", &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), Runtime: "cobol"}, ""},
		{"a sensitive value is not quoted", "states", "SendTaskFailure", &sfn.SendTaskFailureInput{TaskToken: aws.String("t"), Error: aws.String(strings.Repeat("x", 257))},
			one + "Value at 'error' failed to satisfy constraint: Member must have length less than or equal to 256"},
		{"map keys", "logs", "CreateLogGroup", &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("g"), Tags: map[string]string{"": "v"}},
			one + "Value '{=v}' at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: "},
		{"several", "lambda", "UpdateFunctionConfiguration", &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), MemorySize: aws.Int32(1), Timeout: aws.Int32(0)},
			"2 validation errors detected: Value '1' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128; Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1"},
	} {
		v := reflect.ValueOf(c.in).Elem()
		got := For(c.service).Rules(c.operation, v.Type()).Check(v)
		if got != c.want && (c.want == "" || !strings.HasPrefix(got, c.want)) {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}
