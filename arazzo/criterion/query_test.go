package criterion

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/headgate/headgate/arazzo/expression"
)

const order = `<order xmlns:x="urn:x" id="7"><item n="1">bolt</item><item n="2">nut</item><x:note>hi &amp; bye</x:note></order>`

func data(t testing.TB, text string) any {
	t.Helper()
	v, err := decodeJSON(text)
	if err != nil {
		t.Fatalf("the test's data %s: %v", text, err)
	}
	return v
}

func TestSelect(t *testing.T) {
	for _, c := range []struct {
		kind, version, query, from string
		want                       any
	}{
		{"jsonpointer", "", "/a/1", `{"a": [1, 2]}`, json.Number("2")},
		{"jsonpointer", "rfc6901", "", `{"a": 1}`, map[string]any{"a": json.Number("1")}},
		{"jsonpointer", "", "/b", `{"a": 1}`, expression.Undefined},
		{"jsonpointer", "", "#/a", `{"a": null}`, nil},
		{"jsonpath", "", "$.a[1]", `{"a": [1, "x"]}`, "x"},
		{"jsonpath", "", "$.b", `{"a": 1}`, expression.Undefined},
		{"jsonpath", "", "$.a[*]", `{"a": [1, 2]}`, []any{json.Number("1"), json.Number("2")}},
		{"jsonpath", "", "$.a[?@.n == 1].v", `{"a": [{"n": 1, "v": true}]}`, []any{true}},
		{"jsonpath", "", "$..none", `{"a": 1}`, []any{}},
		{"jsonpath", Goessner, "$.a[(@.length-1)]", `{"a": [1, "z"]}`, "z"},
		{"xpath", "", "/order/item[2]", order, "nut"},
		{"xpath", "", "/order/item", order, []any{"bolt", "nut"}},
		{"xpath", "", "/order/@id", order, "7"},
		{"xpath", "", "//item/@n", order, []any{"1", "2"}},
		{"xpath", "", "/order/part", order, expression.Undefined},
		{"xpath", "", "count(/order/item)", order, json.Number("2")},
		{"xpath", "", "1 div 0", order, "+Inf"},
		{"xpath", "", "/order/item = 'nut'", order, true},
		{"xpath", "xpath-10", "string(/order/x:note)", order, "hi & bye"},
		{"xpath", "xpath-30", "/order/item[1]/text()", order, "bolt"},
	} {
		q, err := CompileQuery(c.kind, c.version, c.query)
		if err != nil {
			t.Errorf("%s: %v", c.query, err)
			continue
		}
		var from any = c.from
		if c.kind != "xpath" {
			from = data(t, c.from)
		}
		got, err := q.Select(from)
		if err != nil || expression.IsUndefined(got) != expression.IsUndefined(c.want) || !expression.IsUndefined(got) && !cmp.Equal(got, c.want) {
			t.Errorf("%s selects %#v, %v, want %#v", c.query, got, err, c.want)
		}
	}
	for _, c := range [][2]string{{"xpath", "/a"}, {"xpath", "sum('x')"}} {
		q, err := CompileQuery(c[0], "", c[1])
		if err != nil {
			continue
		}
		if got, err := q.Select(map[string]any{}); err == nil {
			t.Errorf("%s on JSON selects %v", c[1], got)
		}
	}
}

func TestReplace(t *testing.T) {
	for _, c := range []struct {
		name, kind, contentType, target, payload string
		value                                    any
		want                                     string
		places                                   int
	}{
		{"a member", "", "application/json", "/a/b", `{"a": {"b": 1, "c": 2}}`, "x", `{"a":{"b":"x","c":2}}`, 1},
		{"a new member", "", "", "/a/d", `{"a": {"b": 1}}`, true, `{"a":{"b":1,"d":true}}`, 1},
		{"an element", "", "", "/a/0", `{"a": [1, 2]}`, nil, `{"a":[null,2]}`, 1},
		{"a new element", "", "", "/a/-", `{"a": [1]}`, []any{"x"}, `{"a":[1,["x"]]}`, 1},
		{"the element after the last", "", "", "/a/1", `{"a": [1]}`, "x", `{"a":[1,"x"]}`, 1},
		{"all", "", "", "", `{"a": 1}`, "x", `"x"`, 1},
		{"an escaped name", "", "", "/a~1b/~0", `{"a/b": {"~": 1}}`, "x", `{"a/b":{"~":"x"}}`, 1},
		{"no way", "", "", "/a/b/c", `{"a": {}}`, "x", `{"a":{}}`, 0},
		{"no element", "", "", "/a/5", `{"a": [1]}`, "x", `{"a":[1]}`, 0},
		{"through a scalar", "", "", "/a/b", `{"a": 1}`, "x", `{"a":1}`, 0},
		{"a query for one", "jsonpath", "", "$.a.b", `{"a": {}}`, "x", `{"a":{"b":"x"}}`, 1},
		{"a query for many", "jsonpath", "", "$.l[?@.n == 1].v", `{"l": [{"n": 1, "v": 0}, {"n": 2, "v": 0}, {"n": 1, "v": 0}]}`, "x", `{"l":[{"n":1,"v":"x"},{"n":2,"v":0},{"n":1,"v":"x"}]}`, 2},
		{"a query for none", "jsonpath", "", "$..x", `{"l": []}`, "x", `{"l":[]}`, 0},
		{"a query without its type", "", "application/json", "$.a", `{"a": 1}`, "x", `{"a":"x"}`, 1},
		{"nodes within nodes", "jsonpath", "", "$..a", `{"a": {"a": 1}}`, "x", `{"a":"x"}`, 2},
		{"a pointer by its type", "jsonpointer", "application/xml", "/a", `{"a": 1}`, "x", `{"a":"x"}`, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, err := CompileTarget(c.kind, "", c.target, c.contentType)
			if err != nil {
				t.Fatal(err)
			}
			payload := data(t, c.payload)
			for _, from := range []any{payload, c.payload} { // as data, and as text
				got, places, err := q.Replace(from, c.value)
				encoded, _ := json.Marshal(got)
				if err != nil || places != c.places || string(encoded) != c.want {
					t.Errorf("it gives %s at %d places, %v", encoded, places, err)
				}
			}
			if diff := cmp.Diff(data(t, c.payload), payload); diff != "" {
				t.Errorf("the payload was changed\n%s", diff)
			}
		})
	}
}

func TestReplaceInXML(t *testing.T) {
	for _, c := range []struct {
		target string
		value  any
		want   string
		places int
	}{
		{"/order/item[1]", "screw & co", `<item n="1">screw &amp; co</item>`, 1},
		{"/order/item", json.Number("5"), `<item n="1">5</item><item n="2">5</item>`, 2},
		{"/order/@id", json.Number("8"), `<order xmlns:x="urn:x" id="8">`, 1},
		{"/order/item[2]/text()", true, `<item n="2">true</item>`, 1},
		{"/order/none", "x", order, 0},
	} {
		q, err := CompileTarget("", "", c.target, "application/vnd.order+xml; charset=utf-8")
		if err != nil {
			t.Fatal(err)
		}
		got, places, err := q.Replace(order, c.value)
		text, _ := got.(string)
		if err != nil || places != c.places || !strings.Contains(text, c.want) {
			t.Errorf("%s gives %s at %d places, %v", c.target, text, places, err)
		}
		if _, err := parseXML(text); err != nil {
			t.Errorf("%s gives no XML: %v", c.target, err)
		}
	}
	q, err := CompileTarget("xpath", "", "count(/order)", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := q.Replace(order, "x"); err == nil {
		t.Error("a number is replaced")
	}
	if _, _, err := q.Replace("no XML", "x"); err == nil {
		t.Error("text is taken for XML")
	}
}

// TestReplacedValuesAreSelected holds for every place there is: what was
// replaced is selected, and nothing else has changed.
func TestReplacedValuesAreSelected(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c/d", "e~", ""}), 1, 4).Draw(t, "names")
		var payload any = map[string]any{"old": true}
		pointer := ""
		for i := len(names) - 1; i >= 0; i-- {
			payload = map[string]any{names[i]: payload, "other": []any{"x"}}
			pointer = "/" + expression.EscapePointer(names[i]) + pointer
		}
		q, err := CompileQuery("jsonpointer", "", pointer)
		if err != nil {
			t.Fatal(err)
		}
		got, places, err := q.Replace(payload, "new")
		if err != nil || places != 1 {
			t.Fatalf("%s: %d places, %v", pointer, places, err)
		}
		if v, err := q.Select(got); err != nil || v != "new" {
			t.Fatalf("%s: %v, %v", pointer, v, err)
		}
		back, _, err := q.Replace(got, map[string]any{"old": true})
		if err != nil || !cmp.Equal(back, payload) {
			t.Fatalf("%s: %v became %v, %v", pointer, payload, back, err)
		}
	})
}

func TestQueriesRefuse(t *testing.T) {
	for _, c := range [][3]string{
		{"regex", "", "a"}, {"simple", "", "a"}, {"", "", "a"}, {"jsonpath", "", "a"}, {"jsonpath", "", "$.a == 1"}, {"jsonpath", "1", "$"},
		{"jsonpointer", "", "a"}, {"jsonpointer", "", "/~2"}, {"xpath", "", "/a["}, {"xpath", "", ""}, {"xpath", "", "let $x := 1 return $x"},
	} {
		if _, err := CompileQuery(c[0], c[1], c[2]); err == nil {
			t.Errorf("%v is taken", c)
		}
	}
}
