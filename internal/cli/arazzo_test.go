package cli

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shop answers requests with what it has been asked, and writes the documents that speak to it into a folder.
func shop(t *testing.T) (dir string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), `"fail"`) {
			w.WriteHeader(http.StatusTeapot)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"body": string(body), "key": r.Header.Get("X-Key"), "extra": r.Header.Get("X-Extra"), "auth": r.Header.Get("Authorization")})
	}))
	t.Cleanup(s.Close)
	dir = t.TempDir()
	write(t, dir, "shop.openapi.yaml", `
openapi: 3.1.0
info: {title: Shop, version: '1'}
servers: [{url: `+s.URL+`}]
paths:
  /echo:
    post:
      operationId: echo
      security: [{key: []}]
      requestBody: {content: {application/json: {schema: {}}}}
      responses: {'200': {description: OK, content: {application/json: {schema: {}}}}}
components: {securitySchemes: {key: {type: apiKey, in: header, name: X-Key}}}
`)
	write(t, dir, "shop.arazzo.yaml", `
arazzo: 1.0.1
info: {title: Shop, version: '1'}
sourceDescriptions: [{name: shop, url: shop.openapi.yaml, type: openapi}]
workflows:
- workflowId: order
  inputs:
    $ref: '#/components/inputs/order'
  steps:
  - stepId: send
    operationId: echo
    requestBody: {contentType: application/json, payload: $inputs}
    successCriteria: [{condition: $statusCode == 200}]
    outputs: {body: $response.body#/body, key: $response.body#/key, extra: $response.body#/extra}
  outputs: {body: $steps.send.outputs.body, key: $steps.send.outputs.key, extra: $steps.send.outputs.extra}
- workflowId: other
  steps:
  - stepId: send
    operationId: echo
    requestBody: {contentType: application/json, payload: {a: 1}}
components:
  inputs:
    order:
      type: object
      required: [id]
      properties:
        id: {type: string}
        n: {type: integer}
        list: {type: [array, 'null'], items: {type: number}}
        on: {type: boolean}
        any: {}
        color: {type: string, default: red}
`)
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// headgate runs the command line.
func headgate(args ...string) (exit int, stdout, stderr string) {
	var out, err bytes.Buffer
	exit = Main(append([]string{"arazzo"}, args...), strings.NewReader(""), &out, &err)
	return exit, out.String(), err.String()
}

func TestInputsAreTypedByTheirSchema(t *testing.T) {
	dir := shop(t)
	write(t, dir, "id.txt", "from a file")
	write(t, dir, "inputs.json", `{"id": "from JSON", "n": 12345678901234567890, "any": {"deep": [1.50]}}`)
	write(t, dir, "inputs.yaml", "id: from YAML\n'on': true\n")
	doc := filepath.Join(dir, "shop.arazzo.yaml")
	t.Setenv("ARAZZO_AUTH_KEY", "secret")
	for name, tt := range map[string]struct {
		args []string
		env  string
		want string // the body as the server saw it; else a part of the error
	}{
		"texts stay texts":     {[]string{"-i", "id=007"}, "", `{"color":"red","id":"007"}`},
		"numbers":              {[]string{"-i", "id=a", "--input", "n=3", "on=true"}, "", `{"color":"red","id":"a","n":3,"on":true}`},
		"lists and null":       {[]string{"-i", "id=a", "-i", "list=[1,2.50]"}, "", `{"color":"red","id":"a","list":[1,2.50]}`},
		"null":                 {[]string{"-i", "id=a", "-i", "list=null"}, "", `{"color":"red","id":"a","list":null}`},
		"whatever":             {[]string{"-i", "id=a", "-i", "any=plain text"}, "", `{"any":"plain text","color":"red","id":"a"}`},
		"commas and equals":    {[]string{"-i", "id=a,b=c;d"}, "", `{"color":"red","id":"a,b=c;d"}`},
		"a file's content":     {[]string{"-i", "id=@" + filepath.Join(dir, "id.txt")}, "", `{"color":"red","id":"from a file"}`},
		"in base64":            {[]string{"-i", "id=@base64:" + filepath.Join(dir, "id.txt")}, "", `{"color":"red","id":"` + base64.StdEncoding.EncodeToString([]byte("from a file")) + `"}`},
		"an at sign":           {[]string{"-i", "id=@@home"}, "", `{"color":"red","id":"@home"}`},
		"a JSON file":          {[]string{"--inputs", filepath.Join(dir, "inputs.json")}, "", `{"any":{"deep":[1.50]},"color":"red","id":"from JSON","n":12345678901234567890}`},
		"a YAML file":          {[]string{"--inputs", filepath.Join(dir, "inputs.yaml")}, "", `{"color":"red","id":"from YAML","on":true}`},
		"environment":          {nil, "from outside", `{"color":"red","id":"from outside"}`},
		"environment and file": {[]string{"--inputs", filepath.Join(dir, "inputs.yaml")}, "from outside", `{"color":"red","id":"from outside","on":true}`},
		"flags win":            {[]string{"-i", "id=flag"}, "from outside", `{"color":"red","id":"flag"}`},
		"not a number":         {[]string{"-i", "id=a", "-i", "n=many"}, "", "!the input n: got string, want integer"},
		"each wrong one":       {[]string{"-i", "n=many", "-i", "on=maybe"}, "", "!the inputs of workflow order: 3 errors"},
		"a wrong number":       {[]string{"-i", "id=a", "-i", "n=1.5"}, "", "!the inputs of workflow order"},
		"a missing one":        {nil, "", "!the inputs of workflow order"},
		"no pair":              {[]string{"-i", "id"}, "", "!is not NAME=VALUE"},
		"no file":              {[]string{"-i", "id=@" + filepath.Join(dir, "none")}, "", "!no such file"},
		"no inputs":            {[]string{"--inputs", filepath.Join(dir, "id.txt")}, "", "!holds no inputs"},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.env != "" {
				t.Setenv("ARAZZO_INPUT_ID", tt.env)
			}
			exit, stdout, stderr := headgate(append([]string{"run", doc, "--json"}, tt.args...)...)
			if text, failure := strings.CutPrefix(tt.want, "!"); failure {
				if exit != ExitUsage || stdout != "" || !strings.Contains(stderr, text) {
					t.Errorf("exit %d, %s, %s", exit, stdout, stderr)
				}
				return
			}
			var result struct {
				Workflows []struct{ Outputs map[string]any }
			}
			if err := json.Unmarshal([]byte(stdout), &result); err != nil || exit != ExitOK {
				t.Fatalf("exit %d, %v, %s", exit, err, stderr)
			}
			if d := cmp.Diff(tt.want, strings.TrimSpace(fmt.Sprint(result.Workflows[0].Outputs["body"]))); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestRunTellsItsOutcomeByItsExitCode(t *testing.T) {
	dir := shop(t)
	doc := filepath.Join(dir, "shop.arazzo.yaml")
	write(t, dir, "broken.arazzo.yaml", "arazzo: 1.0.1\n")
	write(t, dir, "empty.arazzo.yaml", "arazzo: 1.0.1\ninfo: {title: T, version: '1'}\nsourceDescriptions: []\nworkflows: []\n")
	for name, tt := range map[string]struct {
		args   []string
		exit   int
		stderr string
	}{
		"success":            {[]string{doc, "-i", "id=a", "--auth", "key=k"}, ExitOK, ""},
		"failure":            {[]string{doc, "-i", "id=fail", "--auth", "key=k"}, ExitFailed, "workflow order failed"},
		"no credentials":     {[]string{doc, "-i", "id=a"}, ExitOK, ""},
		"no server's URL":    {[]string{doc, "-i", "id=a", "--server", "shop=127.0.0.1:1"}, ExitUsage, "no absolute http or https URL"},
		"not valid first":    {[]string{filepath.Join(dir, "empty.arazzo.yaml"), "--workflow", "x", "-i", "n"}, ExitUsage, "at least one workflow"},
		"an invalid one":     {[]string{filepath.Join(dir, "broken.arazzo.yaml")}, ExitUsage, "is not valid"},
		"none":               {[]string{filepath.Join(dir, "none.yaml")}, ExitUsage, "none.yaml"},
		"no such workflow":   {[]string{doc, "--workflow", "x"}, ExitUsage, `no workflow "x"`},
		"no such source":     {[]string{doc, "--source", "x=y"}, ExitUsage, "no such source"},
		"no such server":     {[]string{doc, "--server", "x=y"}, ExitUsage, "no such source"},
		"a bad header":       {[]string{doc, "--header", "x"}, ExitUsage, "is not NAME: VALUE"},
		"a bad report":       {[]string{doc, "--report", "pdf=x"}, ExitUsage, "the formats are"},
		"two on one output":  {[]string{doc, "--json", "--report", "junit"}, ExitUsage, "needs a file"},
		"half a certificate": {[]string{doc, "--cert", "x"}, ExitUsage, "belong together"},
		"a stray input":      {[]string{doc, "--workflow", "other", "--all", "-i", "id=a", "-i", "x=y", "--auth", "key=k"}, ExitOK, ""},
		"nobody listens":     {[]string{doc, "-i", "id=a", "--auth", "key=k", "--server", "shop=http://127.0.0.1:1"}, ExitFailed, "refused"},
		"dry run":            {[]string{doc, "-i", "id=a", "--dry-run", "--server", "*=http://127.0.0.1:1"}, ExitOK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			exit, _, stderr := headgate(append([]string{"run"}, tt.args...)...)
			if exit != tt.exit || !strings.Contains(stderr, tt.stderr) {
				t.Errorf("exit %d, want %d: %s", exit, tt.exit, stderr)
			}
		})
	}
}

func TestJSONIsTheContract(t *testing.T) {
	dir := shop(t)
	exit, stdout, stderr := headgate("run", filepath.Join(dir, "shop.arazzo.yaml"), "--all", "--json", "-i", "id=a", "--auth", "key=s3cret-key", "-H", "X-Extra: more", "-v")
	var got any
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || exit != ExitOK {
		t.Fatalf("exit %d, %v, %s", exit, err, stderr)
	}
	outputs := map[string]any{"body": `{"color":"red","id":"a"}`, "key": "s3cret-key", "extra": "more"}
	want := map[string]any{"workflows": []any{
		map[string]any{"workflowId": "order", "status": "success", "outputs": outputs,
			"steps": []any{map[string]any{"stepId": "send", "status": "success", "attempts": 1.0, "outputs": outputs}}},
		map[string]any{"workflowId": "other", "status": "success", "outputs": map[string]any{},
			"steps": []any{map[string]any{"stepId": "send", "status": "success", "attempts": 1.0, "outputs": map[string]any{}}}},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if strings.Contains(stderr, "s3cret-key") || !strings.Contains(stderr, "workflow order") {
		t.Errorf("%s", stderr)
	}
}

func TestReportsAndReplay(t *testing.T) {
	dir := shop(t)
	doc, at := filepath.Join(dir, "shop.arazzo.yaml"), func(name string) string { return filepath.Join(dir, name) }
	exit, _, stderr := headgate("run", doc, "-i", "id=a", "--auth", "key=s3cret-key", "--record", at("run.jsonl"),
		"--report", "text="+at("run.txt"), "--report", "json="+at("run.json"), "--report", "junit="+at("run.xml"), "--report", "har="+at("run.har"))
	if exit != ExitOK {
		t.Fatal(stderr)
	}
	for name, text := range map[string]string{"run.txt": "order succeeded", "run.json": `"workflowId": "order"`, "run.xml": `name="send"`, "run.har": `"_stepId":"send"`, "run.jsonl": "arazzo-recording"} {
		b, err := os.ReadFile(at(name))
		if err != nil || !strings.Contains(string(b), text) {
			t.Errorf("%s: %v, %s", name, err, b)
		}
		if strings.HasSuffix(name, "r") && strings.Contains(string(b), `"value":"s3cret-key"`) {
			t.Errorf("%s has the key", name)
		}
	}
	if exit, _, stderr := headgate("run", doc, "-i", "id=a", "--replay", at("run.jsonl"), "--server", "shop=http://127.0.0.1:1"); exit == ExitOK {
		t.Errorf("replayed from another server: %s", stderr)
	}
	if exit, _, stderr := headgate("run", doc, "-i", "id=a", "--replay", at("run.jsonl")); exit != ExitOK {
		t.Errorf("exit %d: %s", exit, stderr)
	}
}

// Scripts get 0 or 1 from validate whatever the file is, and the reason as a finding.
func TestValidateOfWhatIsNoDocument(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "large.yaml", "arazzo: 1.0.1\nx-much: "+strings.Repeat("z", 17<<20))
	for name, want := range map[string]string{"large.yaml": "more than the limit", "none.yaml": "no such file", ".": "not a file"} {
		exit, stdout, stderr := headgate("validate", filepath.Join(dir, name), "--json")
		var got struct {
			Findings []struct{ Rule, Severity, Message string }
		}
		if err := json.Unmarshal([]byte(stdout), &got); err != nil || exit != ExitFailed || len(got.Findings) != 1 || !strings.Contains(got.Findings[0].Message, want) || got.Findings[0].Severity != "error" {
			t.Errorf("%s: exit %d, %s%s", name, exit, stdout, stderr)
		}
	}
}

// Mistakes of the form do not hide those of the content, and they come in the order of the document.
func TestValidateShowsAllMistakesAtOnce(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "w.yaml", `arazzo: 1.0.1
info: {title: T}
sourceDescriptions: [{name: api, url: api.yaml, type: openapi}]
workflows:
- workflowId: w
  steps:
  - {stepId: a, operationId: get}
  - {stepId: a, operationId: get, successCriteria: [{condition: '$statusCode =='}], outcome: {}}
`)
	exit, stdout, _ := headgate("validate", filepath.Join(dir, "w.yaml"), "--json")
	var got struct {
		Findings []struct {
			Rule string
			Line int
		}
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || exit != ExitFailed {
		t.Fatalf("exit %d, %v", exit, err)
	}
	rules := ""
	for _, f := range got.Findings {
		rules += fmt.Sprintf("%d %s,", f.Line, f.Rule)
	}
	if rules != "2 missing-field,8 duplicate-step-id,8 condition,8 unknown-field," {
		t.Error(rules)
	}
}
