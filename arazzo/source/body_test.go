package source

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"testing"
)

const bodies = `
openapi: 3.1.0
paths:
  /json: {post: {operationId: json, requestBody: {content: {text/plain: {}, application/json: {schema: {type: object}}}}}}
  /string: {post: {operationId: string, requestBody: {content: {application/json: {schema: {type: string}}}}}}
  /open: {post: {operationId: open, requestBody: {content: {"*/*": {}}}}}
  /none: {post: {operationId: none}}
  /bytes: {post: {operationId: bytes, requestBody: {content: {application/zip: {schema: {type: string, format: binary}}}}}}
  /form:
    post:
      operationId: form
      requestBody:
        content:
          application/x-www-form-urlencoded:
            schema: {type: object, properties: {name: {type: string}, tags: {type: array}, at: {type: object}, csv: {type: array}, deep: {type: object}, raw: {type: string}}}
            encoding:
              csv: {style: form, explode: false}
              deep: {style: deepObject}
              raw: {allowReserved: true}
`

func TestBodies(t *testing.T) {
	d := parse(t, bodies)
	for _, c := range []struct {
		name, op, contentType string
		value                 any
		wantType, want        string
	}{
		{"JSON is preferred", "json", "", map[string]any{"a": json.Number("1.50"), "b": "<&>"}, "application/json", `{"a":1.50,"b":"<&>"}`},
		{"text of a whole JSON document", "json", "application/json", ` {"a": 1} `, "application/json", ` {"a": 1} `},
		{"a string that is no document is quoted", "json", "application/json", "hello", "application/json", `"hello"`},
		{"a schema of strings quotes documents, too", "string", "", `{"a":1}`, "application/json", `"{\"a\":1}"`},
		{"null", "json", "application/json", nil, "application/json", "null"},
		{"vendor JSON, not described", "json", "application/vnd.x+json; v=1", map[string]any{}, "application/vnd.x+json; v=1", "{}"},
		{"text", "json", "text/plain", json.Number("12"), "text/plain", "12"},
		{"a range with data", "open", "", []any{"a"}, "application/json", `["a"]`},
		{"a range with text", "open", "", "a", "text/plain; charset=utf-8", "a"},
		{"nothing described", "none", "", map[string]any{"a": true}, "application/json", `{"a":true}`},
		{"raw binary", "bytes", "", "PK\x03", "application/zip", "PK\x03"},
		{"binary of a data URL", "bytes", "", "data:application/zip;base64,UEsD", "application/zip", "PK\x03"},
		{"bytes", "bytes", "", []byte{0, 255}, "application/zip", "\x00\xff"},
		{"lines", "none", "application/jsonl", []any{json.Number("1"), "b"}, "application/jsonl", "1\n\"b\"\n"},
		{"form", "form", "", map[string]any{"name": "a b&c", "tags": []any{"x", "y"}, "at": map[string]any{"k": "v"}, "csv": []any{"1", "2"},
			"deep": map[string]any{"k": "v w"}, "raw": "a/b&c", "unknown": json.Number("1")}, "application/x-www-form-urlencoded",
			"name=a+b%26c&tags=x&tags=y&at=%7B%22k%22%3A%22v%22%7D&csv=1,2&deep%5Bk%5D=v+w&raw=a/b%26c&unknown=1"},
		{"form as text", "form", "", "a=1&b=2", "application/x-www-form-urlencoded", "a=1&b=2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := build(t, operation(t, d, c.op), Input{Payload: &Payload{ContentType: c.contentType, Value: c.value}})
			if got := req.Header.Get("Content-Type"); got != c.wantType {
				t.Errorf("content type %s, want %s", got, c.wantType)
			}
			if got := bodyOf(t, req); got != c.want {
				t.Errorf("got %s\nwant %s", got, c.want)
			}
			if again, err := req.GetBody(); err != nil {
				t.Error(err)
			} else if data, _ := io.ReadAll(again); string(data) != c.want {
				t.Errorf("again %s", data)
			}
			if req.ContentLength != int64(len(c.want)) {
				t.Errorf("length %d", req.ContentLength)
			}
		})
	}
	if _, err := operation(t, d, "bytes").Request(t.Context(), Input{Payload: &Payload{Value: map[string]any{}}}); err == nil {
		t.Error("an object was written as a zip file")
	}
	req := build(t, operation(t, d, "bytes"), Input{Payload: &Payload{ContentType: "application/zip", Value: strings.NewReader("stream")}})
	if bodyOf(t, req) != "stream" {
		t.Error("a reader was not sent as it is")
	}
}

func TestMultipartForm(t *testing.T) {
	d := parse(t, `
openapi: 3.0.3
paths:
  /p:
    post:
      operationId: op
      requestBody:
        content:
          multipart/form-data:
            schema:
              type: object
              properties:
                id: {type: string}
                address: {type: object}
                photo: {type: string, format: binary}
                logo: {type: string, format: binary}
                notes: {type: array, items: {type: string}}
                files: {type: array, items: {type: string, format: binary}}
            encoding:
              logo: {contentType: "image/png, image/jpeg", headers: {X-Limit: {schema: {type: integer, default: 3}}}}
`)
	value := map[string]any{"id": "7", "address": map[string]any{"street": "x"}, "photo": "data:;base64,AAH/", "logo": File{Name: `l"o.png`, Data: []byte("png")},
		"notes": []any{"a", "b"}, "files": []any{"f1", "f2"}}
	op := operation(t, d, "op")
	req := build(t, op, Input{Payload: &Payload{Value: value}})
	body := bodyOf(t, req)
	if again := bodyOf(t, build(t, op, Input{Payload: &Payload{Value: value}})); again != body {
		t.Error("the same form gave other bytes")
	}
	_, params, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	r := multipart.NewReader(bytes.NewReader([]byte(body)), params["boundary"])
	for {
		p, err := r.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, _ := io.ReadAll(p)
		got = append(got, p.FormName()+"|"+p.FileName()+"|"+p.Header.Get("Content-Type")+"|"+p.Header.Get("X-Limit")+"|"+string(data))
	}
	want := []string{
		"id||||7", `address||application/json||{"street":"x"}`, "photo|photo|application/octet-stream||\x00\x01\xff", "logo|l%22o.png|image/png|3|png",
		"notes||||a", "notes||||b", "files|files|application/octet-stream||f1", "files|files|application/octet-stream||f2",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestXMLBodyFollowsTheHints(t *testing.T) {
	d := parse(t, `
openapi: 3.0.3
paths:
  /p: {post: {operationId: op, requestBody: {content: {application/xml: {schema: {$ref: "#/components/schemas/Pet"}}}}}}
  /q: {post: {operationId: bare, requestBody: {content: {text/xml: {}}}}}
components:
  schemas:
    Pet:
      type: object
      xml: {name: pet, prefix: p, namespace: "urn:pets"}
      properties:
        id: {type: integer, xml: {attribute: true}}
        name: {type: string, xml: {name: title}}
        tags: {type: array, xml: {wrapped: true}, items: {type: string, xml: {name: tag}}}
        urls: {type: array, items: {type: string, xml: {name: url}}}
        owner: {$ref: "#/components/schemas/Owner"}
    Owner: {type: object, properties: {name: {type: string}}}
`)
	value := map[string]any{"id": json.Number("1"), "name": "a<b", "tags": []any{"x", "y"}, "urls": []any{"u", "v"}, "owner": map[string]any{"name": "o"}}
	const head = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
	want := head + `<p:pet xmlns:p="urn:pets" id="1"><title>a&lt;b</title><tags><tag>x</tag><tag>y</tag></tags><url>u</url><url>v</url><owner><name>o</name></owner></p:pet>`
	if got := bodyOf(t, build(t, operation(t, d, "op"), Input{Payload: &Payload{Value: value}})); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	bare := operation(t, d, "bare")
	if got := bodyOf(t, build(t, bare, Input{Payload: &Payload{Value: map[string]any{"root": map[string]any{"a": []any{"1", "2"}}}}})); got != head+"<root><a>1</a><a>2</a></root>" {
		t.Error(got)
	}
	if got := bodyOf(t, build(t, bare, Input{Payload: &Payload{Value: "<x/>"}})); got != "<x/>" {
		t.Error(got)
	}
	if _, err := bare.Request(t.Context(), Input{Payload: &Payload{Value: map[string]any{"a b": "1", "c": "2"}}}); err == nil {
		t.Error("an element with a space in its name was written")
	}
}
