package criterion

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/headgate/headgate/arazzo/expression"
)

const body = `{"State": "Active", "count": 3, "ratio": 0.5, "big": 9007199254740993, "yes": true, "no": false, "none": null, "zero": 0, "empty": "", "text": "12",
  "name": "it's", "items": [{"id": 1, "tags": ["a", "b"]}, {"id": 2}], "object": {"x": 1}, "same": {"x": 1.0}, "length": 7, "quote": "a\"b"}`

func environment(t testing.TB) *expression.Values {
	t.Helper()
	v, err := decodeJSON(body)
	if err != nil {
		t.Fatal(err)
	}
	return &expression.Values{
		Method: "GET", StatusCode: 404,
		Response: &expression.Message{Header: http.Header{"X-Count": {"10"}, "X-Flag": {"True"}}, Body: v},
		Inputs: map[string]any{"wanted": "active", "n": json.Number("3"), "quote": `a"b`, "xml": `<order id="7" note="n"><item n="1">bolt</item><item n="2">nut</item><total>3.5</total><none/></order>`,
			"json": `{"a": [1, 2]}`, "pattern": "Act"},
	}
}

func TestSimpleConditions(t *testing.T) {
	env := environment(t)
	for condition, want := range map[string]bool{
		"$statusCode == 404":                                 true,
		"$statusCode==404":                                   true,
		"$statusCode != 404":                                 false,
		"404 == $statusCode":                                 true,
		"$statusCode == 404.0":                               true,
		"$statusCode >= 400 && $statusCode < 500":            true,
		"$statusCode == 200 || $statusCode == 404 && false":  false,
		"($statusCode == 200 || $statusCode == 404) && true": true,
		"!($statusCode == 200)":                              true,
		"!$response.body.yes":                                false,
		"!!$response.body.yes":                               true,
		"!$response.body.no && true":                         true,
		// Strings compare without regard to case.
		"$response.body.State == 'active'":        true,
		"$response.body#/State == 'ACTIVE'":       true,
		"$response.body#/State != 'active'":       false,
		"$response.body#/State == $inputs.wanted": true,
		"$response.body.State < 'B'":              true,
		"$response.body.State > 'aa'":             true,
		"$response.body.name == 'it''s'":          true,
		"'' == $response.body.empty":              true,
		"'a' < 'B'":                               true,
		// Numeric strings are coerced.
		"$response.header.X-Count > 9":           true,
		"$response.header.x-count == 10":         true,
		"$response.header.X-Count == '10'":       true,
		"$response.header.X-Count == 10.0":       true,
		"'10' > '9'":                             true,
		"'10' == '10.0'":                         false,
		"'x' > 1":                                false,
		"'x' < 1":                                false,
		"' 5 ' == 5":                             true,
		"'0x10' == 16":                           false,
		"$response.body.text == 12":              true,
		"$response.header.X-Flag == true":        true,
		"$response.body.yes == 'true'":           true,
		"$response.body.yes == 1":                false,
		"$response.body.big == 9007199254740993": true,
		"$response.body.big == 9007199254740992": false,
		"$response.body.ratio == 5e-1":           true,
		"-1 < +1":                                true,
		".5 == 0.5":                              true,
		// Null equals only null; what is not set is null.
		"null == null":                       true,
		"$response.body.none == null":        true,
		"$response.body.missing == null":     true,
		"$response.header.X-Missing == null": true,
		"$response.header.X-Missing != null": false,
		"$response.body.count != null":       true,
		"$response.body.zero == null":        false,
		"$response.body.empty == null":       false,
		"$response.body.none == false":       false,
		"$response.body.none < 1":            false,
		"$response.body.none >= null":        false,
		"$response.body.none == 'null'":      false,
		// Dereferencing.
		"$response.body.items[0].id == 1":                              true,
		"$response.body.items[1]['id'] == 2":                           true,
		"$response.body['items'][0].tags[1] == 'b'":                    true,
		"$response.body#/items/1/id == 2":                              true,
		"$response.body#/items[1].id == 2":                             true,
		"$response.body.items[5].id == null":                           true,
		"$response.body.items[-1] == null":                             true,
		"$response.body.items[$response.body.items[0].id].id == 2":     true,
		"$response.body.object.x.y.z == null":                          true,
		"$response.body.object == $response.body.same":                 true,
		"$response.body.items == $response.body.object":                false,
		"$response.body.items[0].tags == $response.body.items[0].tags": true,
		// Leniencies.
		"$response.body.items.length == 2":       true,
		"$response.body#/items.length > 1":       true,
		"$response.body.State.length == 6":       true,
		"$response.body.length == 7":             true,
		"$response.body.State == \"Active\"":     true,
		"$response.body.State == Active":         true,
		"$statusCode === 404 and $method == GET": true,
		"$statusCode == 1 or $method == 'get'":   true,
		"{$statusCode} == 404":                   true,
		"'{$statusCode}-{$method}' == '404-get'": true,
		"'a{b}c' == 'A{B}C'":                     true,
		// Truthiness of what stands alone.
		"true":                   true,
		"false":                  false,
		"null":                   false,
		"$response.body.yes":     true,
		"$response.body.no":      false,
		"$response.body.none":    false,
		"$response.body.missing": false,
		"$response.body.count":   true,
		"$response.body.zero":    false,
		"$response.body.State":   true,
		"$response.body.empty":   false,
		"$response.body.items":   true,
		"$response.body":         true,
	} {
		c, err := Compile(Spec{Condition: condition, Minor: 1})
		if err != nil {
			t.Errorf("%s: %v", condition, err)
			continue
		}
		got := c.Evaluate(env)
		if got.Err != nil || got.Passed != want {
			t.Errorf("%s is %v (%v), want %v", condition, got.Passed, got.Err, want)
		}
		if (got.Reason == "") != got.Passed {
			t.Errorf("%s is %v with the reason %q", condition, got.Passed, got.Reason)
		}
	}
}

func TestStrictRefusesLeniencies(t *testing.T) {
	env := environment(t)
	for _, spec := range []Spec{
		{Condition: `$response.body.items.length > 1`},
		{Condition: `$method == GET`},
		{Condition: `$method == "GET"`},
		{Condition: `$statusCode == 1 or true`},
		{Condition: `$response.headers.a == 1`},
		{Condition: `$.State == 'Active'`, Type: "jsonpath", Context: "$response.body"},
		{Condition: `$.State == 'Active'`, Context: "$response.body"},
		{Condition: `$[?@.State]`, Context: "$response.body"},
		{Condition: `!($.State == 'Active')`},
		{Condition: `/^4/`, Type: "regex", Context: "$statusCode"},
	} {
		if _, err := Compile(spec); err != nil {
			t.Errorf("%s is refused by default: %v", spec.Condition, err)
		}
		spec.Strict, spec.Minor = true, 1
		_, err := Compile(spec)
		var leniency *LeniencyError
		if !errors.As(err, &leniency) || !strings.HasPrefix(leniency.Warning.Rule, "lenient-") {
			t.Errorf("%s gives %v in strict, want a leniency with a rule", spec.Condition, err)
		}
	}
	for condition, want := range map[string]bool{
		"$response.body.yes":              true,
		"$response.body.count":            false,
		"$response.body.State && true":    false,
		"$response.header.X-Flag == true": false,
		"$response.header.X-Count > 9":    true,
		"!$response.body.State":           true,
	} {
		c, err := Compile(Spec{Condition: condition, Strict: true, Minor: 1})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Evaluate(env); got.Passed != want {
			t.Errorf("%s is %v in strict (%s)", condition, got.Passed, got.Reason)
		}
	}
}

func TestOtherLanguages(t *testing.T) {
	env := environment(t)
	const at = "$response.body"
	for _, c := range []struct {
		name string
		spec Spec
		want bool
	}{
		{"regex on a number", Spec{Type: "regex", Context: "$statusCode", Condition: `^4\d{2}$`}, true},
		{"regex is not anchored", Spec{Type: "regex", Context: "$response.body#/State", Condition: `ctiv`}, true},
		{"regex regards case", Spec{Type: "regex", Context: "$response.body#/State", Condition: `active`}, false},
		{"regex with flags", Spec{Type: "regex", Context: "$response.body#/State", Condition: `(?i)active`}, true},
		{"regex in slashes", Spec{Type: "regex", Context: "$response.body#/State", Condition: `/ACTIVE/i`}, true},
		{"regex with a code point", Spec{Type: "regex", Context: "$response.body#/State", Condition: `\u0041ctive`}, true},
		{"regex on nothing", Spec{Type: "regex", Context: "$response.body#/missing", Condition: `.*`}, false},
		{"regex on null", Spec{Type: "regex", Context: "$response.body#/none", Condition: `.*`}, false},
		{"regex with an expression", Spec{Type: "regex", Context: "$response.body#/State", Condition: `^{$inputs.pattern}ive$`}, true},
		{"regex with a bad expression", Spec{Type: "regex", Context: "$response.body#/State", Condition: `[{$inputs.none}`}, false},

		{"query that selects", Spec{Type: "jsonpath", Context: at, Condition: `$.items[?@.id == 2]`}, true},
		{"query that selects null", Spec{Type: "jsonpath", Context: at, Condition: `$.none`}, true},
		{"query that selects nothing", Spec{Type: "jsonpath", Context: at, Condition: `$.items[?@.id == 3]`}, false},
		{"query on an element", Spec{Type: "jsonpath", Context: at + "#/items/0", Condition: `$.tags[?@ == 'b']`}, true},
		{"query on nothing", Spec{Type: "jsonpath", Context: at + "#/missing", Condition: `$`}, false},
		{"query on text of JSON", Spec{Type: "jsonpath", Context: "$inputs.json", Condition: `$.a[1]`}, true},
		{"query on other text", Spec{Type: "jsonpath", Context: "$inputs.wanted", Condition: `$.a`}, false},
		{"comparison on the context", Spec{Type: "jsonpath", Context: at, Condition: `$.State == "Active"`}, true},
		{"comparison that does not hold", Spec{Type: "jsonpath", Context: at, Condition: `$.State == "Failed"`}, false},
		{"comparison with what is missing", Spec{Type: "jsonpath", Context: at, Condition: `$.token != null`}, false},
		{"length on the context", Spec{Type: "jsonpath", Context: at, Condition: `$.items.length > 0`}, true},
		{"draft", Spec{Type: "jsonpath", Version: Goessner, Context: at, Condition: `$.items[(@.length-1)].id`}, true},
		{"draft with length", Spec{Type: "jsonpath", Version: Goessner, Context: at, Condition: `$.items[?(@.tags.length == 2)]`}, true},
		{"query with an expression", Spec{Type: "jsonpath", Context: at, Condition: `$[?@ == "{$inputs.quote}"]`}, true},
		{"query with a number", Spec{Type: "jsonpath", Context: at, Condition: `$[?@ == {$inputs.n}]`}, true},
		{"query that an input breaks", Spec{Type: "jsonpath", Context: at, Condition: `$[?@ == {$inputs.quote}]`}, false},

		{"path that selects", Spec{Type: "xpath", Context: "$inputs.xml", Condition: `/order/item`}, true},
		{"path that selects nothing", Spec{Type: "xpath", Context: "$inputs.xml", Condition: `/order/part`}, false},
		{"path that is true", Spec{Type: "xpath", Context: "$inputs.xml", Condition: `count(/order/item) > 1`}, true},
		{"path that is false", Spec{Type: "xpath", Context: "$inputs.xml", Condition: `/order/total > 4`}, false},
		{"path with a number", Spec{Type: "xpath", Context: "$inputs.xml", Condition: `/order/total > {$inputs.n}`}, true},
		{"path that is zero", Spec{Type: "xpath", Context: "$inputs.xml", Condition: `count(/order/part)`}, false},
		{"path that is text", Spec{Type: "xpath", Context: "$inputs.xml", Condition: `string(/order/item[1])`}, true},
		{"path that is no text", Spec{Type: "xpath", Context: "$inputs.xml", Condition: `string(/order/none)`}, false},
		{"value comparison of 2.0", Spec{Type: "xpath", Version: "xpath-20", Context: "$inputs.xml", Condition: `/order/@id eq '7' and /order/total lt 4`}, true},
		{"function of 2.0", Spec{Type: "xpath", Context: "$inputs.xml", Condition: `ends-with(/order/item[2], 'ut')`}, true},
		{"path on JSON", Spec{Type: "xpath", Context: at, Condition: `/order`}, false},
		{"path on text", Spec{Type: "xpath", Context: "$inputs.wanted", Condition: `/order`}, false},

		{"pointer", Spec{Type: "jsonpointer", Version: "rfc6901", Context: at, Condition: `/items/1/id`}, true},
		{"pointer to nothing", Spec{Type: "jsonpointer", Version: "rfc6901", Context: at, Condition: `/items/9`}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.spec.Minor = 1
			compiled, err := Compile(c.spec)
			if err != nil {
				t.Fatal(err)
			}
			got := compiled.Evaluate(env)
			if got.Passed != c.want || (got.Reason == "") != c.want {
				t.Errorf("it is %v, %q, %v", got.Passed, got.Reason, got.Err)
			}
		})
	}
}

func TestReasonsAreInWords(t *testing.T) {
	env := environment(t)
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{Spec{Condition: "$statusCode == 200"}, "$statusCode: expected 200, got 404"},
		{Spec{Condition: "200 == $statusCode"}, "$statusCode: expected 200, got 404"},
		{Spec{Condition: "500 < $statusCode"}, "$statusCode: expected more than 500, got 404"},
		{Spec{Condition: "$statusCode >= 500 && true"}, "$statusCode: expected at least 500, got 404"},
		{Spec{Condition: "$statusCode == 200 || $statusCode == 201"}, "$statusCode: expected 200, got 404; and $statusCode: expected 201, got 404"},
		{Spec{Condition: "$response.body#/Status == 'Active'"}, "$response.body#/Status: expected 'Active', got not set"},
		{Spec{Condition: "$response.body.State != 'active'"}, "$response.body.State: expected anything but 'active', got 'Active'"},
		{Spec{Condition: "!$response.body.yes"}, "expected $response.body.yes not to hold"},
		{Spec{Condition: "$response.body.none"}, "$response.body.none: expected true, got null"},
		{Spec{Condition: "^2", Type: "regex", Context: "$statusCode"}, "$statusCode: expected a match of ^2, got 404"},
		{Spec{Condition: "$.x", Type: "jsonpath", Context: "$response.body"}, "$response.body: $.x selects nothing"},
		{Spec{Condition: "$.x", Type: "jsonpath", Context: "$response.body#/x"}, "the context $response.body#/x is not set"},
		{Spec{Condition: "count(//item)=9", Type: "xpath", Context: "$inputs.xml"}, "$inputs.xml: count(//item)=9 is false"},
	} {
		compiled, err := Compile(c.spec)
		if err != nil {
			t.Fatal(err)
		}
		if got := compiled.Evaluate(env); got.Reason != c.want {
			t.Errorf("%s gives %q, want %q", c.spec.Condition, got.Reason, c.want)
		}
	}
}

type brokenEnvironment struct{}

func (brokenEnvironment) Lookup(*expression.Reference) (any, error) {
	return nil, errors.New("the body is cut off")
}

func TestEvaluationErrorsFail(t *testing.T) {
	for _, spec := range []Spec{
		{Condition: "$response.body == 1"},
		{Condition: "$response.body != 1"},
		{Condition: "!$response.body"},
		{Condition: "false || !$response.body.a[0]"},
		{Condition: "1 == '{$response.body}'"},
		{Condition: "$", Type: "jsonpath", Context: "$response.body"},
	} {
		c, err := Compile(spec)
		if err != nil {
			t.Fatal(err)
		}
		got := c.Evaluate(brokenEnvironment{})
		if got.Passed || got.Err == nil || !strings.Contains(got.Reason, "cut off") {
			t.Errorf("%s gives %+v", spec.Condition, got)
		}
	}
	c, err := Compile(Spec{Condition: "true || $response.body"})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Evaluate(brokenEnvironment{}); !got.Passed {
		t.Errorf("|| does not stop at what decides: %+v", got)
	}
}

func TestCompileRefuses(t *testing.T) {
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{Spec{Condition: ""}, "operand is missing"},
		{Spec{Condition: "$statusCode = 200"}, "did you mean ==?"},
		{Spec{Condition: "$statusCode & 1"}, "did you mean &&?"},
		{Spec{Condition: "$statusCode | 1"}, "did you mean ||?"},
		{Spec{Condition: "$statusCode + 1"}, "no arithmetic"},
		{Spec{Condition: "$statusCode =~ '2'"}, "type regex"},
		{Spec{Condition: "$statusCode == 200 == true"}, "chained"},
		{Spec{Condition: "($statusCode"}, "not closed"},
		{Spec{Condition: "$response.body[0"}, "not closed"},
		{Spec{Condition: "'abc"}, "not closed"},
		{Spec{Condition: "{$statusCode"}, "not closed"},
		{Spec{Condition: "$statusCode =="}, "operand is missing"},
		{Spec{Condition: "12abc == 1"}, "is no number"},
		{Spec{Condition: "len($response.body) > 1"}, "no functions"},
		{Spec{Condition: "$.State == 'a'", Type: "jsonpath"}, "must have a context"},
		{Spec{Condition: "$.State = 'a'"}, "type: jsonpath"},
		{Spec{Condition: "$.State == 'a'", Strict: true}, "JSONPath, not a simple condition"},
		{Spec{Condition: "$response.body."}, "a name must follow"},
		{Spec{Condition: strings.Repeat("(", 200)}, "nested"},
		{Spec{Condition: strings.Repeat("!", 200) + "true"}, "nested"},
		{Spec{Condition: strings.Repeat("a", maxCondition+1)}, "too long"},
		{Spec{Condition: "a", Type: "regexp", Context: "$url"}, "no type"},
		{Spec{Condition: "a", Type: "regex"}, "must have a context"},
		{Spec{Condition: "(?=a)", Type: "regex", Context: "$url"}, "look-ahead"},
		{Spec{Condition: "(?<!a)", Type: "regex", Context: "$url"}, "look-behind"},
		{Spec{Condition: `(a)\1`, Type: "regex", Context: "$url"}, "back reference"},
		{Spec{Condition: `(?<x>a)\k<x>`, Type: "regex", Context: "$url"}, "back reference"},
		{Spec{Condition: `(?>a)`, Type: "regex", Context: "$url"}, "atomic"},
		{Spec{Condition: `\cA`, Type: "regex", Context: "$url"}, `\c`},
		{Spec{Condition: "[a", Type: "regex", Context: "$url"}, "no regular expression"},
		{Spec{Condition: "$[", Type: "jsonpath", Context: "$url"}, "bracket"},
		{Spec{Condition: "$..a == 1", Type: "jsonpath", Context: "$url"}, "compare within a filter"},
		{Spec{Condition: "/a[", Type: "xpath", Context: "$url"}, "no XPath"},
		{Spec{Condition: "nope(/a)", Type: "xpath", Context: "$url"}, "no XPath"},
		{Spec{Condition: "if (/a) then 1 else 2", Type: "xpath", Context: "$url"}, "an if expression"},
		{Spec{Condition: "some $x in /a satisfies $x", Type: "xpath", Context: "$url"}, "a some expression"},
		{Spec{Condition: "/a || 'b'", Type: "xpath", Context: "$url"}, "the operator ||"},
		{Spec{Condition: "/a => count()", Type: "xpath", Context: "$url"}, "the operator =>"},
		{Spec{Condition: "/a intersect /b", Type: "xpath", Context: "$url"}, "the operator intersect"},
		{Spec{Condition: "1 to 3", Type: "xpath", Context: "$url"}, "the operator to"},
		{Spec{Condition: "(/a, /b)", Type: "xpath", Context: "$url"}, "a sequence"},
		{Spec{Condition: "map { 'a' : 1 }", Type: "xpath", Context: "$url"}, "constructor of a map"},
		{Spec{Condition: "/a eq 1", Type: "xpath", Version: "xpath-10", Context: "$url"}, "XPath 1.0 lacks"},
		{Spec{Condition: "/a", Type: "xpath", Version: "xpath-40", Context: "$url"}, "no version"},
		{Spec{Condition: "a", Type: "simple", Version: "1"}, "no versions"},
		{Spec{Condition: "a/b", Type: "jsonpointer", Context: "$url"}, "starts with"},
		{Spec{Condition: "true", Context: "url"}, "the context"},
	} {
		_, err := Compile(c.spec)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40s gives %v, want an error with %q", c.spec.Condition, err, c.want)
		}
	}
}

func TestNamesLikeOperatorsStayNames(t *testing.T) {
	env := &expression.Values{Inputs: map[string]any{"xml": "<r><eq>1</eq><to>2</to><if>3</if><for>4</for><union>5</union></r>"}}
	for _, condition := range []string{"/r/eq = 1", "//to", "/r/if", "/r/for[. = 4]", "/r/union or false()", "(/r/eq)", "/r/eq eq 1", "/r/*", "3 * 2 = 6", "concat('a', 'b')", "/r/to[last()]"} {
		c, err := Compile(Spec{Type: "xpath", Context: "$inputs.xml", Condition: condition, Minor: 1})
		if err != nil {
			t.Errorf("%s: %v", condition, err)
			continue
		}
		if got := c.Evaluate(env); !got.Passed {
			t.Errorf("%s: %s", condition, got.Reason)
		}
	}
}

func TestACriterionIsSafeForGoroutines(t *testing.T) {
	env := environment(t)
	for _, spec := range []Spec{
		{Condition: "$response.body.items[0].id == 1"},
		{Condition: "count(/order/item[@n > 0]) = 2", Type: "xpath", Context: "$inputs.xml"},
		{Condition: `$.items[?@.id == {$inputs.n} || @.id == 2]`, Type: "jsonpath", Context: "$response.body", Minor: 1},
	} {
		c, err := Compile(spec)
		if err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				for range 100 {
					if got := c.Evaluate(env); !got.Passed {
						t.Errorf("%s: %s", spec.Condition, got.Reason)
						return
					}
				}
			})
		}
		wait.Wait()
	}
}

func FuzzCompile(f *testing.F) {
	f.Add("$statusCode == 200 && ($response.body.a[0] > 1 || !'x')", "", "")
	f.Add("$[?@.a == '{$inputs.wanted}']", "jsonpath", "")
	f.Add("$.a == 1", "jsonpath", Goessner)
	f.Add(`^2\d(a|b)*$`, "regex", "")
	f.Add("count(/a/b[@c='d']) > 1", "xpath", "xpath-20")
	f.Add("/a/~1", "jsonpointer", "rfc6901")
	env := environment(f)
	f.Fuzz(func(t *testing.T, condition, kind, version string) {
		context := "$response.body"
		if kind == "xpath" {
			context = "$inputs.xml"
		}
		c, err := Compile(Spec{Condition: condition, Type: kind, Version: version, Context: context, Minor: 1})
		if err != nil {
			return
		}
		got := c.Evaluate(env)
		if got.Passed && (got.Err != nil || got.Reason != "") || !got.Passed && got.Reason == "" {
			t.Fatalf("%q gives %+v", condition, got)
		}
		if again := c.Evaluate(env); again.Passed != got.Passed {
			t.Fatalf("%q is %v, then %v", condition, got.Passed, again.Passed)
		}
		if c.simple != nil {
			same, err := Compile(Spec{Condition: c.simple.String(), Minor: 1})
			if err != nil {
				t.Fatalf("%q is written %q: %v", condition, c.simple, err)
			}
			if again := same.Evaluate(env); again.Passed != got.Passed {
				t.Fatalf("%q is %v, written %q it is %v", condition, got.Passed, c.simple, again.Passed)
			}
		}
	})
}

// TestEvaluationAllocatesLittle keeps the garbage of 100,000 steps flat.
func TestEvaluationAllocatesLittle(t *testing.T) {
	env := environment(t)
	for _, c := range []struct {
		spec Spec
		most float64
	}{
		{Spec{Condition: "$statusCode == 404"}, 2},
		{Spec{Condition: "$response.body.items[0].id == 1 && $response.body#/State == 'active'"}, 0},
		{Spec{Condition: `$.State == "Active"`, Type: "jsonpath", Context: "$response.body"}, 2},
		{Spec{Condition: `$.items[?@.id == 2]`, Type: "jsonpath", Context: "$response.body"}, 8},
		{Spec{Condition: `^4\d\d$`, Type: "regex", Context: "$statusCode"}, 3},
	} {
		compiled, err := Compile(c.spec)
		if err != nil {
			t.Fatal(err)
		}
		if got := testing.AllocsPerRun(100, func() { compiled.Evaluate(env) }); got > c.most {
			t.Errorf("%s allocates %v times, at most %v are fine", c.spec.Condition, got, c.most)
		}
	}
}

func BenchmarkEvaluate(b *testing.B) {
	c, err := Compile(Spec{Condition: "$statusCode == 404 && $response.body.items[1].id == 2"})
	if err != nil {
		b.Fatal(err)
	}
	env := environment(b)
	b.ReportAllocs()
	for b.Loop() {
		if !c.Evaluate(env).Passed {
			b.Fatal("it failed")
		}
	}
}

// A criterion that forgets to say type: jsonpath is read as what it can only be.
func TestUntypedJSONPath(t *testing.T) {
	env := &expression.Values{StatusCode: 200, Response: &expression.Message{Body: map[string]any{"State": "Active", "list": []any{"a"}}}, Inputs: map[string]any{"in": map[string]any{"State": "Idle"}}}
	for _, c := range []struct {
		spec Spec
		want bool
	}{
		{Spec{Condition: "$.State == 'Active'", Context: "$response.body"}, true},
		{Spec{Condition: "$.State == 'Idle'", Context: "$response.body"}, false},
		{Spec{Condition: "$.State == 'Idle'", Context: "$inputs.in", Type: "simple"}, true},
		{Spec{Condition: "$.list.length > 0"}, true},
		{Spec{Condition: "$.list[?@ == 'b']"}, false},
	} {
		criterion, err := Compile(c.spec)
		if err != nil {
			t.Errorf("%s: %v", c.spec.Condition, err)
			continue
		}
		if got := criterion.Evaluate(env); got.Passed != c.want {
			t.Errorf("%s gives %+v, want %v", c.spec.Condition, got, c.want)
		}
		if w := criterion.Warnings(); len(w) == 0 || w[0].Rule != "lenient-untyped-jsonpath" {
			t.Errorf("%s is read without a word: %v", c.spec.Condition, w)
		}
	}
}
