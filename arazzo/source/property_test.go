package source

import (
	"io"
	"mime"
	"mime/multipart"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What a server reads with the standard library is what was sent, whatever it was.
func TestServersReadWhatWasSent(t *testing.T) {
	d := parse(t, `
openapi: 3.1.0
paths:
  /a/{id}/b:
    post:
      operationId: op
      parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
      - {name: "q[ü]", in: query, schema: {type: array}}
      - {name: filter, in: query, style: deepObject, schema: {type: object}}
      - {name: c, in: cookie, schema: {type: string}}
      requestBody: {content: {application/x-www-form-urlencoded: {}, multipart/form-data: {}}}
`)
	op := operation(t, d, "op")
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.StringN(1, 20, -1).Filter(func(s string) bool { return s != "." && s != ".." }).Draw(t, "id")
		list := rapid.SliceOfN(rapid.String(), 1, 4).Draw(t, "list")
		key, value := rapid.String().Draw(t, "key"), rapid.String().Draw(t, "value")
		var items []any
		for _, s := range list {
			items = append(items, s)
		}
		contentType := rapid.SampledFrom([]string{"application/x-www-form-urlencoded", "multipart/form-data"}).Draw(t, "type")
		if contentType == "multipart/form-data" && (key == "" || strings.ContainsAny(key, "\"\\\r\n\x00%") || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r >= 0x7f })) {
			key = "key" // names of parts have an encoding of their own
		}
		req, err := op.Request(t.Context(), Input{Server: "http://h.example/base%2Fx", Arguments: []Argument{{"id", "", id}, {"q[ü]", "", items},
			{"filter", "", map[string]any{key: value}}, {"c", "", value}}, Payload: &Payload{contentType, map[string]any{key: items}}})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(req.URL.String())
		if err != nil {
			t.Fatal(err)
		}
		segments := strings.Split(u.EscapedPath(), "/")
		if len(segments) != 5 || segments[1] != "base%2Fx" {
			t.Fatalf("path %s", u.EscapedPath())
		}
		if got, err := url.PathUnescape(segments[3]); err != nil || got != id {
			t.Fatalf("id %q, not %q", got, id)
		}
		query := u.Query()
		if !slices.Equal(query["q[ü]"], list) || query.Get("filter["+key+"]") != value {
			t.Fatalf("query %s", u.RawQuery)
		}
		cookie, err := req.Cookie("c")
		if value != "" && err != nil {
			t.Fatal(err)
		}
		if cookie != nil {
			if got, err := url.PathUnescape(cookie.Value); err != nil || got != value {
				t.Fatalf("cookie %q, not %q", got, value)
			}
		}
		if got := formOf(t, contentType, req.Header.Get("Content-Type"), req.Body)[key]; !slices.Equal(got, list) {
			t.Fatalf("form %q, not %q", got, list)
		}
	})
}

func formOf(t *rapid.T, contentType, header string, body io.Reader) map[string][]string {
	if contentType != "multipart/form-data" {
		r := httptest.NewRequest("POST", "/", body)
		r.Header.Set("Content-Type", header)
		if err := r.ParseForm(); err != nil {
			t.Fatal(err)
		}
		return r.PostForm
	}
	_, params, err := mime.ParseMediaType(header)
	if err != nil {
		t.Fatal(err)
	}
	form, err := multipart.NewReader(body, params["boundary"]).ReadForm(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	return form.Value
}
