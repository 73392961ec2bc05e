package asl

import (
	"testing"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// FuzzParse: no definition makes Parse or the first step panic, and what is accepted can start.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"StartAt":"","States":{"A":{"Type":"Pass","Next":"A"}}}`, `not a definition`, `{}`, fan, task(""),
		`{"StartAt":"X","States":{"X":{"Type":"Choice","Choices":[{"And":[{"Variable":"$.a","IsNull":true},{"Not":{"Variable":"$$.Execution.Id","StringMatches":"a*"}}],"Next":"Y"}]},"Y":{"Type":"Fail","ErrorPath":"States.Format('{}',$.e)"}}}`,
		`{"QueryLanguage":"JSONata","StartAt":"X","States":{"X":{"Type":"Map","Items":"{% [1..3] %}","ItemProcessor":{"StartAt":"A","States":{"A":{"Type":"Pass","Output":"{% $states %}","End":true}}},"End":true}}}`,
		`{"StartAt":"X","States":{"X":{"Type":"Map","ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"CSV","MaxItemsPath":"$.n"}},"ItemBatcher":{"MaxItemsPerBatch":2},"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED"},"StartAt":"A","States":{"A":{"Type":"Wait","TimestampPath":"$.t","End":true}}},"End":true}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, definition []byte) {
		m, err := Parse(definition)
		if err != nil {
			return
		}
		m.VariableReferences()
		in := jsonvalue.FromValue(jsonvalue.Of("a", []any{1.5, nil, "x"}))
		x := New(Info{ARN: "arn", EventLimit: 100}, in)
		if out := m.Step(x, Start{}, start); len(out.History) == 0 {
			t.Fatal("it did not start")
		}
	})
}

// FuzzStateTest: no state, input, mock or context makes a test panic, and it always comes to a status.
func FuzzStateTest(f *testing.F) {
	for _, seed := range [][4]string{
		{`{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","ResultSelector":{"a.$":"$$"},"Retry":[{"ErrorEquals":["States.ALL"]}],"End":true}`, `{}`, `{"a":1}`, `{"Execution":{}}`},
		{`{"Type":"Map","ItemsPath":"$.v","ToleratedFailureCount":1,"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED"},"StartAt":"S","States":{"S":{"Type":"Pass","End":true}}},"End":true}`, `{"v":[1,2]}`, `[1,2]`, ``},
		{`{"Type":"Parallel","QueryLanguage":"JSONata","Arguments":"{% $states.input %}","Branches":[{"StartAt":"S","States":{"S":{"Type":"Pass","End":true}}}],"Output":"{% $states.result[0] %}","End":true}`, `5`, `[{}]`, ``},
		{`{"StartAt":"S","States":{"S":{"Type":"Wait","SecondsPath":"$.n","End":true}}}`, `{"n":1}`, ``, ``},
		{`{"Type":"Fail","ErrorPath":"$.e"}`, `{"e":"x"}`, ``, ``},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	f.Fuzz(func(t *testing.T, definition, input, mock, context string) {
		in, err := jsonvalue.FromText(input)
		if err != nil {
			return
		}
		test := &StateTest{Definition: []byte(definition), StateName: "S", Input: in, Info: Info{ARN: "arn", Express: true}, Mock: &Mock{Failed: true, Error: "E"}}
		if result, err := jsonvalue.FromText(mock); err == nil {
			test.Mock = &Mock{Result: result}
		}
		if v, err := jsonvalue.Decode([]byte(context)); err == nil {
			test.Context, _ = v.(*Object)
		}
		_, st, err := test.ParseState()
		if err != nil || st == nil {
			return
		}
		result, err := test.Run(start)
		if err != nil {
			t.Fatalf("it parsed, but: %v", err)
		}
		switch result.Status {
		case TestSucceeded, TestFailed, TestRetriable, TestCaught:
		default:
			t.Errorf("status %q", result.Status)
		}
	})
}

// FuzzParseItems: no object makes a reader panic.
func FuzzParseItems(f *testing.F) {
	f.Add("CSV", "FIRST_ROW", "", ",", []byte("a,b\n1,\"2\n\"\n"))
	f.Add("CSV", "GIVEN", "", "PIPE", []byte("1|2|3\n"))
	f.Add("JSON", "", "/a/b", "", []byte(`{"a":{"b":[1]}}`))
	f.Add("JSONL", "", "", "", []byte("1\n{}\n"))
	f.Fuzz(func(t *testing.T, kind, header, pointer, delimiter string, content []byte) {
		items, err := ParseItems(ReaderConfig{InputType: kind, CSVHeaderLocation: header, CSVHeaders: []string{"x"}, ItemsPointer: pointer, CSVDelimiter: delimiter}, content)
		if err == nil && items == nil {
			t.Error("neither items nor an error")
		}
	})
}
