package environment

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// extensionScript is an external extension: it registers, and logs every event that it gets.
const extensionScript = `#!/usr/bin/env python3
import http.client, json, os, sys, time
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
def call(method, path, body=None, **headers):
    api.request(method, "/2020-01-01/extension/" + path, body, {k.replace("_", "-"): v for k, v in headers.items()})
    r = api.getresponse()
    return r, r.read().decode()
r, body = call("POST", "register", '{"events":["INVOKE","SHUTDOWN"]}', Lambda_Extension_Name="watch")
print("registered", r.status, json.loads(body)["functionName"], flush=True)
ident = r.getheader("Lambda-Extension-Identifier")
while True:
    r, body = call("GET", "event/next", Lambda_Extension_Identifier=ident)
    e = json.loads(body)
    if e["eventType"] == "SHUTDOWN":
        print("shutdown", e["shutdownReason"], e["deadlineMs"] > time.time() * 1000, flush=True)
        sys.exit(0)
    print("invoke", e["requestId"], e["invokedFunctionArn"].split(":")[-1], flush=True)
`

func extensionFunction(t *testing.T, script string) Function {
	t.Helper()
	// The extension runs on the interpreter that the sandbox shows: a system one.
	if _, err := os.Stat("/usr/bin/python3"); err != nil {
		t.Skip("the extension needs /usr/bin/python3: install the package python3")
	}
	f := goFunction()
	f.MemoryMB = 256
	f.Layers = []string{code(t, map[string]string{"extensions/watch": strings.Replace(script, "/usr/bin/env python3", "/usr/bin/python3", 1)})}
	return f
}

func TestAnExternalExtensionHearsOfInvocationsAndTheShutdown(t *testing.T) {
	e, out := start(t, extensionFunction(t, extensionScript))
	if got := out.get(); !slices.Contains(got, "registered 200 f") {
		t.Fatalf("after init: %q", got)
	}
	for range 3 {
		if o := invoke(t, e, `{"a":1}`); o.Status != Success {
			t.Fatalf("%+v", o)
		}
	}
	began := time.Now()
	e.Close(Spindown)
	if took := time.Since(began); took > time.Second {
		t.Errorf("the shutdown took %v although everybody had ended", took)
	}
	got := out.get()
	var invokes int
	for _, l := range got {
		if strings.HasPrefix(l, "invoke 00000000-") && strings.HasSuffix(l, " f") {
			invokes++
		}
	}
	if invokes != 3 || !slices.Contains(got, "shutdown spindown True") {
		t.Errorf("%q", got)
	}
}

func TestAnExtensionIsToldOfTheTimeOut(t *testing.T) {
	e, out := start(t, extensionFunction(t, extensionScript))
	inv := invocation(`{"do":"sleep","n":5000}`)
	inv.Timeout = 200 * time.Millisecond
	o, err := e.Invoke(t.Context(), inv)
	if err != nil {
		t.Fatal(err)
	}
	failure(t, o, TimedOut, "Sandbox.Timedout", "Task timed out after 0.20 seconds")
	e.Close(AfterTimeout)
	if got := out.get(); !slices.Contains(got, "shutdown timeout True") {
		t.Errorf("%q", got)
	}
}

func TestAnExtensionThatEndsFailsTheFunction(t *testing.T) {
	e, _ := start(t, extensionFunction(t, "#!/usr/bin/python3\nimport sys\nsys.exit(5)\n"))
	failure(t, invoke(t, e, `{}`), Crashed, "Extension.Crash", "exit status 5")
}

func TestAStubbornExtensionIsKilled(t *testing.T) {
	e, out := start(t, extensionFunction(t, strings.Replace(extensionScript, "        sys.exit(0)", "        time.sleep(60)", 1)))
	invoke(t, e, `{}`)
	began := time.Now()
	e.Close(Spindown)
	if took := time.Since(began); took < externalGrace || took > externalGrace+time.Second {
		t.Errorf("the shutdown took %v", took)
	}
	if got := out.get(); !slices.Contains(got, "shutdown spindown True") {
		t.Errorf("%q", got)
	}
}
