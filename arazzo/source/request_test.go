package source

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// parse reads a description from memory as if it had come from the URL.
func parse(t *testing.T, text string) *Description {
	t.Helper()
	d, err := Loader{}.Parse(t.Context(), "https://api.example.com/v1/api.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func operation(t *testing.T, d *Description, id string) *Operation {
	t.Helper()
	op, err := d.Operation(id)
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func build(t *testing.T, op *Operation, in Input) *http.Request {
	t.Helper()
	req, err := op.Request(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// Values of the styles' table (OpenAPI 3.1.1, Style Examples), and some that need care.
var (
	empty  = ""
	text   = "blue"
	array  = []any{"blue", "black", "brown"}
	object = map[string]any{"R": json.Number("100"), "G": json.Number("200"), "B": json.Number("150")}
	odd    = "a b/c?d&e=f#g%41ü"
)

func TestStyleTable(t *testing.T) {
	for _, c := range []struct {
		in, style string
		explode   bool
		value     any
		want      string
	}{
		{"path", "matrix", false, empty, ";color"},
		{"path", "matrix", false, text, ";color=blue"},
		{"path", "matrix", false, array, ";color=blue,black,brown"},
		{"path", "matrix", false, object, ";color=R,100,G,200,B,150"},
		{"path", "matrix", true, empty, ";color"},
		{"path", "matrix", true, text, ";color=blue"},
		{"path", "matrix", true, array, ";color=blue;color=black;color=brown"},
		{"path", "matrix", true, object, ";R=100;G=200;B=150"},
		{"path", "label", false, empty, "."},
		{"path", "label", false, text, ".blue"},
		{"path", "label", false, array, ".blue,black,brown"},
		{"path", "label", false, object, ".R,100,G,200,B,150"},
		{"path", "label", true, empty, "."},
		{"path", "label", true, text, ".blue"},
		{"path", "label", true, array, ".blue.black.brown"},
		{"path", "label", true, object, ".R=100.G=200.B=150"},
		{"path", "simple", false, text, "blue"},
		{"path", "simple", false, array, "blue,black,brown"},
		{"path", "simple", false, object, "R,100,G,200,B,150"},
		{"path", "simple", true, array, "blue,black,brown"},
		{"path", "simple", true, object, "R=100,G=200,B=150"},
		{"path", "simple", false, odd, "a%20b%2Fc%3Fd%26e%3Df%23g%2541%C3%BC"},
		{"path", "simple", false, json.Number("12345678901234567890"), "12345678901234567890"},
		{"path", "simple", false, true, "true"},
		{"query", "form", false, empty, "color="},
		{"query", "form", false, text, "color=blue"},
		{"query", "form", false, array, "color=blue,black,brown"},
		{"query", "form", false, object, "color=R,100,G,200,B,150"},
		{"query", "form", true, empty, "color="},
		{"query", "form", true, text, "color=blue"},
		{"query", "form", true, array, "color=blue&color=black&color=brown"},
		{"query", "form", true, object, "R=100&G=200&B=150"},
		{"query", "form", true, odd, "color=a%20b%2Fc%3Fd%26e%3Df%23g%2541%C3%BC"},
		{"query", "form", false, []any{"a,b", "c"}, "color=a%2Cb,c"},
		{"query", "form", true, []any{}, ""},
		{"query", "form", true, nil, ""},
		{"query", "form", true, []any{"a", nil, "b"}, "color=a&color=b"},
		{"query", "spaceDelimited", false, array, "color=blue%20black%20brown"},
		{"query", "spaceDelimited", false, object, "color=R%20100%20G%20200%20B%20150"},
		{"query", "pipeDelimited", false, array, "color=blue%7Cblack%7Cbrown"},
		{"query", "pipeDelimited", false, object, "color=R%7C100%7CG%7C200%7CB%7C150"},
		{"query", "deepObject", true, object, "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"},
		{"query", "deepObject", true, map[string]any{"R": map[string]any{"x": "1"}, "G": []any{"2", "3"}}, "color%5BR%5D%5Bx%5D=1&color%5BG%5D=2&color%5BG%5D=3"},
		{"header", "simple", false, text, "blue"},
		{"header", "simple", false, array, "blue,black,brown"},
		{"header", "simple", false, object, "R,100,G,200,B,150"},
		{"header", "simple", true, object, "R=100,G=200,B=150"},
		{"header", "simple", false, "a b%20c", "a b%20c"},
		{"cookie", "form", false, text, "color=blue"},
		{"cookie", "form", false, array, "color=blue,black,brown"},
		{"cookie", "form", true, array, "color=blue; color=black; color=brown"},
		{"cookie", "form", true, "a;b c", "color=a%3Bb%20c"},
		{"cookie", "cookie", true, object, "R=100; G=200; B=150"},
	} {
		t.Run(fmt.Sprintf("%s/%s/%v/%v", c.in, c.style, c.explode, c.value), func(t *testing.T) {
			d := parse(t, fmt.Sprintf(`
openapi: 3.2.0
paths:
  /p%s:
    get:
      operationId: op
      parameters:
      - {name: color, in: %s, style: %s, explode: %v, required: %v, schema: {properties: {R: {}, G: {}, B: {}}}}
`, map[bool]string{true: "/{color}"}[c.in == "path"], c.in, c.style, c.explode, c.in == "path"))
			req := build(t, operation(t, d, "op"), Input{Arguments: []Argument{{Name: "color", Value: c.value}}})
			got := ""
			switch c.in {
			case "path":
				got = strings.TrimPrefix(req.URL.EscapedPath(), "/p/")
			case "query":
				got = req.URL.RawQuery
			case "header":
				got = req.Header.Get("color")
			case "cookie":
				got = req.Header.Get("Cookie")
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if req.URL.Host != "api.example.com" {
				t.Errorf("host %s", req.URL.Host)
			}
		})
	}
}

func TestQueryAllowReservedKeepsWhatAQueryMayHold(t *testing.T) {
	d := parse(t, `
openapi: 3.1.0
paths:
  /p:
    get:
      operationId: op
      parameters: [{name: q, in: query, allowReserved: true, schema: {type: string}}]
`)
	req := build(t, operation(t, d, "op"), Input{Arguments: []Argument{{Name: "q", Value: "a/b:c?d [e]#f %41 %"}}})
	if want := "q=a/b:c?d%20%5Be%5D%23f%20%41%20%25"; req.URL.RawQuery != want {
		t.Errorf("got %s, want %s", req.URL.RawQuery, want)
	}
}

func TestParameterWithContentIsOneText(t *testing.T) {
	d := parse(t, `
openapi: 3.1.0
paths:
  /p:
    get:
      operationId: op
      parameters:
      - {name: filter, in: query, content: {application/json: {schema: {type: object}}}}
      - {name: X-Filter, in: header, content: {application/json: {}}}
`)
	value := map[string]any{"a": []any{json.Number("1"), "<x>"}}
	req := build(t, operation(t, d, "op"), Input{Arguments: []Argument{{Name: "filter", Value: value}, {Name: "x-filter", In: "header", Value: value}}})
	if want := "filter=%7B%22a%22%3A%5B1%2C%22%3Cx%3E%22%5D%7D"; req.URL.RawQuery != want {
		t.Errorf("query %s, want %s", req.URL.RawQuery, want)
	}
	if want := `{"a":[1,"<x>"]}`; req.Header.Get("X-Filter") != want {
		t.Errorf("header %s, want %s", req.Header.Get("X-Filter"), want)
	}
}

func TestQuerystringParameterIsTheWholeQuery(t *testing.T) {
	for _, c := range []struct {
		content string
		value   any
		want    string
	}{
		{"application/x-www-form-urlencoded", map[string]any{"a": "x y", "b": json.Number("1")}, "a=x+y&b=1"},
		{"application/x-www-form-urlencoded", "?a=1&b=2", "a=1&b=2"},
		{"application/json", map[string]any{"a": json.Number("1")}, "%7B%22a%22%3A1%7D"},
		{"text/plain", "$.a[0]", "%24.a%5B0%5D"},
	} {
		d := parse(t, `{"openapi":"3.2.0","paths":{"/p":{"get":{"operationId":"op","parameters":[{"name":"all","in":"querystring","content":{"`+c.content+`":{}}}]}}}}`)
		req := build(t, operation(t, d, "op"), Input{Arguments: []Argument{{Name: "all", In: "querystring", Value: c.value}}})
		if req.URL.RawQuery != c.want {
			t.Errorf("%s: got %s, want %s", c.content, req.URL.RawQuery, c.want)
		}
	}
}

func TestUndeclaredArgumentsAreSentPlainly(t *testing.T) {
	d := parse(t, `{"openapi":"3.1.0","paths":{"/p/{id}":{"get":{"operationId":"op"}}}}`)
	op := operation(t, d, "op")
	req := build(t, op, Input{Arguments: []Argument{{"id", "path", "a b"}, {"q", "query", []any{"1", "2"}}, {"X-Token", "header", "t"}, {"c", "cookie", "v"}}})
	if got := req.URL.String(); got != "https://api.example.com/p/a%20b?q=1&q=2" {
		t.Error(got)
	}
	if req.Header.Get("X-Token") != "t" || req.Header.Get("Cookie") != "c=v" {
		t.Error(req.Header)
	}
	if _, err := op.Request(t.Context(), Input{Arguments: []Argument{{"id", "path", "1"}, {"q", "", "1"}}}); err == nil {
		t.Error("an argument that belongs nowhere was taken")
	}
}

func TestHeadersThatArgumentsSetThemselves(t *testing.T) {
	d := parse(t, `{"openapi":"3.1.0","paths":{"/p":{"post":{"operationId":"op","parameters":[{"name":"c","in":"cookie"}]}}}}`)
	req := build(t, operation(t, d, "op"), Input{Payload: &Payload{Value: "a,b"}, Header: http.Header{"Host": {"virtual.example"}, "x-more": {"1", "2"}},
		Arguments: []Argument{{"Cookie", "header", "a=1"}, {"c", "", "2"}, {"Content-Type", "header", "text/csv"}, {"Accept", "header", "text/html"}}})
	if req.Header.Get("Cookie") != "a=1; c=2" || req.Header.Get("Content-Type") != "text/csv" || req.Header.Get("Accept") != "text/html" || len(req.Header["X-More"]) != 2 || req.Host != "virtual.example" {
		t.Errorf("%v %s", req.Header, req.Host)
	}
	if got := bodyOf(t, req); got != "a,b" {
		t.Error(got)
	}
}

func TestArgumentsThatWouldBreakTheRequestAreRefused(t *testing.T) {
	d := parse(t, `
openapi: 3.1.0
paths:
  /p/{id}/x:
    get:
      operationId: op
      parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
      - {name: must, in: query, required: true, schema: {type: string}}
`)
	op := operation(t, d, "op")
	id := Argument{"id", "path", "1"}
	for name, c := range map[string]struct {
		in   Input
		want string
	}{
		"missing path parameter":    {Input{}, `needs the path parameter "id"`},
		"near miss":                 {Input{Arguments: []Argument{{"ID", "path", "1"}}}, `"ID" was given: names have case`},
		"empty":                     {Input{Arguments: []Argument{{"id", "path", ""}}}, "empty value"},
		"null":                      {Input{Arguments: []Argument{{"id", "path", nil}}}, `needs the path parameter "id"`},
		"dots":                      {Input{Arguments: []Argument{{"id", "path", ".."}}}, "another path"},
		"line feed in a header":     {Input{Arguments: []Argument{id, {"X", "header", "a\r\nEvil: 1"}}}, "control characters"},
		"space in a header's name":  {Input{Arguments: []Argument{id, {"X Y", "header", "a"}}}, "no name of a header"},
		"strict required parameter": {Input{Strict: true, Arguments: []Argument{id}}, `needs the query parameter "must"`},
		"server without a scheme":   {Input{Server: "localhost:80", Arguments: []Argument{id}}, "no absolute http"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := op.Request(t.Context(), c.in)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	build(t, op, Input{Arguments: []Argument{id}}) // lenient: the server judges
}

func TestRequiredParameterWithOneValueFillsItself(t *testing.T) {
	d := parse(t, `
openapi: 3.0.0
paths:
  /#Action=List:
    post:
      operationId: op
      parameters: [{name: X-Amz-Target, in: header, required: true, schema: {type: string, enum: [Service.List]}}]
`)
	req := build(t, operation(t, d, "op"), Input{})
	if req.Header.Get("X-Amz-Target") != "Service.List" || req.URL.String() != "https://api.example.com/" {
		t.Errorf("%s %v", req.URL, req.Header)
	}
}

func TestServers(t *testing.T) {
	d := parse(t, `
openapi: 3.1.0
servers:
- url: https://{region}.example.com:{port}/base/
  variables: {region: {default: eu, enum: [eu, us]}, port: {default: "8443"}}
paths:
  /a: {get: {operationId: document}}
  /b:
    servers: [{url: ../other}]
    get: {operationId: path}
    put: {operationId: own, servers: [{url: //cdn.example.com/x?k=v}]}
  "/c/{rest+}": {get: {operationId: greedy}}
`)
	for _, c := range []struct {
		id   string
		in   Input
		want string
	}{
		{"document", Input{}, "https://eu.example.com:8443/base/a"},
		{"document", Input{ServerVariables: map[string]string{"region": "us"}}, "https://us.example.com:8443/base/a"},
		{"document", Input{Server: "http://localhost:1/x/"}, "http://localhost:1/x/a"},
		{"path", Input{}, "https://api.example.com/other/b"},
		{"own", Input{}, "https://cdn.example.com/x/b?k=v"},
		{"greedy", Input{Arguments: []Argument{{"rest", "path", "x/y z"}}}, "https://eu.example.com:8443/base/c/x/y%20z"},
	} {
		if got := build(t, operation(t, d, c.id), c.in).URL.String(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.id, got, c.want)
		}
	}
	if _, err := operation(t, d, "document").Request(t.Context(), Input{ServerVariables: map[string]string{"region": "mars"}}); err == nil || !strings.Contains(err.Error(), "one of eu, us") {
		t.Errorf("a value outside the enum: %v", err)
	}
	local, err := Loader{}.Parse(t.Context(), "/somewhere/api.yaml", []byte("openapi: 3.1.0\npaths: {/a: {get: {operationId: op}}}"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := operation(t, local, "op").Request(t.Context(), Input{}); err == nil || !strings.Contains(err.Error(), "--server") {
		t.Errorf("a relative server beside a file: %v", err)
	}
}

func bodyOf(t *testing.T, req *http.Request) string {
	t.Helper()
	if req.Body == nil {
		return ""
	}
	data, err := io.ReadAll(req.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
