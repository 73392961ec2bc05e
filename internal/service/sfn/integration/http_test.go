package integration_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

func newSet() *integration.Set {
	return integration.New(integration.Deps{Clock: clock.New(clock.Anchor{}), Logger: slog.New(slog.DiscardHandler)})
}

// endpoint is an HTTPS server and a Set that reaches it.
func endpoint(t *testing.T, h http.HandlerFunc) (*integration.Set, string) {
	t.Helper()
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	return integration.New(integration.Deps{HTTP: server.Client().Transport}), server.URL
}

func invoke(t *testing.T, set *integration.Set, parameters string) integration.Answer {
	t.Helper()
	a, err := set.Run(t.Context(), call(t, "arn:aws:states:::http:invoke", parameters))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAnHTTPTaskSendsAndReceives(t *testing.T) {
	var got string
	set, url := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = fmt.Sprintln(r.Method, r.URL.RequestURI(), r.Header.Get("X-A"), r.Header.Get("Content-Type"), string(body), r.Header.Get("Range"), r.Header.Get("Idempotency-Key") != "")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, `{"n": 1.0}`)
	})
	a := invoke(t, set, `{"ApiEndpoint": "`+url+`/p?a=1", "Method": "POST", "Headers": {"X-A": "h"}, "QueryParameters": {"q": ["x", "y z"]}, "RequestBody": {"k": [1]}}`)
	if want := "POST /p?a=1&q=x&q=y+z h application/json;charset=UTF-8 {\"k\":[1]} bytes=0-262144 true\n"; got != want {
		t.Errorf("sent %s", got)
	}
	if r := a.Output.String(); a.Failed || !strings.Contains(r, `"ResponseBody":{"n":1.0},"StatusCode":201,"StatusText":"Created"`) || !strings.Contains(r, `"content-type":["application/json"]`) {
		t.Errorf("%s %+v", r, a)
	}
}

func TestFormsOfLists(t *testing.T) {
	var got string
	set, url := endpoint(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.Header.Get("Content-Type") + " " + strings.NewReplacer("%5B", "[", "%5D", "]", "%2C", ",").Replace(string(body))
	})
	for format, want := range map[string]string{"INDICES": "a[0]=1&a[1]=x&o[k]=true", "REPEAT": "a=1&a=x&o[k]=true", "COMMAS": "a=1,x&o[k]=true",
		"BRACKETS": "a[]=1&a[]=x&o[k]=true", "NONE": "a=[1,%22x%22]&o[k]=true"} {
		invoke(t, set, `{"ApiEndpoint": "`+url+`", "Method": "POST", "RequestBody": {"a": [1, "x"], "o": {"k": true}},
			"Transform": {"RequestBodyEncoding": "URL_ENCODED", "RequestEncodingOptions": {"ArrayFormat": "`+format+`"}}}`)
		if got != "application/x-www-form-urlencoded;charset=UTF-8 "+want {
			t.Errorf("%s: %s", format, got)
		}
	}
}

func TestHTTPFailures(t *testing.T) {
	set, url := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/large":
			io.WriteString(w, strings.Repeat("x", 300<<10))
		case "/away":
			http.Redirect(w, r, "/", http.StatusFound)
		case "/cut":
			w.Header().Set("Content-Length", "10")
			io.WriteString(w, "x")
		default:
			http.Error(w, "no such thing", http.StatusNotFound)
		}
	})
	for parameters, want := range map[string][2]string{
		`{"ApiEndpoint": "URL/x", "Method": "GET"}`:                                                               {"States.Http.StatusCode.404", "no such thing"},
		`{"ApiEndpoint": "URL/away", "Method": "GET"}`:                                                            {"States.Http.StatusCode.302", ""},
		`{"ApiEndpoint": "URL/large", "Method": "GET"}`:                                                           {asl.ErrDataLimit, "size exceeding"},
		`{"ApiEndpoint": "URL/cut", "Method": "GET"}`:                                                             {"States.Http.Socket", "EOF"},
		`{"ApiEndpoint": "https://127.0.0.1:1/", "Method": "GET"}`:                                                {"States.Http.Socket", "refused"},
		`{"ApiEndpoint": "http://127.0.0.1/", "Method": "GET"}`:                                                   {asl.ErrRuntime, "must be an https URL"},
		`{"ApiEndpoint": "URL", "Method": "get"}`:                                                                 {asl.ErrRuntime, "Method must be one of GET, POST"},
		`{"ApiEndpoint": "URL", "Method": "GET", "Headers": {"Host": "x"}}`:                                       {asl.ErrRuntime, "the header Host must not be set"},
		`{"ApiEndpoint": "URL", "Method": "GET", "Url": "x"}`:                                                     {asl.ErrRuntime, `The field "Url" is not supported`},
		`{"ApiEndpoint": "URL", "Method": "GET", "InvocationConfig": {"ConnectionArn": "arn:c"}}`:                 {asl.ErrRuntime, "the connection arn:c cannot be used"},
		`{"ApiEndpoint": "URL", "Method": "POST", "RequestBody": 1, "Transform": {"RequestBodyEncoding": "XML"}}`: {asl.ErrRuntime, "RequestBodyEncoding must be"},
	} {
		if a := invoke(t, set, strings.ReplaceAll(parameters, "URL", url)); !a.Failed || a.Error != want[0] || !strings.Contains(a.Cause, want[1]) {
			t.Errorf("%s: %+v", parameters, a)
		}
	}
}

func TestAConnectionsCredentialsAreSent(t *testing.T) {
	set, url := endpoint(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("Authorization")) })
	set.Connection = func(_ context.Context, arn string) (http.Header, error) {
		return http.Header{"Authorization": {"Bearer " + arn}}, nil
	}
	a := invoke(t, set, `{"ApiEndpoint": "`+url+`", "Method": "GET", "Authentication": {"ConnectionArn": "arn:c"}}`)
	if !strings.Contains(a.Output.String(), `"ResponseBody":"Bearer arn:c"`) {
		t.Errorf("%+v", a)
	}
}

func TestTheCloudsOwnCredentialsAreOutOfReach(t *testing.T) {
	if a := invoke(t, newSet(), `{"ApiEndpoint": "https://169.254.169.254/latest", "Method": "GET"}`); a.Error != "States.Http.Socket" || !strings.Contains(a.Cause, "must not be called") {
		t.Errorf("%+v", a)
	}
}
