package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/hooks/hooktest"
)

// asBootstrap makes the test binary run main, as Lambda runs the bootstrap.
const asBootstrap = "HEALTHCHECK_AS_BOOTSTRAP"

func TestMain(m *testing.M) {
	if os.Getenv(asBootstrap) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestProcessUnderTheRuntimeAPI(t *testing.T) {
	s := hooktest.New(t)
	s.AppSpec("d-1", spec("shop:2"))
	s.Invoke = func(hooktest.Call) hooktest.Answer { return hooktest.Answer{Payload: `{"statusCode":200}`} }

	served, result := false, ""
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/2018-06-01/runtime/invocation/next" && !served:
			served = true
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "r1")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", "4102444800000")
			io.WriteString(w, hookEvent)
		case r.Method == http.MethodPost:
			b, _ := io.ReadAll(r.Body)
			result = r.URL.Path + " " + string(b)
			w.WriteHeader(http.StatusAccepted)
		default:
			http.Error(w, "that was all", http.StatusInternalServerError)
		}
	}))
	defer api.Close()

	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = []string{asBootstrap + "=1", "AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(api.URL, "http://"), "AWS_ENDPOINT_URL=" + s.URL,
		"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret"}
	cmd.WaitDelay = 5 * time.Second
	out, _ := cmd.CombinedOutput() // it ends with an error once the Runtime API has no more events
	if !strings.HasPrefix(result, "/2018-06-01/runtime/invocation/r1/response ") || !strings.Contains(result, `"status":"Succeeded"`) {
		t.Errorf("result %s\noutput %s", result, out)
	}
	if !slices.Equal(s.Puts(), []string{"d-1 e-1 Succeeded"}) {
		t.Errorf("callbacks %q\noutput %s", s.Puts(), out)
	}
	if !strings.Contains(string(out), `"msg":"called back"`) {
		t.Errorf("output %s", out)
	}
}
