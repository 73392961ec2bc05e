package intrinsic

import (
	"errors"
	"testing"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// FuzzCall: no text makes Parse or Eval panic; what was read reads back the same, and fails with an *Error only.
func FuzzCall(f *testing.F) {
	for _, seed := range []string{
		`States.Format('{} \{\} {}', $.a, States.Array(1, null, 'x'))`, `States.ArrayRange(-3, 9223372036854775807, 9223372036854775807)`,
		`States.MathRandom(1, 9223372036854775807, 7)`, `States.StringSplit('a,b;c', ',;')`, `States.Base64Decode('aGk=')`,
		`States.JsonMerge($.o, $$.o, false)`, `States.ArrayPartition($v['a,b)'], 2)`, `States.ArrayGetItem(States.ArrayUnique($.l), 1.5)`,
		`States.Hash('x', 'SHA-1')`, `States.StringToJson('\'')`, `States.UUID()`, `States.`,
	} {
		f.Add(seed)
	}
	values := map[byte]any{'o': jsonvalue.MustDecode(`{"a":1}`), 'l': []any{int64(1), "1", nil}, 'a': "text"}
	env := &Env{Random: func() uint64 { return 42 }, Resolve: func(path string) (any, error) { return values[path[len(path)-1]], nil }}
	f.Fuzz(func(t *testing.T, src string) {
		c, err := Parse(src)
		if err != nil {
			return
		}
		again, err := Parse(c.String())
		if err != nil || again.Name != c.Name || len(again.args) != len(c.args) {
			t.Fatalf("%q reads back as %v, %v", c.String(), again, err)
		}
		_, err = c.Eval(env)
		var failure *Error
		if err != nil && !errors.As(err, &failure) {
			t.Errorf("%s failed with a %T: %v", src, err, err)
		}
	})
}
