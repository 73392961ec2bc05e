package environment

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func pythonFunction(t *testing.T, handler string, files map[string]string) Function {
	f := goFunction()
	f.Name, f.Runtime, f.Handler, f.MemoryMB = "p", "python3.12", handler, 256
	f.CodeDir = code(t, files)
	return f
}

func TestPythonHandlers(t *testing.T) {
	for name, c := range map[string]struct{ handler, file, source, want string }{
		"value":   {"app.handler", "app.py", "def handler(event, context):\n  return {'got': event['a']}", `{"got": [1, "ä"]}`},
		"bytes":   {"app.handler", "app.py", "def handler(event, context):\n  return b'[1]'", `[1]`},
		"none":    {"app.handler", "app.py", "def handler(event, context):\n  pass", `null`},
		"package": {"pkg.mod.handler", "pkg/mod.py", "from . import mod\ndef handler(event, context):\n  return __name__", `"pkg.mod"`},
		"slashes": {"src/app.handler", "src/app.py", "def handler(event, context):\n  return 's'", `"s"`},
		"context": {"app.handler", "app.py", "import os\ndef handler(event, c):\n  left = c.get_remaining_time_in_millis()\n  return [c.function_name, c.function_version, c.memory_limit_in_mb, c.invoked_function_arn, 4000 < left <= 5000, os.getcwd(), c.log_group_name]",
			`["p", "1", "256", "arn:aws:lambda:us-east-1:000000000000:function:f", true, "/var/task", "/aws/lambda/p"]`},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{c.file: c.source}
			if strings.HasPrefix(c.file, "pkg/") {
				files["pkg/__init__.py"] = ""
			}
			e, _ := start(t, pythonFunction(t, c.handler, files))
			if o := invoke(t, e, `{"a":[1,"ä"]}`); string(o.Payload) != c.want || o.Status != Success {
				t.Fatalf("got %s %s, want %s", o.Status, o.Payload, c.want)
			}
		})
	}
}

func TestPythonErrors(t *testing.T) {
	for name, c := range map[string]struct {
		source, kind, message string
		status                Status
	}{
		"raised":     {"class Mine(Exception): pass\ndef inner(): raise Mine('bad')\ndef handler(e, c): inner()", "Mine", "bad", Failed},
		"json":       {"def handler(e, c): return {1, 2}", "Runtime.MarshalError", "Unable to marshal response: Object of type set is not JSON serializable", Failed},
		"exit":       {"import sys\ndef handler(e, c): sys.exit(4)", "Runtime.ExitError", "exit status 4", Crashed},
		"hard exit":  {"import os\ndef handler(e, c): os._exit(0)", "Runtime.ExitError", "Runtime exited without providing a reason", Crashed},
		"at load":    {"raise ValueError('load')", "ValueError", "load", Crashed},
		"no handler": {"x = 1", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'", Crashed},
		"bad import": {"import nothere", "Runtime.ImportModuleError", "Unable to import module 'app': No module named 'nothere'", Crashed},
		"syntax":     {"def handler(:", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'", Crashed},
		"memory":     {"def handler(e, c):\n  a = []\n  while True: a.append(bytearray(b'x') * (1 << 20))", "Runtime.ExitError", "signal: killed", Crashed},
		"abort":      {"import os\ndef handler(e, c): os.abort()", "Runtime.ExitError", "signal: aborted", Crashed},
	} {
		t.Run(name, func(t *testing.T) {
			e, out := start(t, pythonFunction(t, "app.handler", map[string]string{"app.py": c.source}))
			o := invoke(t, e, `{}`)
			if name == "memory" && !memoryGroup() {
				c.status, c.kind, c.message = Failed, "MemoryError", "" // RLIMIT_DATA refuses, it does not kill
			}
			failure(t, o, c.status, c.kind, c.message)
			if c.kind == "Mine" {
				var doc struct{ StackTrace []string }
				json.Unmarshal(o.Payload, &doc)
				if len(doc.StackTrace) != 2 || !strings.HasPrefix(doc.StackTrace[0], "  File \"/var/task/app.py\", line 3, in handler\n") {
					t.Errorf("stack %q", doc.StackTrace)
				}
				if got := out.get(); len(got) != 1 || !strings.HasPrefix(got[0], "[ERROR] Mine: bad\rTraceback (most recent call last):\r") {
					t.Errorf("output %q", got)
				}
			}
		})
	}
}

func TestPythonOutput(t *testing.T) {
	e, out := start(t, pythonFunction(t, "app.handler", map[string]string{"app.py": `import logging, sys
log = logging.getLogger()
log.setLevel("INFO")
def handler(e, c):
  print("printed", 1)
  log.info("logged %s", 2)
  log.debug("hidden")
  print("to stderr", file=sys.stderr)
  sys.stdout.write("no line break")
`}))
	inv := invocation(`{}`)
	if _, err := e.Invoke(t.Context(), inv); err != nil {
		t.Fatal(err)
	}
	got := out.get()
	if len(got) != 4 || got[0] != "printed 1" || got[2] != "to stderr" || got[3] != "no line break" {
		t.Fatalf("%q", got)
	}
	if want := regexp.MustCompile(`^\[INFO\]\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t` + inv.RequestID + "\tlogged 2$"); !want.MatchString(got[1]) {
		t.Errorf("%q", got[1])
	}
}

func TestPythonManyAndLargeEvents(t *testing.T) {
	e, _ := start(t, pythonFunction(t, "app.handler", map[string]string{"app.py": "n = 0\ndef handler(e, c):\n  global n\n  n += 1\n  return [n, e.get('s', '')]"}))
	for i := 1; i <= 100; i++ {
		if o := invoke(t, e, `{}`); string(o.Payload) != fmt.Sprintf(`[%d, ""]`, i) {
			t.Fatal(string(o.Payload))
		}
	}
	text := strings.Repeat("ä", 2_000_000)
	if got := ask[[]any](t, e, `{"s":"`+text+`"}`); got[1] != text {
		t.Error("a large event did not come back")
	}
}

func TestPythonRunsInTheVersionAskedForWhereItIsInstalled(t *testing.T) {
	for _, v := range []string{"3.9", "3.10", "3.11", "3.12", "3.13", "3.14"} {
		t.Run(v, func(t *testing.T) {
			f := pythonFunction(t, "app.handler", map[string]string{"app.py": "import sys, ssl, hashlib, socket\ndef handler(e, c): return '%d.%d' % sys.version_info[:2]"})
			f.Runtime = "python" + v
			e, _ := start(t, f)
			if got := ask[string](t, e, `{}`); got != v && e.Substitute() == "" {
				t.Errorf("ran in %s without saying so", got)
			}
		})
	}
}
