package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func env(params ...string) Env {
	e := Env{Partition: "aws", Region: "eu-west-1", AccountID: "123456789012", StackName: "s", StackID: "arn:aws:cloudformation:eu-west-1:123456789012:stack/s/1",
		NotificationARNs: []string{"n1"}, Parameters: map[string]string{}}
	for i := 0; i+1 < len(params); i += 2 {
		e.Parameters[params[i]] = params[i+1]
	}
	e.Import = func(name string) (string, error) {
		if name == "shared" {
			return "imported", nil
		}
		return "", errors.New("No export named " + name + " found.")
	}
	return e
}

func bind(t *testing.T, text string, e Env) *Bound {
	t.Helper()
	b, err := tryBind(text, e)
	if err != nil {
		t.Fatalf("%v", err.(*Error).Detail())
	}
	return b
}

func tryBind(text string, e Env) (*Bound, error) {
	tmpl, err := Parse([]byte(text))
	if err != nil {
		return nil, err
	}
	return tmpl.Bind(e)
}

// made resolves resources that exist: Ref gives phys-ID, GetAtt att-ID-Attribute.
type made struct{}

func (made) Ref(id string) (any, error)       { return "phys-" + id, nil }
func (made) GetAtt(id, a string) (any, error) { return "att-" + id + "-" + a, nil }

const functions = `
Parameters:
  P: {Type: String, Default: pv}
  L: {Type: CommaDelimitedList, Default: "a, b,c"}
  N: {Type: Number, Default: 5}
Mappings:
  M: {eu-west-1: {k: mapped, l: [x, y]}}
Conditions:
  Isso: !Equals [!Ref P, pv]
  Nope: !Not [!Condition Isso]
  Both: !And [!Condition Isso, !Not [!Condition Nope]]
  Either: !Or [!Condition Nope, !Equals [1, "1"]]
Resources:
  Other: {Type: T}
  R:
    Type: T
    Properties:
      V: `

func TestFunctions(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`!Ref P`, `"pv"`}, {`!Ref L`, `["a","b","c"]`}, {`!Ref N`, `"5"`}, {`!Ref Other`, `"phys-Other"`},
		{`!Ref "AWS::Region"`, `"eu-west-1"`}, {`!Ref "AWS::AccountId"`, `"123456789012"`}, {`!Ref "AWS::URLSuffix"`, `"amazonaws.com"`},
		{`!Ref "AWS::NotificationARNs"`, `["n1"]`}, {`!Ref "AWS::StackName"`, `"s"`}, {`!Ref "AWS::Partition"`, `"aws"`},
		{`!GetAtt Other.Arn`, `"att-Other-Arn"`}, {`!GetAtt Other.A.B`, `"att-Other-A.B"`}, {`{"Fn::GetAtt": [Other, !Ref P]}`, `"att-Other-pv"`},
		{`!Sub "${P}-${Other}-${Other.Arn}-${AWS::Region}-${!P}-$P"`, `"pv-phys-Other-att-Other-Arn-eu-west-1-${P}-$P"`},
		{`!Sub ["${x}/${P}", {x: !Ref Other}]`, `"phys-Other/pv"`}, {`!Sub ["${N}", {}]`, `"5"`},
		{`!Join ["-", [a, !Ref P, 3, true]]`, `"a-pv-3-true"`}, {`!Join [",", !Ref L]`, `"a,b,c"`}, {`!Join ["", [a, !Ref "AWS::NoValue", b]]`, `"ab"`},
		{`!Select [1, [a, b]]`, `"b"`}, {`!Select ["2", !Ref L]`, `"c"`}, {`!Split ["|", "a|b"]`, `["a","b"]`}, {`!Select [0, !Split [",", "x,y"]]`, `"x"`},
		{`!If [Isso, a, b]`, `"a"`}, {`!If [Nope, a, b]`, `"b"`}, {`!If [Both, a, !Ref "AWS::NoValue"]`, `"a"`}, {`!If [Either, 1, 2]`, `1`},
		{`{a: !If [Nope, x, !Ref "AWS::NoValue"], b: 1}`, `{"b":1}`}, {`[1, !Ref "AWS::NoValue", 2]`, `[1,2]`},
		{`!FindInMap [M, !Ref "AWS::Region", k]`, `"mapped"`}, {`!FindInMap [M, eu-west-1, l]`, `["x","y"]`},
		{`!FindInMap [M, nowhere, k, {DefaultValue: !Ref P}]`, `"pv"`},
		{`!ImportValue shared`, `"imported"`}, {`!ImportValue !Sub "sha${x}"`, ``},
		{`!Base64 hello`, `"aGVsbG8="`}, {`!GetAZs ""`, `["eu-west-1a","eu-west-1b","eu-west-1c"]`}, {`!GetAZs us-east-1`, `["us-east-1a","us-east-1b","us-east-1c"]`},
		{`!Cidr [10.0.0.0/24, 3, 5]`, `["10.0.0.0/27","10.0.0.32/27","10.0.0.64/27"]`}, {`!Cidr ["10.0.0.0/24", 9, 5]`, ``},
		{`!Cidr ["2001:db8::/56", 2, 64]`, `["2001:db8::/64","2001:db8:0:1::/64"]`},
		{`{Condition: {StringEquals: {a: b}}}`, `{"Condition":{"StringEquals":{"a":"b"}}}`}, {`{Condition: text}`, `{"Condition":"text"}`},
		{`[1, 1.0, 0777, yes, "1"]`, `[1,1.0,511,true,"1"]`},
	} {
		t.Run(c.in, func(t *testing.T) {
			b, err := tryBind(functions+c.in+"\n", env())
			var props map[string]any
			if err == nil {
				props, err = b.Properties("R", made{})
			}
			if c.want == "" {
				if err == nil {
					t.Fatalf("gives %v, want an error", props)
				}
				return
			}
			if err != nil {
				t.Fatal(err.(*Error).Detail())
			}
			if got, _ := json.Marshal(props["V"]); string(got) != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestLanguageExtensions(t *testing.T) {
	for in, want := range map[string]string{`{Fn::ToJsonString: {a: !Ref P, b: [1]}}`: `{"a":"pv","b":[1]}`, `{Fn::Length: !Ref L}`: "3"} {
		props, err := bind(t, "Transform: AWS::LanguageExtensions"+functions+in, env()).Properties("R", made{})
		if err != nil || fmt.Sprint(props["V"]) != want {
			t.Errorf("%s: %v %v", in, props, err)
		}
		if _, err := bind(t, functions+in, env()).Properties("R", made{}); err == nil || !strings.Contains(err.Error(), "unsupported function") {
			t.Errorf("%s without the transform: %v", in, err)
		}
	}
}

func TestUnknownSpreads(t *testing.T) {
	for _, in := range []string{`!Ref Other`, `!Sub "x-${Other}"`, `!Join ["", [a, !GetAtt Other.Arn]]`, `!Select [0, !Split [",", !Ref Other]]`, `{Fn::Base64: !Ref Other}`} {
		props, err := bind(t, functions+in, env()).Properties("R", Pending{})
		if err != nil {
			t.Fatal(err)
		}
		if u, ok := props["V"].(Unknown); !ok || u.ID != "Other" {
			t.Errorf("%s: %v", in, props["V"])
		}
	}
}

func TestRefusals(t *testing.T) {
	const one = "Resources: {A: {Type: T, Properties: {X: "
	for _, c := range []struct{ name, in, want string }{
		{"no resources", "Description: x", "Template format error: At least one Resources member must be defined."},
		{"not a map", "[1]", "Template format error: unsupported structure."},
		{"an unknown section", "Resource: {}\nResources: {A: {Type: T}}", "Invalid template property or properties [Resource]"},
		{"no type", "Resources: {A: {}}", "Template format error: [/Resources/A] Every Resources object must contain a Type member."},
		{"an odd id", "Resources: {a-b: {Type: T}}", "Template format error: Resource name a-b is non alphanumeric."},
		{"an unknown attribute", "Resources: {A: {Type: T, Propertys: {}}}", "Invalid template resource property 'Propertys'"},
		{"null", one + "}}}", "[/Resources/A/Properties/X] 'null' values are not allowed in templates"},
		{"a dynamic reference", one + "'{{resolve:ssm:/x:1}}'}}}", "dynamic references are not supported"},
		{"an unresolved Ref", one + "!Ref B}}}", "Template format error: Unresolved resource dependencies [B] in the Resources block of the template"},
		{"an unresolved Sub", one + "!Sub '${B}'}}}", "Template format error: Unresolved resource dependencies [B] in the Resources block of the template"},
		{"an unresolved GetAtt", one + "!GetAtt B.Arn}}}", "Template error: instance of Fn::GetAtt references undefined resource B"},
		{"an unresolved DependsOn", "Resources: {A: {Type: T, DependsOn: B}}", "Unresolved resource dependencies [B]"},
		{"an unresolved output", "Resources: {A: {Type: T}}\nOutputs: {O: {Value: !Ref B}}", "Unresolved resource dependencies [B] in the Outputs block of the template"},
		{"a cycle", "Resources: {A: {Type: T, Properties: {X: !Ref B}}, B: {Type: T, DependsOn: A}, C: {Type: T, DependsOn: A}}", "Circular dependency between resources: [A, B]"},
		{"itself", "Resources: {A: {Type: T, Properties: {X: !GetAtt A.Arn}}}", "Circular dependency between resources: [A]"},
		{"a bad GetAtt", one + "!GetAtt B}}}", "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute"},
		{"a bad Ref", one + "{Ref: [B]}}}}", "Template error: every Ref object must have a single String value."},
		{"a bad Sub", one + "{Fn::Sub: [1]}}}}", "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments."},
		{"an unknown condition", "Resources: {A: {Type: T, Condition: C}}", "Template format error: Unresolved condition dependency C in the Resources block of the template"},
		{"conditions in a circle", "Conditions: {C: !Not [!Condition D], D: !Not [!Condition C]}\nResources: {A: {Type: T}}", "circular condition dependency"},
		{"a resource in a condition", "Conditions: {C: !Equals [!Ref A, x]}\nResources: {A: {Type: T}}", "Unresolved dependencies [A]. Cannot reference resources in the Conditions block of the template"},
		{"a condition that is none", "Conditions: {C: !Ref 'AWS::Region'}\nResources: {A: {Type: T}}", "Conditions can only be boolean operations on parameters and other conditions"},
		{"an odd parameter type", "Parameters: {P: {Type: Text}}\nResources: {A: {Type: T}}", "Template format error: Unrecognized parameter type: Text"},
		{"a parameter from SSM", "Parameters: {P: {Type: 'AWS::SSM::Parameter::Value<String>'}}\nResources: {A: {Type: T}}", "not supported"},
		{"ForEach", "Resources: {'Fn::ForEach::X': [a, [b], {}]}", "Encountered unsupported function: Fn::ForEach"},
		{"a resource left out by its condition", "Conditions: {C: !Equals [a, b]}\nResources: {A: {Type: T, Condition: C}, B: {Type: T, Properties: {X: !Ref A}}}", "Unresolved resource dependencies [A]"},
		{"an output of what is left out", "Conditions: {C: !Equals [a, b]}\nResources: {A: {Type: T, Condition: C}, B: {Type: T}}\nOutputs: {O: {Value: !Ref A}}", "in the Outputs block of the template"},
		{"an output without value", "Resources: {A: {Type: T}}\nOutputs: {O: {Description: x}}", "Every Outputs member must contain a Value object"},
		{"an odd deletion policy", "Resources: {A: {Type: T, DeletionPolicy: Keep}}", "Unrecognized DeletionPolicy Keep for resource A"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := tryBind(c.in, env())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("\ngot  %v\nwant %s", err, c.want)
			}
			if e := new(Error); err != nil && !errors.As(err, &e) {
				t.Errorf("%T is not an *Error", err)
			}
		})
	}
}

func TestErrorsSayWhereAndSuggest(t *testing.T) {
	_, err := tryBind("Resources:\n  Table: {Type: T}\n  A:\n    Type: T\n    Properties:\n      X: !Ref Tabel\n", env())
	e, _ := err.(*Error)
	if e == nil || e.Line != 6 || e.Path != "Resources.A.Properties.X.Ref" && e.Path != "Resources.A.X.Ref" || !strings.Contains(e.Hint, "Table") {
		t.Errorf("%+v", err)
	}
}

func TestEvaluationRefusals(t *testing.T) {
	for in, want := range map[string]string{
		`!Select [9, !Ref L]`:          "Fn::Select cannot select nonexistent value at index 9",
		`!FindInMap [M, x, k]`:         "Template error: Unable to get mapping for M::x::k",
		`!FindInMap [Q, x, k]`:         "Mapping named 'Q' is not present",
		`!ImportValue gone`:            "No export named gone found.",
		`!If [Maybe, a, b]`:            "unresolved condition dependency: Maybe",
		`!Join [a]`:                    "Template error: every Fn::Join object requires two parameters",
		`{Fn::Transform: {Name: X}}`:   "Encountered unsupported function: Fn::Transform",
		`!Sub ["${x}", {x: [1]}]`:      "must be a string",
		`!Join [",", [{Fn::Nope: x}]]`: "Encountered unsupported function: Fn::Nope",
	} {
		_, err := bind(t, functions+in, env()).Properties("R", made{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
}

func TestParameters(t *testing.T) {
	const tmpl = `
Parameters:
  S: {Type: String, AllowedPattern: "[a-z]+", MinLength: 2, MaxLength: 4, Default: abc}
  N: {Type: Number, MinValue: 1, MaxValue: 9, Default: 5}
  A: {Type: String, AllowedValues: [x, 1], Default: 1}
  D: {Type: String, AllowedPattern: "[0-9]+", ConstraintDescription: digits please, Default: 7}
  L: {Type: List<Number>, Default: "1,2"}
  Need: {Type: String, NoEcho: true}
Resources: {R: {Type: T}}`
	for _, c := range []struct{ params, want string }{
		{"", "Parameters: [Need] must have values"},
		{"Need x Extra y", "Parameters: [Extra] do not exist in the template"},
		{"Need x", ""}, {"Need x S ab N 9 A x D 12 L 4,5", ""},
		{"Need x S ABC", "Parameter 'S' must match pattern [a-z]+"}, {"Need x S ab1", "must match pattern"},
		{"Need x S a", "Parameter 'S' must contain at least 2 characters"}, {"Need x S abcde", "Parameter 'S' must contain at most 4 characters"},
		{"Need x N 0", "Parameter 'N' must be a number not less than 1"}, {"Need x N 10", "Parameter 'N' must be a number not greater than 9"},
		{"Need x N x", "Parameter 'N' must be a number"}, {"Need x L 1,x", "Parameter 'L' must be a number"},
		{"Need x A y", "Parameter 'A' must be one of AllowedValues"},
		{"Need x D x", "Parameter 'D' failed to satisfy constraint: digits please"},
	} {
		b, err := tryBind(tmpl, env(strings.Fields(c.params)...))
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.params, err)
			} else if p := b.Parameters(); len(p) != 6 || !p[5].NoEcho || p[5].Value != "x" {
				t.Errorf("%+v", p)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.params, err, c.want)
		}
	}
}

func TestLevels(t *testing.T) {
	b := bind(t, `
Conditions: {Nope: !Equals [a, b]}
Resources:
  E: {Type: T, Properties: {X: !If [Nope, !Ref D, x], Y: !Sub "${A}"}}
  D: {Type: T, DependsOn: [B, C]}
  C: {Type: T, Properties: {X: !GetAtt A.Arn}}
  B: {Type: T, UpdatePolicy: {U: !Ref A}}
  A: {Type: T}
  Gone: {Type: T, Condition: Nope, DependsOn: A}
  F: {Type: T, DependsOn: Gone}`, env())
	if got, want := fmt.Sprint(b.Levels()), "[[A F] [E C B] [D]]"; got != want {
		t.Errorf("levels %s, want %s", got, want)
	}
	if got := fmt.Sprint(b.Dependencies("D"), b.Dependents("A")); got != "[B C] [B C E]" {
		t.Error(got)
	}
	if len(b.Resources()) != 6 || b.Resource("Gone") != nil {
		t.Error("Gone is there")
	}
}

// Every resource stands after all that it needs, whatever the graph.
func TestLevelsRespectDependencies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "n")
		var text strings.Builder
		text.WriteString("Resources:\n")
		for i := range n {
			fmt.Fprintf(&text, "  R%d: {Type: T, Properties: {P: [", i)
			for j := range i {
				if rapid.Bool().Draw(t, "edge") {
					fmt.Fprintf(&text, "!Ref R%d, ", j)
				}
			}
			text.WriteString("x]}}\n")
		}
		b, err := tryBind(text.String(), env())
		if err != nil {
			t.Fatal(err)
		}
		level, count := map[string]int{}, 0
		for i, ids := range b.Levels() {
			for _, id := range ids {
				level[id] = i
				count++
			}
		}
		if count != n {
			t.Fatalf("%d of %d resources are placed", count, n)
		}
		for id := range level {
			for _, d := range b.Dependencies(id) {
				if level[d] >= level[id] {
					t.Fatalf("%s stands at %d, %s which it needs at %d", id, level[id], d, level[d])
				}
			}
		}
	})
}

func TestOutputs(t *testing.T) {
	b := bind(t, `
Conditions: {Nope: !Equals [a, b]}
Resources: {A: {Type: T}}
Outputs:
  One: {Value: !GetAtt A.Arn, Description: d, Export: {Name: !Sub "${AWS::StackName}-arn"}}
  Two: {Value: 5}
  Three: {Value: x, Condition: Nope}`, env())
	got, err := b.Outputs(made{})
	want := []OutputValue{{"One", "att-A-Arn", "d", "s-arn"}, {"Two", "5", "", ""}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v %v", got, err)
	}
	b = bind(t, "Resources: {A: {Type: T}}\nOutputs: {O: {Value: [a]}}", env())
	if _, err := b.Outputs(made{}); err == nil || !strings.Contains(err.Error(), "must evaluate to a String") {
		t.Error(err)
	}
}

func TestDiff(t *testing.T) {
	const old = `
Parameters: {Size: {Type: String, Default: small}}
Resources:
  Keep: {Type: T, Properties: {X: !Ref Change}}
  Change: {Type: T, Properties: {Size: !Ref Size, Name: a, Tags: [t]}}
  Uses: {Type: T, Properties: {Arn: !GetAtt Change.Arn}}
  Drop: {Type: T}`
	replaces := func(_, property string) Replacement {
		if property == "Name" || property == "Arn" {
			return ReplaceTrue
		}
		return Never
	}
	show := func(new string, params ...string) string {
		t.Helper()
		changes, err := Diff(bind(t, old, env()), bind(t, new, env(params...)), made{}, replaces)
		if err != nil {
			return err.Error()
		}
		var out []string
		for _, c := range changes {
			s := fmt.Sprintf("%s %s %s", c.Action, c.ID, c.Replacement)
			for _, d := range c.Details {
				s += fmt.Sprintf(" (%s.%s %s %s static=%v)", d.Attribute, d.Name, d.Source, d.CausingEntity, d.Static)
			}
			out = append(out, strings.TrimSpace(s))
		}
		return strings.Join(out, "\n")
	}
	for _, c := range []struct{ name, new, want string }{
		{"nothing", old, ""},
		{"a direct change", strings.Replace(old, "Tags: [t]", "Tags: [u]", 1),
			"Modify Change Never (Tags.Tags DirectModification  static=true)\nModify Uses Conditionally (Properties.Arn ResourceAttribute Change.Arn static=false)"},
		{"a replacement", strings.Replace(old, "Name: a", "Name: b", 1),
			"Modify Keep Never (Properties.X ResourceReference Change static=false)\nModify Change Always (Properties.Name DirectModification  static=true)\n" +
				"Modify Uses Conditionally (Properties.Arn ResourceAttribute Change.Arn static=false)"},
		{"add and remove", strings.Replace(old, "Drop:", "New:", 1), "Add New\nRemove Drop"},
		{"an attribute", strings.Replace(old, "Drop: {Type: T", "Drop: {Type: T, DeletionPolicy: Retain", 1), "Modify Drop Never (DeletionPolicy. DirectModification  static=true)"},
		{"another type", strings.Replace(old, "Drop: {Type: T", "Drop: {Type: U", 1),
			"Update of resource type is not permitted. The new template modifies resource type of the following resources: [Drop]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := show(c.new); got != c.want {
				t.Errorf("\ngot\n%s\nwant\n%s", got, c.want)
			}
		})
	}
	want := "Modify Change Never (Properties.Size ParameterReference Size static=true)\nModify Uses Conditionally (Properties.Arn ResourceAttribute Change.Arn static=false)"
	if got := show(old, "Size", "big"); got != want {
		t.Errorf("a parameter:\n%s", got)
	}
}

// Whatever the template, it is refused or understood, without a panic.
func FuzzTemplate(f *testing.F) {
	f.Add([]byte(functions + "!Ref P"))
	f.Add([]byte(`{"Resources":{"A":{"Type":"T","Properties":{"X":{"Fn::Sub":["${a}",{"a":{"Fn::GetAtt":["A","B"]}}]}}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := tryBind(string(data), env())
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		for _, r := range b.Resources() {
			b.Properties(r.ID, made{})
		}
		b.Outputs(made{})
		if changes, err := Diff(b, b, made{}, nil); err == nil && len(changes) > 0 {
			t.Fatalf("differs from itself: %+v", changes)
		}
	})
}
