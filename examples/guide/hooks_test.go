package guide

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

var credentials = aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret/key", SessionToken: "token+/="}

// peer answers as Lambda and CodeDeploy, and refuses whatever the SDK would have signed otherwise.
type peer struct {
	t        *testing.T
	version  string // that answers
	error    string // that it throws
	payload  string
	putError string

	mu       sync.Mutex
	requests []string
}

func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	p.requests = append(p.requests, strings.TrimSpace(r.Header.Get("X-Amz-Target")+" "+r.URL.RequestURI()+" "+string(body)))
	p.mu.Unlock()
	service := "lambda"
	if r.Header.Get("X-Amz-Target") != "" {
		service = "codedeploy"
	}
	if got, want := r.Header.Get("Authorization"), resign(p.t, r, body, service); got != want {
		p.t.Errorf("%s is signed\n%s\nwant\n%s", r.URL, got, want)
	}
	if service == "codedeploy" {
		if p.putError != "" {
			w.WriteHeader(400)
			io.WriteString(w, `{"__type":"`+p.putError+`"}`)
		}
		return
	}
	w.Header().Set("X-Amz-Executed-Version", p.version)
	if p.error != "" {
		w.Header().Set("X-Amz-Function-Error", p.error)
	}
	io.WriteString(w, p.payload)
}

// resign is the Authorization that the AWS SDK gives the same request.
func resign(t *testing.T, r *http.Request, body []byte, service string) string {
	t.Helper()
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("X-Amz-Date %q: %v", r.Header.Get("X-Amz-Date"), err)
	}
	again, err := http.NewRequest(r.Method, "http://"+r.Host+r.URL.RequestURI(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Content-Type", "X-Amz-Target"} {
		if v := r.Header.Get(name); v != "" {
			again.Header.Set(name, v)
		}
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(t.Context(), credentials, again, hex.EncodeToString(sum[:]), service, "us-east-1", at); err != nil {
		t.Fatal(err)
	}
	return again.Header.Get("Authorization")
}

// run calls a hook's handler in node and returns what it printed as its result.
func run(t *testing.T, url, hook string, env ...string) (string, error) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed")
	}
	script := `require('./hooks/` + hook + `').handler({DeploymentId:'d-1',LifecycleEventHookExecutionId:'e-1'})
		.then((r) => process.stdout.write('RESULT ' + JSON.stringify(r)), (e) => { console.error(e); process.exit(1) })`
	cmd := exec.CommandContext(t.Context(), node, "-e", script)
	cmd.Env = append([]string{"AWS_ENDPOINT_URL=" + url, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=" + credentials.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY=" + credentials.SecretAccessKey, "AWS_SESSION_TOKEN=" + credentials.SessionToken}, env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	t.Logf("%s%s", out.String(), errs.String())
	_, result, _ := strings.Cut(out.String(), "RESULT ")
	return result, err
}

const versionARN = "arn:aws:lambda:us-east-1:000000000000:function:shop:2"

func TestHooks(t *testing.T) {
	const (
		put   = `CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus / {"deploymentId":"d-1","lifecycleEventHookExecutionId":"e-1","status":`
		byARN = `/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Ashop%3A2/invocations {"preTraffic":true}`
		alias = `/2015-03-31/functions/shop/invocations?Qualifier=live {"postTraffic":true}`
		ok    = `{"statusCode":200}`
	)
	tests := map[string]struct {
		hook     string
		peer     *peer
		status   string
		requests []string
	}{
		"pre, well":             {"pre.js", &peer{version: "2", payload: ok}, "Succeeded", []string{byARN}},
		"pre, throws":           {"pre.js", &peer{version: "2", payload: `{}`, error: "Unhandled"}, "Failed", []string{byARN}},
		"pre, another status":   {"pre.js", &peer{version: "2", payload: `{"statusCode":500}`}, "Failed", []string{byARN}},
		"pre, already called":   {"pre.js", &peer{version: "2", payload: ok, putError: "LifecycleEventAlreadyCompletedException"}, "Succeeded", []string{byARN}},
		"post, the new version": {"post.js", &peer{version: "2", payload: ok}, "Succeeded", []string{alias, alias, alias}},
		"post, the old version": {"post.js", &peer{version: "1", payload: ok}, "Failed", []string{alias}},
		"post, throws":          {"post.js", &peer{version: "2", payload: `{}`, error: "Unhandled"}, "Failed", []string{alias}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := tt.peer
			p.t = t
			srv := httptest.NewServer(p)
			defer srv.Close()
			result, err := run(t, srv.URL, tt.hook, "NewVersion="+versionARN, "FunctionName=shop", "Alias=live")
			if want := `{"status":"` + tt.status + `"}`; err != nil || result != want {
				t.Errorf("result %s, %v, want %s", result, err, want)
			}
			if want := append(slices.Clone(tt.requests), put+`"`+tt.status+`"}`); !slices.Equal(p.requests, want) {
				t.Errorf("requests\n%s\nwant\n%s", strings.Join(p.requests, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func TestRefusedCallbackIsAnError(t *testing.T) {
	p := &peer{t: t, version: "2", payload: `{"statusCode":200}`, putError: "InvalidLifecycleEventHookExecutionIdException"}
	srv := httptest.NewServer(p)
	defer srv.Close()
	if result, err := run(t, srv.URL, "pre.js", "NewVersion="+versionARN); err == nil {
		t.Errorf("ended well with %s", result)
	}
}

func TestEveryVersionOfTheApplication(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed")
	}
	for _, v := range []string{"1", "2", "3"} {
		script := `const { handler } = require('./versions/` + v + `/index.js');
			(async () => { const r = []; for (let i = 0; i < 4; i++) { await handler({preTraffic: true}); r.push(await handler({}).then((a) => JSON.parse(a.body).version, () => 'threw')) }
			console.log(JSON.stringify(r)) })()`
		out, err := exec.CommandContext(t.Context(), node, "-e", script).Output()
		if err != nil {
			t.Fatalf("version %s: %v", v, err)
		}
		var got []string
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatal(err)
		}
		want := []string{v, v, v, v}
		if v == "3" {
			want = []string{"3", "threw", "3", "threw"}
		}
		if !slices.Equal(got, want) {
			t.Errorf("version %s answered %q, want %q", v, got, want)
		}
	}
}
