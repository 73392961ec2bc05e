package appspec

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const yamlSpec = `version: 0.0
Resources:
  - shop:
      Type: AWS::Lambda::Function
      Properties:
        Name: "shop"
        Alias: live
        CurrentVersion: 1
        TargetVersion: "2"
Hooks:
  - BeforeAllowTraffic: before
  - AfterAllowTraffic: after
`

func TestParse(t *testing.T) {
	shop := Resource{LogicalID: "shop", Type: LambdaFunction, Name: "shop", Alias: "live", CurrentVersion: "1", TargetVersion: "2"}
	both := map[string]string{"BeforeAllowTraffic": "before", "AfterAllowTraffic": "after"}
	tests := map[string]struct {
		in   string
		want Spec
	}{
		"YAML as the guide writes it": {yamlSpec, Spec{[]Resource{shop}, both}},
		"JSON with a number as version": {
			`{"version":0.0,"Resources":[{"shop":{"Type":"AWS::Lambda::Function","Properties":{"Name":"shop","Alias":"live","CurrentVersion":"1","TargetVersion":"2"}}}],"Hooks":[{"BeforeAllowTraffic":"before"},{"AfterAllowTraffic":"after"}]}`,
			Spec{[]Resource{shop}, both}},
		"JSON in lower case, version as text, tabs": {
			"{\n\t\"version\": \"0.0\",\n\t\"resources\": [{\"shop\": {\"type\": \"AWS::Lambda::Function\", \"properties\": {\"name\": \"shop\", \"alias\": \"live\", \"currentversion\": \"1\", \"targetversion\": 2}}}]}",
			Spec{[]Resource{shop}, nil}},
		"YAML in flow style": {
			`{version: 0.0, RESOURCES: [{shop: {type: "AWS::Lambda::Function", properties: {name: shop, alias: live, currentVersion: 1, targetVersion: 2}}}]}`,
			Spec{[]Resource{shop}, nil}},
		"resources as one mapping, no version, no current version": {
			"Resources:\n  shop:\n    Type: AWS::Lambda::Function\n    Properties: {Name: shop, Alias: live, TargetVersion: 2}\n",
			Spec{[]Resource{{LogicalID: "shop", Type: LambdaFunction, Name: "shop", Alias: "live", TargetVersion: "2"}}, nil}},
		"aliases of YAML": {
			"x: &p {Name: shop, Alias: live, CurrentVersion: 1, TargetVersion: 2}\nResources: [{shop: {Type: 'AWS::Lambda::Function', Properties: *p}}]\n",
			Spec{[]Resource{shop}, nil}},
		"a byte order mark": {"\xef\xbb\xbf" + yamlSpec, Spec{[]Resource{shop}, both}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Parse([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, *got, cmpopts.EquateEmpty()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"nothing":                  {"", "InvalidAppSpec: "},
		"a list":                   {"[1]", "not a mapping"},
		"broken JSON":              {`{"version": 0.0, "Resources": [`, "not JSON"},
		"broken YAML":              {"version: 0.0\n Resources:", "not YAML"},
		"another version":          {"version: 1.0\nResources: []", "version 1.0 is not 0.0"},
		"no resources":             {"version: 0.0\nResources: []", "no Resources"},
		"resources as text":        {"version: 0.0\nResources: shop", "neither a list nor a mapping"},
		"an entry as text":         {"version: 0.0\nResources: [shop]", "an entry that is not a mapping"},
		"a key in two spellings":   {"Resources: []\nresources: []", "Resources stands more than once: Resources, resources"},
		"a key twice":              {"Resources: []\nResources: []", "InvalidAppSpec: "},
		"a hook that is a mapping": {yamlSpec + "  - X: {a: b}\n", "hook X is not a function name"},
		"a bomb of aliases": {"a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n" +
			"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n", "InvalidAppSpec: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(tt.in))
			var named *Error
			if !errors.As(err, &named) || named.ErrorType() != "InvalidAppSpec" || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestBadResourceHidesNoneOfTheOthers(t *testing.T) {
	spec, err := Parse([]byte(`{"version": 0.0, "Resources": [
		{"a": {"Type": "AWS::Lambda::Function", "Properties": {"Name": "a", "TargetVersion": "$LATEST"}}},
		{"b": {"Type": "AWS::ECS::Service", "Properties": {"TaskDefinition": "t"}}},
		{"c": {"Type": "AWS::Lambda::Function"}},
		{"d": {"Type": "AWS::Lambda::Function", "Properties": {"TargetVersion": 3}}},
		{"e": {"Type": "AWS::Lambda::Function", "Properties": {"Name": ["x"], "TargetVersion": 3}}},
		{"f": "text"},
		{"g": {"Type": "aws::lambda::function", "Properties": {"Name": "g", "TargetVersion": 3}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`InvalidAppSpec: resource a: TargetVersion "$LATEST" is not a version number`,
		`UnsupportedResourceType: resource b has type "AWS::ECS::Service"; only AWS::Lambda::Function can be checked`,
		`InvalidAppSpec: resource c has no Properties`,
		`InvalidAppSpec: resource d has no Name`,
		`InvalidAppSpec: resource e: Name is not a text`,
		`InvalidAppSpec: resource f is not a mapping`,
		`<nil>`,
	}
	for i, r := range spec.Resources {
		got := "<nil>"
		if r.Err != nil {
			got = r.Err.Error()
		}
		if got != want[i] {
			t.Errorf("%s: %s\nwant %s", r.LogicalID, got, want[i])
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(yamlSpec))
	f.Add([]byte(`{"version":"0.0","Resources":[{"f":{"Type":"AWS::Lambda::Function","Properties":{"Name":"f","TargetVersion":"2"}}}]}`))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, in []byte) {
		spec, err := Parse(in)
		if err != nil {
			return
		}
		for _, r := range spec.Resources {
			if r.Err == nil && (r.Name == "" || !versionText.MatchString(r.TargetVersion)) {
				t.Errorf("accepted %+v", r)
			}
		}
	})
}
