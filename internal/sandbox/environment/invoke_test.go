package environment

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestAnEventComesBack(t *testing.T) {
	e, _ := start(t, goFunction())
	o := invoke(t, e, `{"hello":"world"}`)
	if string(o.Payload) != `{"hello":"world"}` || o.Status != Success || o.FunctionError != "" {
		t.Errorf("got %+v", o)
	}
	if o.InitDuration <= 0 || o.Duration <= 0 || o.MaxMemoryMB < 1 || o.Billed < o.Duration+o.InitDuration {
		t.Errorf("measurements: %+v", o)
	}
	if o := invoke(t, e, `{}`); o.InitDuration != 0 {
		t.Errorf("init reported twice: %v", o.InitDuration)
	}
}

func TestAHundredInvocationsReachTheSameProcess(t *testing.T) {
	e, _ := start(t, goFunction())
	for i := 1; i <= 100; i++ {
		if n := ask[int](t, e, `{"do":"count"}`); n != i {
			t.Fatalf("invocation %d was the process's %d", i, n)
		}
	}
}

func TestPayloadSizes(t *testing.T) {
	e, _ := start(t, goFunction())
	for _, n := range []int{0, 4000, 31 << 10, 33 << 10, 1 << 20, 6<<20 - 100} {
		if got := ask[int](t, e, fmt.Sprintf(`{"do":"size","arg":"%s"}`, strings.Repeat("x", n))); got < n {
			t.Errorf("event of %d bytes arrived with %d", n, got)
		}
		if got := ask[string](t, e, fmt.Sprintf(`{"do":"big","n":%d}`, n)); len(got) != n {
			t.Errorf("response of %d bytes arrived with %d", n, len(got))
		}
	}
}

func TestAResponseAboveSixMegabytesFails(t *testing.T) {
	e, _ := start(t, goFunction())
	failure(t, invoke(t, e, `{"do":"big","n":7000000}`), Failed, "Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size (6291556 bytes).")
	if got := ask[int](t, e, `{"do":"count"}`); got != 2 {
		t.Errorf("the process did not go on: %d", got)
	}
}

func TestAReportedErrorIsUnhandled(t *testing.T) {
	e, _ := start(t, goFunction())
	failure(t, invoke(t, e, `{"do":"error"}`), Failed, "My.Error", "asked for")
	if !e.Alive() {
		t.Error("an error ended the environment")
	}
}

func TestTheEndOfTheProcessIsReported(t *testing.T) {
	for name, c := range map[string]struct{ event, message string }{
		"status 1":  {`{"do":"exit","n":1}`, "Error: Runtime exited with error: exit status 1"},
		"status 0":  {`{"do":"exit","n":0}`, "Error: Runtime exited without providing a reason"},
		"SIGKILL":   {`{"do":"signal","n":9}`, "Error: Runtime exited with error: signal: killed"},
		"SIGSEGV":   {`{"do":"signal","n":11}`, "Error: Runtime exited with error:"},
		"no memory": {`{"do":"eat","n":1000}`, "Error: Runtime exited with error: signal: killed"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "no memory" && !memoryGroup() {
				c.message = "Error: Runtime exited with error: exit status 2" // Go's own end when RLIMIT_DATA refuses
			}
			e, _ := start(t, goFunction())
			o := invoke(t, e, c.event)
			failure(t, o, Crashed, "Runtime.ExitError", c.message)
			if !strings.HasPrefix(o.Line, "RequestId: 00000000-") {
				t.Errorf("line %q", o.Line)
			}
			if name == "no memory" && memoryGroup() && o.MaxMemoryMB != 128 {
				t.Errorf("max memory %d", o.MaxMemoryMB)
			}
			if e.Alive() {
				t.Error("still alive")
			}
			if _, err := e.Invoke(t.Context(), invocation(`{}`)); !errors.Is(err, ErrNotDelivered) {
				t.Errorf("the next invocation: %v", err)
			}
		})
	}
}

func TestTheTimeOutKills(t *testing.T) {
	e, out := start(t, goFunction())
	inv := invocation(`{"do":"sleep","n":60000}`)
	inv.Timeout = 300 * time.Millisecond
	began := time.Now()
	o, err := e.Invoke(t.Context(), inv)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < inv.Timeout || took > 2*time.Second {
		t.Errorf("took %v", took)
	}
	failure(t, o, TimedOut, "Sandbox.Timedout", "RequestId: "+inv.RequestID+" Error: Task timed out after 0.30 seconds")
	if !strings.HasSuffix(o.Line, " "+inv.RequestID+" Task timed out after 0.30 seconds") {
		t.Errorf("line %q", o.Line)
	}
	if got := out.get(); len(got) != 1 || got[0] != "sleeping" {
		t.Errorf("output %q", got)
	}
	if o.Duration != inv.Timeout || e.Alive() {
		t.Errorf("duration %v, alive %v", o.Duration, e.Alive())
	}
}

func TestOutputIsCompleteBeforeTheInvocationEnds(t *testing.T) {
	e, out := start(t, goFunction())
	for i := range 20 {
		before := len(out.get())
		invoke(t, e, `{"do":"log","n":50}`)
		got := out.get()[before:]
		if len(got) != 51 || got[0] != "line 0" || got[49] != "line 49" || got[50] != "unfinished" {
			t.Fatalf("invocation %d: %d lines: %q", i, len(got), got)
		}
	}
}

func TestAStreamedResponse(t *testing.T) {
	e, _ := start(t, goFunction())
	if o := invoke(t, e, `{"do":"stream","n":3}`); string(o.Payload) != "part 0;part 1;part 2;" || o.ContentType != "text/plain" {
		t.Errorf("collected: %q %q", o.Payload, o.ContentType)
	}
	var got bytes.Buffer
	inv := invocation(`{"do":"stream","n":3}`)
	inv.Stream = &got
	if o, err := e.Invoke(t.Context(), inv); err != nil || got.String() != "part 0;part 1;part 2;" || len(o.Payload) != 0 {
		t.Errorf("passed on: %q %v", got.String(), err)
	}
}

func TestAFailedInitIsRepeatedAndReportedByTheFirstInvocation(t *testing.T) {
	for name, c := range map[string]struct {
		init, kind, message string
	}{
		"init error": {"error", "My.Init", "no"},
		"exit":       {"exit", "Runtime.ExitError", "Error: Runtime exited with error: exit status 3"},
	} {
		t.Run(name, func(t *testing.T) {
			f := goFunction()
			f.Environment = map[string]string{"INIT": c.init}
			e, _ := start(t, f)
			if !e.Alive() {
				t.Fatal("not alive before its first invocation")
			}
			failure(t, invoke(t, e, `{}`), Crashed, c.kind, c.message)
			if e.Alive() {
				t.Error("alive after init failed twice")
			}
		})
	}
}

func TestAMissingBootstrap(t *testing.T) {
	f := goFunction()
	f.CodeDir = code(t, map[string]string{"readme": "x"})
	e, _ := start(t, f)
	failure(t, invoke(t, e, `{}`), Crashed, "Runtime.InvalidEntrypoint", "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]")

	f.CodeDir = code(t, map[string]string{"bootstrap": "x"})
	e, _ = start(t, f)
	failure(t, invoke(t, e, `{}`), Crashed, "Runtime.InvalidEntrypoint", "fork/exec /var/task/bootstrap: permission denied")
}
