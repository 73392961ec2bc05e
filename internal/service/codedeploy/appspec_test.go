package codedeploy

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate/headgate/internal/rollout"
)

const guideAppSpec = `version: 0.0
Resources:
  - myLambdaFunction:
      Type: AWS::Lambda::Function
      Properties:
        Name: "myLambdaFunction"
        Alias: "myLambdaFunctionAlias"
        CurrentVersion: "1"
        TargetVersion: "2"
Hooks:
  - BeforeAllowTraffic: "LambdaFunctionToValidateBeforeTrafficShift"
  - AfterAllowTraffic: "LambdaFunctionToValidateAfterTrafficShift"
`

func TestAppSpecIsReadAsWritten(t *testing.T) {
	hooks := map[rollout.LifecycleName]string{"BeforeAllowTraffic": "LambdaFunctionToValidateBeforeTrafficShift",
		"AfterAllowTraffic": "LambdaFunctionToValidateAfterTrafficShift"}
	full := appSpec{"myLambdaFunction", "myLambdaFunction", "myLambdaFunctionAlias", "1", "2", hooks}
	bare := full
	bare.Hooks = nil
	current := bare
	current.CurrentVersion = ""
	cases := []struct {
		name, text string
		want       appSpec
	}{
		{"the guide's", guideAppSpec, full},
		{"lower case keys", strings.NewReplacer("Resources", "resources", "Type", "type", "Properties", "properties", "Name:", "name:",
			"Alias:", "alias:", "CurrentVersion", "currentversion", "TargetVersion", "targetversion", "Hooks", "hooks",
			"BeforeAllow", "beforeAllow", "AfterAllow", "afterAllow").Replace(guideAppSpec), full},
		{"version as a string", strings.Replace(guideAppSpec, "0.0", `"0.0"`, 1), full},
		{"version as an integer", strings.Replace(guideAppSpec, "0.0", `0`, 1), full},
		{"numbers as versions", strings.NewReplacer(`"1"`, "1", `"2"`, "2").Replace(guideAppSpec), full},
		{"JSON as CloudFormation writes it", `{"version":0.0,"Resources":[{"myLambdaFunction":{"Type":"AWS::Lambda::Function","Properties":
			{"Name":"myLambdaFunction","Alias":"myLambdaFunctionAlias","CurrentVersion":"1","TargetVersion":"2"}}}]}`, bare},
		{"maps instead of lists", "version: 0.0\nResources:\n  myLambdaFunction: {Type: 'AWS::Lambda::Function', Properties: {Name: myLambdaFunction, " +
			"Alias: myLambdaFunctionAlias, TargetVersion: 2}}\nHooks:\n", current},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseAppSpec([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, *got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAppSpecRefuses(t *testing.T) {
	second := "\n  - other: {Type: AWS::Lambda::Function, Properties: {Name: b, Alias: c, TargetVersion: 2}}\nHooks:"
	cases := []struct{ name, old, new, want string }{
		{"an unknown key", "Hooks:", "Hoks:", `"Hoks" is not one of version, Resources, Hooks (at Hoks, line 10, column 1)`},
		{"an unknown property", "Alias:", "Alais:", "(at Resources.myLambdaFunction.Properties.Alais, line 7, column 9)"},
		{"another version", "0.0", "1.0", "must be 0.0"},
		{"another type", "AWS::Lambda::Function", "AWS::ECS::Service", "must be AWS::Lambda::Function"},
		{"two functions", "\nHooks:", second, "exactly one Lambda function version, not 2"},
		{"no target version", `        TargetVersion: "2"`, "", "number of a published version"},
		{"$LATEST", `"2"`, "$LATEST", "(at Resources.myLambdaFunction.Properties.TargetVersion, line 9"},
		{"the same version", `"2"`, `"1"`, "nothing to deploy"},
		{"a hook of ECS", "AfterAllowTraffic", "AfterAllowTestTraffic", `use BeforeAllowTraffic or AfterAllowTraffic`},
		{"a hook without a function", `"LambdaFunctionToValidateAfterTrafficShift"`, "", "must name a Lambda function"},
		{"a hook that is a list", `"LambdaFunctionToValidateAfterTrafficShift"`, "[a]", "must name a Lambda function"},
		{"a hook twice", "AfterAllow", "beforeAllow", "stands more than once"},
		{"a number as name", `"myLambdaFunction"`, "7", "Name must be a string"},
		{"no resources", guideAppSpec, "version: 0.0\n", "Resources is missing"},
		{"a key twice", "Hooks:", "version: 0.0\nHooks:", `Duplicate key "version" (line 10, column 1)`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(guideAppSpec, c.old, c.new, 1)
			if text == guideAppSpec {
				t.Fatal("the case changes nothing")
			}
			_, err := parseAppSpec([]byte(text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
	for _, text := range []string{"", "[]", "hello", "{", "a: &a [*a]", "\xff"} {
		if _, err := parseAppSpec([]byte(text)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func FuzzParseAppSpec(f *testing.F) {
	f.Add([]byte(guideAppSpec))
	f.Add([]byte(spec("BeforeAllowTraffic", "hook")))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseAppSpec(text)
		if err != nil {
			if bad := (*specError)(nil); !errors.As(err, &bad) || bad.message == "" {
				t.Fatalf("an error without a reason: %#v", err)
			}
			return
		}
		if s.FunctionName == "" || s.Alias == "" || !versionForm.MatchString(s.TargetVersion) || s.CurrentVersion == s.TargetVersion {
			t.Fatalf("taken: %+v", s)
		}
		for l, hook := range s.Hooks {
			if l != rollout.BeforeAllowTraffic && l != rollout.AfterAllowTraffic || hook == "" {
				t.Fatalf("hook %q: %q", l, hook)
			}
		}
	})
}
