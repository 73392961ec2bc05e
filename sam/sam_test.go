package sam_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/headgate/headgate/internal/template"
	"github.com/headgate/headgate/internal/template/tree"
	"github.com/headgate/headgate/sam"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Our own templates expand as recorded, and CloudFormation's reader accepts the result.
func TestGolden(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.yaml")
	if len(files) == 0 {
		t.Fatal("no templates in testdata")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			res, err := sam.Translate(source, sam.Options{Region: "eu-west-1"})
			if err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".json"
			got := append(res.JSON(), '\n')
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Error(d)
			}
			tmpl, err := template.FromTree(res.Tree())
			if err != nil {
				t.Fatal(err)
			}
			b, err := tmpl.Bind(template.Env{Partition: "aws", Region: "eu-west-1", AccountID: "000000000000", StackName: "s"})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range b.Resources() {
				if _, err := b.Properties(r.ID, template.Pending{}); err != nil {
					t.Errorf("%s: %v", r.ID, err)
				}
			}
		})
	}
}

const greeter = `
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: {Runtime: nodejs22.x, Handler: index.handler, CodeUri: "s3://b/k.zip", AutoPublishAlias: live, MemorySize: 128`

func versionID(t *testing.T, more string) string {
	t.Helper()
	res, err := sam.Translate([]byte(greeter+more+"}\n"), sam.Options{Parameters: map[string]string{}})
	if err != nil {
		t.Fatalf("%s: %v", more, err)
	}
	for _, id := range res.Tree().Get("Resources").Keys() {
		if strings.HasPrefix(id, "FVersion") {
			return id
		}
	}
	t.Fatalf("%s: no version in %s", more, res.JSON())
	return ""
}

// A new version is published exactly when what is hashed changes (FACTS trap 17).
func TestVersionFollowsWhatIsHashed(t *testing.T) {
	base := versionID(t, "")
	for _, same := range []string{", Timeout: 9", ", Role: arn", ", Layers: [x]", ", Description: d", ", SnapStart: {ApplyOn: None}"} {
		if got := versionID(t, same); got != base {
			t.Errorf("%s: %s, want %s", same, got, base)
		}
	}
	seen := map[string]string{base: "nothing"}
	for _, other := range []string{", MemorySize: 256", ", Environment: {Variables: {A: b}}", ", CodeUri: 's3://b/k2.zip'", ", CodeUri: {Bucket: b, Key: k.zip, Version: 2}",
		", SnapStart: {ApplyOn: PublishedVersions}", ", AutoPublishAliasAllProperties: true", ", AutoPublishAliasAllProperties: true, Timeout: 9", ", AutoPublishCodeSha256: '00112233445566'"} {
		got := versionID(t, other)
		if was, twice := seen[got]; twice {
			t.Errorf("%s gives the version of %s", other, was)
		}
		seen[got] = other
	}
	if got := versionID(t, ", AutoPublishCodeSha256: abcdefghijklmno"); got != "FVersionabcdefghij" {
		t.Errorf("a given hash is not used as it stands: %s", got)
	}
}

func TestRefusals(t *testing.T) {
	const head = "Invalid Serverless Application Specification document. Number of errors found: 1. "
	function := func(more string) string {
		return "Resources: {F: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: h, CodeUri: 's3://b/k'" + more + "}}}"
	}
	for _, c := range []struct{ name, in, want string }{
		{"a preference without an alias", function(", DeploymentPreference: {Type: AllAtOnce}"), head + "Resource with id [F] is invalid. 'DeploymentPreference' requires AutoPublishAlias property to be specified."},
		{"a preference without a type", function(", AutoPublishAlias: live, DeploymentPreference: {Enabled: true}"), "'Type'"},
		{"alarms that are no list", function(", AutoPublishAlias: live, DeploymentPreference: {Type: AllAtOnce, Alarms: a}"), "Alarms must be a list"},
		{"an odd alias", function(", AutoPublishAlias: '12'"), "AutoPublishAlias name ('12') must contain only alphanumeric characters"},
		{"an unknown property", function(", Memory: 5"), "property Memory not defined for resource of type AWS::Serverless::Function"},
		{"a type to come", "Resources: {A: {Type: AWS::Serverless::GraphQLApi}}", "Resource with id [A] is invalid. Resources of type AWS::Serverless::GraphQLApi are not supported yet."},
		{"connectors", "Resources: {A: {Type: AWS::SQS::Queue, Connectors: {}}}", "Resource with id [A] is invalid. Connectors are not supported yet."},
		{"an alias as the target of nothing", "Resources: {M: {Type: AWS::Serverless::StateMachine, Properties: {Definition: {StartAt: A}, Role: r, UseAliasAsEventTarget: true}}}",
			"'UseAliasAsEventTarget' requires 'AutoPublishAlias' property to be specified."},
		{"two functions on one route", function(", Events: {A: {Type: HttpApi, Properties: {Path: /a, Method: get}}, B: {Type: HttpApi, Properties: {Path: /a, Method: get}}}"),
			"API method 'get' defined multiple times for path '/a'."},
		{"an authorizer that there is none of", function(", Events: {A: {Type: Api, Properties: {Path: /a, Method: get, Auth: {Authorizer: Who}}}}"),
			"Unable to set Authorizer [Who] on API method [get] for path [/a]"},
		{"no resources", "Transform: x", "'Resources' section is required"},
		{"two at once", "Resources: {B: {Type: AWS::Serverless::Function}, A: {Type: AWS::Serverless::Function}}", "Number of errors found: 2. Resource with id [A] is invalid."},
		{"a local folder", strings.Replace(function(""), "s3://b/k", "./src", 1), "'CodeUri' is not a valid S3 Uri of the form 's3://bucket/key'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := sam.Translate([]byte(c.in), sam.Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("\ngot  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestTranslateTreeLeavesItsInput(t *testing.T) {
	doc, err := tree.Parse([]byte(greeter + "}\n"))
	if err != nil {
		t.Fatal(err)
	}
	before := string(doc.Root.Indent(""))
	if _, err := sam.TranslateTree(doc.Root, sam.Options{}); err != nil {
		t.Fatal(err)
	}
	if string(doc.Root.Indent("")) != before {
		t.Error("the source has changed")
	}
}

func TestNeedsTransform(t *testing.T) {
	for text, want := range map[string]bool{
		"Transform: AWS::Serverless-2016-10-31":                            true,
		"Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]": true,
		"Transform: AWS::Include":                                          false,
		"Resources: {}":                                                    false,
	} {
		doc, err := tree.Parse([]byte(text))
		if err != nil || sam.NeedsTransform(doc.Root) != want {
			t.Errorf("%s: want %v (%v)", text, want, err)
		}
	}
}

func TestHashJSON(t *testing.T) {
	for in, want := range map[string]string{
		`"abc"`:                           "a9993e3647", // SHA-1 of the text itself
		`{"S3Key": "k", "S3Bucket": "b"}`: "",
		`{}`:                              "",
	} {
		got, err := sam.HashJSON([]byte(in), 10)
		if err != nil {
			t.Fatal(err)
		}
		if in[0] == '{' && len(in) > 2 {
			turned, _ := sam.HashJSON([]byte(`{"S3Bucket":"b","S3Key":"k"}`), 10)
			if len(got) != 10 || got != turned {
				t.Errorf("the order of members counts: %s, %s", got, turned)
			}
		} else if got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// A template with a value of another kind anywhere is refused or translated, without a panic.
func TestValuesOfTheWrongKind(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.yaml")
	if suite := os.Getenv("HEADGATE_SAM_SUITE"); suite != "" {
		more, _ := filepath.Glob(filepath.Join(suite, "input", "*.yaml"))
		files = append(files, more...)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := tree.Parse(source)
		if err != nil {
			continue
		}
		mutate(doc.Root, func(what string) {
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("%s: %v: %s", file, p, what)
				}
			}()
			if res, err := sam.TranslateTree(doc.Root, sam.Options{}); err == nil {
				res.JSON()
			}
		})
	}
}

// mutate puts something else in each place below a node, one after another, and calls f.
func mutate(n *tree.Node, f func(what string)) {
	others := []*tree.Node{tree.NewString("x"), tree.NewList(tree.NewString("x")), tree.NewMap("x", "y"), tree.NewMap("Ref", "x"), tree.NewMap("Ref", tree.NewList()), {}}
	in := func(what string, at **tree.Node) {
		was := *at
		for _, o := range others {
			*at = o
			f(what + ": " + o.Kind.String())
		}
		*at = was
		mutate(was, f)
	}
	for i := range n.Pairs {
		in(n.Pairs[i].Key, &n.Pairs[i].Value)
	}
	for i := range n.Items {
		in("item", &n.Items[i])
	}
}

// Whatever the template, it is refused or translated, without a panic.
func FuzzTranslate(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.yaml")
	suite, _ := filepath.Glob(filepath.Join(os.Getenv("HEADGATE_SAM_SUITE"), "input", "*.yaml"))
	for _, file := range append(files, suite...) {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(greeter + "}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		res, err := sam.Translate(data, sam.Options{})
		if err == nil {
			res.JSON()
		}
	})
}
