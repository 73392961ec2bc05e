package template

import (
	"strings"
	"testing"
	"time"
)

// nested is a Fn::Sub that mentions the next one twice, to the depth given.
func nested(depth int, innermost string) string {
	return strings.Repeat(`{"Fn::Sub": ["${x}${x}", {"x": `, depth) + innermost + strings.Repeat(`}]}`, depth)
}

func TestFunctionsThatDoubleAtEveryLevelAreBounded(t *testing.T) {
	began := time.Now()
	v, err := bind(t, functions+nested(40, `""`), env()).Properties("R", made{})
	if err != nil {
		t.Fatalf("%v %v", v, err)
	}
	for name, in := range map[string]string{
		"Sub":          nested(40, `"x"`),
		"Join":         `!Join ["` + strings.Repeat("-", 100_000) + `", [a, b, c, d, e, f, g, h, i, j, k, l, m]]`,
		"ToJsonString": strings.Repeat(`{"Fn::ToJsonString": ["\"", `, 30) + `"x"` + strings.Repeat(`]}`, 30),
	} {
		if _, err := bind(t, "Transform: AWS::LanguageExtensions\n"+functions+in, env()).Properties("R", made{}); err == nil || !strings.Contains(err.Error(), "longer than") {
			t.Errorf("%s: %.200v", name, err)
		}
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}
