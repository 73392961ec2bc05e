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
