package environment

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func nodeFunction(t *testing.T, handler string, files map[string]string) Function {
	f := goFunction()
	f.Name, f.Runtime, f.Handler, f.MemoryMB = "n", "nodejs20.x", handler, 256
	f.CodeDir = code(t, files)
	return f
}

func TestNodeHandlers(t *testing.T) {
	for name, c := range map[string]struct{ file, source, event, want string }{
		"async":              {"index.js", `exports.handler = async (e) => ({got: e.a})`, `{"a":1}`, `{"got":1}`},
		"plain value":        {"index.js", `exports.handler = (e, c, cb) => cb(null, e.a)`, `{"a":[1,"ä"]}`, `[1,"ä"]`},
		"callback later":     {"index.js", `exports.handler = (e, c, cb) => { setTimeout(() => cb(null, "late"), 20) }`, `{}`, `"late"`},
		"waits for the loop": {"index.js", `exports.handler = (e, c, cb) => { const o = {n: 0}; setTimeout(() => { o.n = 1 }, 30); cb(null, o) }`, `{}`, `{"n":1}`},
		"does not wait":      {"index.js", `exports.handler = (e, c, cb) => { c.callbackWaitsForEmptyEventLoop = false; setTimeout(() => {}, 60000); cb(null, "now") }`, `{}`, `"now"`},
		"never answers":      {"index.js", `exports.handler = () => new Promise(() => {})`, `{}`, `null`},
		"undefined":          {"index.js", `exports.handler = async () => {}`, `{}`, `null`},
		"module .mjs":        {"index.mjs", `export const handler = async () => "esm"`, `{}`, `"esm"`},
		"top-level await":    {"index.mjs", `const v = await Promise.resolve("tla"); export const handler = async () => v`, `{}`, `"tla"`},
		"module .cjs":        {"index.cjs", `exports.handler = async () => "cjs"`, `{}`, `"cjs"`},
		"nested export":      {"index.js", `exports.api = {handler: async () => "nested"}`, `{}`, `"nested"`},
		"context": {"index.js", `exports.handler = async (e, c) => { const left = c.getRemainingTimeInMillis(); return [c.functionName, c.functionVersion, c.memoryLimitInMB, c.invokedFunctionArn, left > 4000 && left <= 5000, process.cwd(), require("os").userInfo().username]}`,
			`{}`, `["n","1","256","arn:aws:lambda:us-east-1:000000000000:function:f",true,"/var/task","sbx_user1051"]`},
	} {
		t.Run(name, func(t *testing.T) {
			handler := "index.handler"
			if name == "nested export" {
				handler = "index.api.handler"
			}
			e, _ := start(t, nodeFunction(t, handler, map[string]string{c.file: c.source}))
			for range 2 {
				if o := invoke(t, e, c.event); string(o.Payload) != c.want || o.Status != Success {
					t.Fatalf("got %s %s, want %s", o.Status, o.Payload, c.want)
				}
			}
		})
	}
}

func TestNodePackageTypeModule(t *testing.T) {
	e, _ := start(t, nodeFunction(t, "src/app.handler", map[string]string{
		"package.json": `{"type":"module"}`, "src/app.js": `import {v} from "./v.js"; export const handler = async () => v`, "src/v.js": `export const v = "typed"`,
	}))
	if got := ask[string](t, e, `{}`); got != "typed" {
		t.Error(got)
	}
}

func TestNodeErrors(t *testing.T) {
	for name, c := range map[string]struct {
		source, kind, message string
		status                Status
	}{
		"thrown":      {`class Mine extends Error { constructor(m) { super(m); this.name = "Mine" } }; exports.handler = async () => { throw new Mine("bad") }`, "Mine", "bad", Failed},
		"callback":    {`exports.handler = (e, c, cb) => cb(new TypeError("cb"))`, "TypeError", "cb", Failed},
		"text":        {`exports.handler = async () => { throw "words" }`, "string", "words", Failed},
		"circular":    {`exports.handler = async () => { const a = {}; a.a = a; return a }`, "Runtime.UnserializableResponse", "Unable to stringify response body", Failed},
		"uncaught":    {`exports.handler = (e, c, cb) => { setTimeout(() => { throw new Error("boom") }, 5) }`, "Error", "boom", Failed},
		"rejection":   {`exports.handler = (e, c, cb) => { Promise.reject(new Error("lost")); setTimeout(cb, 100) }`, "Runtime.UnhandledPromiseRejection", "Error: lost", Failed},
		"exit":        {`exports.handler = async () => process.exit(7)`, "Runtime.ExitError", "exit status 7", Crashed},
		"at load":     {`throw new RangeError("load")`, "RangeError", "load", Crashed},
		"no export":   {`exports.other = 1`, "Runtime.HandlerNotFound", "index.handler is undefined or not exported", Crashed},
		"not a func":  {`exports.handler = 1`, "Runtime.HandlerNotFound", "index.handler is not a function", Crashed},
		"syntax":      {`exports.handler = (`, "Runtime.UserCodeSyntaxError", "SyntaxError: ", Crashed},
		"bad require": {`require("nothere"); exports.handler = 1`, "Runtime.ImportModuleError", "Error: Cannot find module 'nothere'", Crashed},
	} {
		t.Run(name, func(t *testing.T) {
			e, _ := start(t, nodeFunction(t, "index.handler", map[string]string{"index.js": c.source}))
			o := invoke(t, e, `{}`)
			failure(t, o, c.status, c.kind, c.message)
			if c.kind == "Mine" {
				var doc struct{ Trace []string }
				if json.Unmarshal(o.Payload, &doc); len(doc.Trace) < 2 || !strings.Contains(doc.Trace[1], "/var/task/index.js") {
					t.Errorf("trace %q", doc.Trace)
				}
			}
		})
	}
	e, _ := start(t, nodeFunction(t, "missing.handler", map[string]string{"index.js": ``}))
	failure(t, invoke(t, e, `{}`), Crashed, "Runtime.ImportModuleError", "Error: Cannot find module 'missing'")
}

func TestNodeConsole(t *testing.T) {
	e, out := start(t, nodeFunction(t, "index.handler", map[string]string{"index.js": `exports.handler = async () => { console.log("a %d", 1, {b: 2}); console.error("two\nlines"); process.stdout.write("raw\n") }`}))
	inv := invocation(`{}`)
	if _, err := e.Invoke(t.Context(), inv); err != nil {
		t.Fatal(err)
	}
	got := out.get()
	if len(got) != 3 || got[2] != "raw" {
		t.Fatalf("%q", got)
	}
	stamp := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t`)
	for i, want := range []string{inv.RequestID + "\tINFO\ta 1 { b: 2 }", inv.RequestID + "\tERROR\ttwo\rlines"} {
		if !stamp.MatchString(got[i]) || stamp.ReplaceAllString(got[i], "") != want {
			t.Errorf("%q, want %q", got[i], want)
		}
	}
}

func TestNodeStreaming(t *testing.T) {
	e, _ := start(t, nodeFunction(t, "index.handler", map[string]string{"index.js": `exports.handler = awslambda.streamifyResponse(async (e, s) => {
		s.setContentType("text/plain"); s.write("one "); await new Promise(r => setTimeout(r, 10)); s.write("two");
		if (e.fail) throw new Error("halfway"); s.end() })`}))
	if o := invoke(t, e, `{}`); string(o.Payload) != "one two" || o.ContentType != "text/plain" {
		t.Errorf("%+v", o)
	}
	failure(t, invoke(t, e, `{"fail":true}`), Failed, "Error", "halfway")
	if o := invoke(t, e, `{}`); string(o.Payload) != "one two" {
		t.Errorf("after an error: %+v", o)
	}
}

func TestNodeManyAndLargeEvents(t *testing.T) {
	e, _ := start(t, nodeFunction(t, "index.handler", map[string]string{"index.js": `let n = 0; exports.handler = async (e) => ({n: ++n, size: (e.s || "").length, s: e.s})`}))
	for i := 1; i <= 100; i++ {
		if o := invoke(t, e, `{}`); string(o.Payload) != fmt.Sprintf(`{"n":%d,"size":0}`, i) {
			t.Fatal(string(o.Payload))
		}
	}
	for _, n := range []int{1000, 100_000, 5_000_000} {
		text := strings.Repeat("ä", n/2)
		got := ask[struct {
			Size int
			S    string
		}](t, e, `{"s":"`+text+`"}`)
		if got.Size != n/2 || got.S != text {
			t.Errorf("%d bytes came back as %d", n, len(got.S))
		}
	}
}

func TestNodeInAnOrdinaryEnvironment(t *testing.T) {
	e, _ := start(t, nodeFunction(t, "index.handler", map[string]string{"index.js": `const https = require("https"), dns = require("dns"); exports.handler = async () => [typeof fetch, Object.keys(process.env).sort()]`}))
	got := ask[[]any](t, e, `{}`)
	if got[0] != "function" || slices.Contains(got[1].([]any), any("HOME")) {
		t.Error(got)
	}
}

func TestNodeTimeOutInABusyLoop(t *testing.T) {
	e, _ := start(t, nodeFunction(t, "index.handler", map[string]string{"index.js": `exports.handler = async () => { for (;;); }`}))
	inv := invocation(`{}`)
	inv.Timeout = 200 * time.Millisecond
	o, err := e.Invoke(t.Context(), inv)
	if err != nil {
		t.Fatal(err)
	}
	failure(t, o, TimedOut, "Sandbox.Timedout", "Task timed out after 0.20 seconds")
}

func TestNodeOutOfMemory(t *testing.T) {
	f := nodeFunction(t, "index.handler", map[string]string{"index.js": `exports.handler = async () => { const a = []; for (;;) a.push(Buffer.alloc(1 << 20, 1)) }`})
	f.MemoryMB = 128
	e, _ := start(t, f)
	o := invoke(t, e, `{}`)
	failure(t, o, Crashed, "Runtime.ExitError", "Runtime exited with error: signal: ")
}
