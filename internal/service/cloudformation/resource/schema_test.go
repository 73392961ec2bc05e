package resource

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/headgate/headgate/internal/template"
)

func TestASchemaTellsWhatIsWrongInCloudFormationsWords(t *testing.T) {
	s := schema("A::B::C", `
		Name*
		Size! int
		On bool
		Ratio number
		Any json
		Parts[].Key!
		Parts[].Weights[] number
		Deep.Deeper.Deepest!
	`)
	cases := []struct{ properties, want string }{
		{`{"Size": 1}`, ""},
		{`{"Size": "12", "On": "true", "Ratio": "0.5", "Any": {"x": [1]}, "Name": 7}`, ""},
		{`{"Size": 1, "Parts": [{"Key": "a", "Weights": [1, "2"]}], "Deep": {"Deeper": {"Deepest": "x"}}}`, ""},
		{`{"Size": 1, "Parts": {"Key": "a"}}`, ""}, // one is a list of one
		{`{}`, "#: required key [Size] not found"},
		{`{"Size": 1, "Colour": "red"}`, "Encountered unsupported property Colour"},
		{`{"Size": "many"}`, "#/Size: expected type: Integer, found: String"},
		{`{"Size": 1.5}`, "#/Size: expected type: Integer, found: Number"},
		{`{"Size": 1, "On": "perhaps"}`, "#/On: expected type: Boolean, found: String"},
		{`{"Size": 1, "Ratio": []}`, "#/Ratio: expected type: Number, found: JSONArray"},
		{`{"Size": 1, "Name": {"a": "b"}}`, "#/Name: expected type: String, found: JSONObject"},
		{`{"Size": 1, "Name": null}`, "#/Name: expected type: String, found: Null"},
		{`{"Size": 1, "Parts": [{"Weights": [1]}]}`, "#/Parts/0: required key [Key] not found"},
		{`{"Size": 1, "Parts": [{"Key": "a", "Weights": ["x"]}]}`, "#/Parts/0/Weights/0: expected type: Number, found: String"},
		{`{"Size": 1, "Deep": {"Deeper": {}}}`, "#/Deep/Deeper: required key [Deepest] not found"},
		{`{"Size": 1, "Deep": {"Deeper": {"Deepest": "x", "More": 1}}}`, "Encountered unsupported property More"},
		{`{"Size": 1, "Deep": "flat"}`, "#/Deep: expected type: JSONObject, found: String"},
	}
	for _, c := range cases {
		if got := message(s.Check(read(t, c.properties))); got != c.want {
			t.Errorf("%s: %q, want %q", c.properties, got, c.want)
		}
	}
	if s.Replaces("Name") != template.ReplaceTrue || s.Replaces("Size") != template.Never || s.Replaces("Nothing") != template.Never {
		t.Error("replacement")
	}
}

func TestWhatIsNotEvaluatedYetIsTakenOnTrust(t *testing.T) {
	s := schema("A::B::C", "Size! int\nParts[].Key!\nDeep.Deepest")
	for _, c := range []struct{ properties, want string }{
		{`{"Size": {"Ref": "X"}, "Parts": {"Fn::If": [1, 2, 3]}, "Deep": {"Fn::GetAtt": ["a", "b"]}}`, ""},
		{`{"Size": {"Ref": "X"}, "Parts": [{"Fn::Sub": "x"}]}`, ""},
		{`{"Size": {"Ref": "X", "Other": 1}}`, "#/Size: expected type: Integer, found: JSONObject"},
		{`{"Size": {"Ref": "X"}, "Deep": {"Wrong": {"Ref": "X"}}}`, "Encountered unsupported property Wrong"},
	} {
		if got := message(s.CheckNames(map[string]any(read(t, c.properties)))); got != c.want {
			t.Errorf("%s: %q, want %q", c.properties, got, c.want)
		}
	}
	if err := s.CheckNames(map[string]any{"Size": template.Unknown{ID: "X"}}); err != nil {
		t.Error(err)
	}
}

func read(t *testing.T, s string) Properties {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var p Properties
	if err := d.Decode(&p); err != nil {
		t.Fatal(err)
	}
	return p
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
