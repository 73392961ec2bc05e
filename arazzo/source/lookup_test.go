package source

import (
	"strings"
	"testing"
)

const lookups = `
openapi: 3.2.0
info: {title: Lookups}
paths:
  /functions/{FunctionName}/invocations:
    post: {operationId: invokeFunction, x-headgate-operation-aliases: [InvokeFunction, Invoke]}
    query: {operationId: searchInvocations}
    additionalOperations: {COPY: {operationId: copyInvocations}}
  /functions/{FunctionName}#GetFunction:
    get: {operationId: getFunction}
  /pets:
    get: {}
    parameters: []
  x-not-a-path: {get: {operationId: ghost}}
`

func TestOperationByID(t *testing.T) {
	d := parse(t, lookups)
	for id, want := range map[string]string{
		"invokeFunction": "POST /functions/{FunctionName}/invocations", "Invoke": "POST /functions/{FunctionName}/invocations",
		"searchInvocations": "QUERY /functions/{FunctionName}/invocations", "copyInvocations": "COPY /functions/{FunctionName}/invocations",
	} {
		if op := operation(t, d, id); op.Method+" "+op.Path != want {
			t.Errorf("%s: %s %s", id, op.Method, op.Path)
		}
	}
	for id, want := range map[string]string{
		"GetFunction": "did you mean getFunction?", "getFunctoin": "did you mean getFunction?", "copy": "did you mean copyInvocations?",
		"ghost": `no operation has the operationId "ghost"`, "": "no operation", "wholly-different": `"wholly-different"`,
	} {
		if _, err := d.Operation(id); err == nil || !strings.HasSuffix(strings.TrimSuffix(err.Error(), ")"), want) && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", id, err, want)
		}
	}
	if _, err := d.Operation("wholly-different"); strings.Contains(err.Error(), "did you mean") {
		t.Errorf("a hint from nowhere: %v", err)
	}
}

func TestOperationByPointer(t *testing.T) {
	d := parse(t, lookups)
	for pointer, want := range map[string]string{
		"#/paths/~1pets/get": "GET /pets",
		"{$sourceDescriptions.lambda.url}#/paths/~1functions~1{FunctionName}~1invocations/post": "POST /functions/{FunctionName}/invocations",
		"https://x.example/api.yaml#/paths/~1functions~1%7BFunctionName%7D~1invocations/post":   "POST /functions/{FunctionName}/invocations",
		"/paths/~1functions~1{FunctionName}~1invocations/additionalOperations/COPY":             "COPY /functions/{FunctionName}/invocations",
		"#/paths/~1functions~1{FunctionName}%23GetFunction/get":                                 "GET /functions/{FunctionName}#GetFunction",
		"#/paths/~1functions~1{FunctionName}#GetFunction/get":                                   "GET /functions/{FunctionName}#GetFunction",
	} {
		op, err := d.OperationAt(pointer)
		if err != nil {
			t.Errorf("%s: %v", pointer, err)
		} else if got := op.Method + " " + op.Path; got != want {
			t.Errorf("%s: %s", pointer, got)
		}
	}
	for pointer, want := range map[string]string{
		"#/paths//pets/get": "a slash within a path is written ~1: #/paths/~1pets/get", "#/paths/~1pet/get": "did you mean #/paths/~1pets/get?",
		"#/paths/~1pets/put": "no operation at", "": "no JSON pointer", "pets": "no JSON pointer", "#/components": "no operation at",
	} {
		if _, err := d.OperationAt(pointer); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", pointer, err, want)
		}
	}
}

func TestPositionsAreThoseOfTheDocument(t *testing.T) {
	d := parse(t, "openapi: 3.0.0\npaths:\n  /a:\n    parameters:\n    - name: x\n      in: query\n    get:\n      operationId: op\n      security: [{key: []}]\n      responses:\n        '200':\n          description: ok\n")
	op := operation(t, d, "op")
	for what, got := range map[string]Position{"8:7": op.Position, "5:7": op.Parameters[0].Position, "12:11": op.Responses[0].Position, "9:19": op.Security[0][0].Position} {
		if want := "https://api.example.com/v1/api.yaml:" + what; got.String() != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	asJSON := parse(t, "{\"openapi\": \"3.0.0\",\n \"paths\": {\"/ü\": {\"get\": {\"operationId\": \"op\"}}}}")
	if op := operation(t, asJSON, "op"); op.Line != 2 || op.Column != 26 {
		t.Errorf("JSON: %v", op.Position)
	}
}

func TestYAMLOddities(t *testing.T) {
	d := parse(t, `
openapi: 3.1.0
x-shared: &shared {operationId: op, summary: shared}
x-more: &more {deprecated: true, summary: more}
paths:
  /a: {get: {<<: [*shared, *more]}}
  /b: {get: {operationId: b, operationId: twice, x-data: {n: 0x10, f: 1.50, t: 2020-01-01, no: no, big: 12345678901234567890123, inf: .inf, null: ~}}}
`)
	op := operation(t, d, "op")
	if op.Summary != "shared" || !op.Deprecated {
		t.Errorf("merge: %+v", op)
	}
	twice := operation(t, d, "twice")
	if len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "stands twice") {
		t.Errorf("notes %q", d.Notes)
	}
	data, err := marshalJSON(twice.Extensions["x-data"])
	if want := `{"big":12345678901234567890123,"f":1.50,"inf":".inf","n":16,"no":"no","null":null,"t":"2020-01-01"}`; err != nil || string(data) != want {
		t.Errorf("got %s, want %s", data, want)
	}
}
