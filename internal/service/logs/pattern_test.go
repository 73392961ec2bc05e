package logs

import "testing"

func TestPatterns(t *testing.T) {
	const line = `{"level":"ERROR","status":504,"ok":false,"none":null,"who":{"name":"Ann Lee"},"list":[1,{"k":"v"}],"a.b":"dot"}`
	for _, c := range []struct {
		pattern, message string
		want             bool
	}{
		{"", "anything", true},
		{"ERROR", "an ERROR here", true},
		{"ERROR", "an error here", false},
		{"ERROR timeout", "timeout, ERROR", true},
		{"ERROR timeout", "ERROR", false},
		{`"not found"`, "was not found", true},
		{`"not found"`, "found not", false},
		{`"say \"hi\""`, `I say "hi"`, true},
		{"?ERROR ?WARN", "WARN: x", true},
		{"?ERROR ?WARN", "INFO: x", false},
		{"ERROR -Retry", "ERROR: Retry", false},
		{"ERROR -Retry", "ERROR: stop", true},
		{"?WARN ERROR", "ERROR", true},
		{`%5\d\d%`, "status 503", true},
		{`%5\d\d%`, "status 403", false},
		{`{ $.status = 504 }`, line, true},
		{`{ $.status >= 500 && $.level = "ERR*" }`, line, true},
		{`{ $.status < 500 || $.ok IS FALSE }`, line, true},
		{`{ ($.status < 500 || $.ok IS TRUE) && $.level = ERROR }`, line, false},
		{`{ $.who.name = "Ann Lee" }`, line, true},
		{`{ $.who.name != "Ann Lee" }`, line, false},
		{`{ $.list[1].k = "v" }`, line, true},
		{`{ $["a.b"] = "dot" }`, line, true},
		{`{ $.none IS NULL }`, line, true},
		{`{ $.nothing IS NULL }`, line, false},
		{`{ $.nothing NOT EXISTS }`, line, true},
		{`{$.level=%^ERR%}`, line, true},
		{`{ $.status = 504 }`, "status 504", false},
		{`{ $.status = "504" }`, line, false},
	} {
		match, err := compilePattern(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		if got := match == nil || match(c.message); got != c.want {
			t.Errorf("%s on %s: %v", c.pattern, c.message, got)
		}
	}
}

func TestPatternsThatAreWrong(t *testing.T) {
	for _, p := range []string{"[a, b]", `"open`, "%(%", "%open", "{", "{ $.x }", "{ $.x = }", "{ x = 1 }", "{ $.x = 1 } more", "{ $.x > text }", "{ ($.x = 1 }", "{ $.x[*] = 1 }", "-"} {
		if _, err := compilePattern(p); err == nil {
			t.Errorf("%s was accepted", p)
		}
	}
}

func FuzzPattern(f *testing.F) {
	for _, p := range []string{"a -b ?c", `"x y" %z+%`, `{ $.a.b[0] = "c*" && ($.d > 1 || $.e IS NULL) }`, "[x]"} {
		f.Add(p, `{"a":{"b":["cc"]},"d":2}`)
	}
	f.Fuzz(func(t *testing.T, pattern, message string) {
		if match, err := compilePattern(pattern); err == nil && match != nil {
			match(message)
		}
	})
}
