package asl

import (
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/asl/jsonvalue"
)

func TestChoiceOperators(t *testing.T) {
	const input = `{"s":"foo*bar","n":5,"f":5.0,"b":true,"nil":null,"t":"2026-01-01T00:00:00Z","big":12345678901234567891,"same":"2026-01-01T01:00:00+01:00"}`
	for test, want := range map[string]bool{
		`"Variable":"$.s","StringEquals":"foo*bar"`:                                                  true,
		`"Variable":"$.s","StringMatches":"foo*"`:                                                    true,
		`"Variable":"$.s","StringMatches":"foo\\**r"`:                                                true,
		`"Variable":"$.s","StringMatches":"*baz*"`:                                                   false,
		`"Variable":"$.s","StringMatches":"foo*ba"`:                                                  false,
		`"Variable":"$.s","StringLessThan":"g"`:                                                      true,
		`"Variable":"$.n","NumericEquals":5.0`:                                                       true,
		`"Variable":"$.n","NumericEqualsPath":"$.f"`:                                                 true,
		`"Variable":"$.big","NumericGreaterThan":12345678901234567890`:                               true,
		`"Variable":"$.s","NumericEquals":5`:                                                         false,
		`"Variable":"$.n","StringEquals":"5"`:                                                        false,
		`"Variable":"$.b","BooleanEquals":true`:                                                      true,
		`"Variable":"$.nil","IsNull":true`:                                                           true,
		`"Variable":"$.n","IsNumeric":true`:                                                          true,
		`"Variable":"$.t","IsTimestamp":true`:                                                        true,
		`"Variable":"$.s","IsTimestamp":false`:                                                       true,
		`"Variable":"$.none","IsPresent":false`:                                                      true,
		`"Variable":"$.nil","IsPresent":true`:                                                        true,
		`"Variable":"$.t","TimestampEqualsPath":"$.same"`:                                            true,
		`"Variable":"$.t","TimestampLessThan":"2026-01-01T00:00:00.001Z"`:                            true,
		`"And":[{"Variable":"$.b","IsBoolean":true},{"Variable":"$.n","NumericLessThan":5}]`:         false,
		`"Or":[{"Variable":"$.n","NumericLessThan":5},{"Variable":"$.n","NumericLessThanEquals":5}]`: true,
		`"Not":{"Variable":"$.s","IsString":true}`:                                                   false,
	} {
		r := begin(t, `{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{`+test+`,"Next":"Y"}],"Default":"N"},
			"Y":{"Type":"Pass","Result":true,"End":true},"N":{"Type":"Pass","Result":false,"End":true}}}`, input)
		if got := r.x.Output.Value(); got != want {
			t.Errorf("%s: %v %s", test, got, r.x.Cause)
		}
	}
}

func TestAChoiceOnWhatIsNotThereFails(t *testing.T) {
	r := begin(t, `{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Variable":"$.a","NumericEquals":1,"Next":"Y"}]},"Y":{"Type":"Succeed"}}}`, `{}`)
	want := "An error occurred while executing the state 'C' (entered at the event id #2). Invalid path '$.a': The choice state's condition path references an invalid value."
	if r.x.Error != ErrRuntime || r.x.Cause != want {
		t.Errorf("%s: %s", r.x.Error, r.x.Cause)
	}
}

func TestExpressionsFailWithTheirPlace(t *testing.T) {
	for output, want := range map[string]string{
		`{"a":["{% $none %}"]}`: "The JSONata expression '$none' specified for the field 'Output/a[0]' returned nothing (undefined).",
		`"{% 1 + 'x' %}"`:       "The JSONata expression '1 + 'x'' specified for the field 'Output' threw an error during evaluation. T2002: ",
		`"{% $eval('1') %}"`:    "threw an error during evaluation.",
		`"{% $sum %}"`:          "returned an unsupported result type.",
	} {
		r := begin(t, `{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Pass","Output":`+output+`,"End":true}}}`, `{}`)
		if r.x.Error != ErrQuery || !strings.Contains(r.x.Cause, want) {
			t.Errorf("%s: %s: %s", output, r.x.Error, r.x.Cause)
		}
		if e := r.history[len(r.history)-2]; e.Type != "EvaluationFailed" || e.PreviousEventID != 0 {
			t.Errorf("%s: %+v", output, e)
		}
	}
}

func TestFunctionsThatStepFunctionsAdds(t *testing.T) {
	for expr, want := range map[string]string{
		`$partition([1..5], 2)`:             `[[1,2],[3,4],[5]]`,
		`$range(0, 6, 3)`:                   `[0,3,6]`,
		`$hash('input', 'MD5')`:             `"a43c1b0aa53a0c908810c06ab1ff3967"`,
		`$parse('{"a":[1]}').a`:             `[1]`,
		`$random(3) = $random(3)`:           `true`,
		`$length($uuid())`:                  `36`,
		`$now()`:                            `"2026-01-01T12:00:00.000Z"`,
		`$states.context.State.Name`:        `"A"`,
		`[$states.context.Execution.Input]`: `[{"x":1}]`,
		`$keys($states)`:                    `["input","context"]`,
	} {
		r := begin(t, `{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Pass","Output":`+jsonvalue.Encode("{% "+expr+" %}")+`,"End":true}}}`, `{"x":1}`)
		if got := r.x.Output.String(); r.x.Status != Succeeded || got != want {
			t.Errorf("%s: %s %s, want %s", expr, got, r.x.Cause, want)
		}
	}
}

func TestDataFlowOfJSONPath(t *testing.T) {
	for fields, want := range map[string]string{
		`"InputPath":"$.a"`:                                        `{"b":[1,2]}`,
		`"InputPath":null`:                                         `{}`,
		`"OutputPath":null`:                                        `{}`,
		`"Result":7,"ResultPath":"$.a.c"`:                          `{"a":{"b":[1,2],"c":7}}`,
		`"Result":7,"ResultPath":null`:                             `{"a":{"b":[1,2]}}`,
		`"Parameters":{"all.$":"$.a.b[*]","lit":"$.a"}`:            `{"lit":"$.a","all":[1,2]}`,
		`"Parameters":{"n.$":"States.ArrayLength($.a.b)"}`:         `{"n":2}`,
		`"Parameters":{"x":[{"y.$":"$.a.b[0]"}]}`:                  `{"x":[{"y":1}]}`,
		`"Result":{"k":1},"ResultPath":"$.r","OutputPath":"$.r.k"`: `1`,
		`"Parameters":{"who.$":"$$.Execution.Name"}`:               `{"who":"x"}`,
	} {
		r := begin(t, `{"StartAt":"A","States":{"A":{"Type":"Pass",`+fields+`,"End":true}}}`, `{"a":{"b":[1,2]}}`)
		if got := r.x.Output.String(); r.x.Status != Succeeded || got != want {
			t.Errorf("%s: %s %s, want %s", fields, got, r.x.Cause, want)
		}
	}
}

func TestAFailedIntrinsicCanBeCaught(t *testing.T) {
	r := begin(t, `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"a.$":"States.ArrayGetItem($.l, 9)"},
		"Catch":[{"ErrorEquals":["States.IntrinsicFailure"],"Next":"C"}],"End":true},"C":{"Type":"Pass","OutputPath":"$.Error","End":true}}}`, `{"l":[]}`)
	r.want(Succeeded, `"States.IntrinsicFailure"`)
}

func TestWaits(t *testing.T) {
	for fields, want := range map[string]time.Duration{
		`"Seconds":90`:                              90 * time.Second,
		`"Timestamp":"2026-01-01T12:01:00Z"`:        time.Minute,
		`"Timestamp":"2026-01-01T13:02:00.5+01:00"`: 2*time.Minute + 500*time.Millisecond,
		`"SecondsPath":"$.n"`:                       3 * time.Second,
		`"TimestampPath":"$.t"`:                     time.Hour,
		`"QueryLanguage":"JSONata","Seconds":"{% $states.input.n * 2 %}"`: 6 * time.Second,
	} {
		r := begin(t, `{"StartAt":"W","States":{"W":{"Type":"Wait",`+fields+`,"End":true}}}`, `{"n":3,"t":"2026-01-01T13:00:00Z"}`)
		if got := r.x.NextWake().Sub(start); got != want {
			t.Errorf("%s: %s %s, want %s", fields, got, r.x.Cause, want)
		}
		r.after(want).want(Succeeded, "")
	}
	begin(t, `{"StartAt":"W","States":{"W":{"Type":"Wait","Timestamp":"2020-01-01T00:00:00Z","End":true}}}`, `{}`).want(Succeeded, `{}`)
}

func TestVariableReferences(t *testing.T) {
	m, err := Parse([]byte(`{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Pass","Output":"{% ($local := $x; $local + $count($list) & '$no' & $states.input) %}","End":true}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(m.VariableReferences()["A"], " "); got != "list x" {
		t.Error(got)
	}
}
