package main

import (
	"encoding/json"
	"html/template"
	"strings"
	"testing"
)

func TestSite(t *testing.T) {
	page := template.Must(template.New("page").Parse(pageText))
	well := &site{page: page, greeting: "Hello", version: "3"}
	broken := template.Must(template.New("page").Parse(`{{template "missing"}}`))
	tests := map[string]struct {
		site   *site
		event  string
		status int
		body   string
	}{
		"the page":                   {well, `{"httpMethod":"GET","path":"/"}`, 200, "<h1>Hello!</h1>\n<p>Served by version 3.</p>"},
		"a name, escaped":            {well, `{"httpMethod":"GET","path":"/","queryStringParameters":{"name":"<b>"}}`, 200, "Hello, &lt;b&gt;!"},
		"the health check":           {well, `{"httpMethod":"GET","path":"/healthcheck"}`, 200, "well"},
		"a missing setting":          {&site{page: page}, `{"httpMethod":"GET","path":"/healthcheck"}`, 503, "GREETING is not set"},
		"a page that cannot be made": {&site{page: broken, greeting: "Hello"}, `{"httpMethod":"GET","path":"/healthcheck"}`, 503, "missing"},
		"another page":               {well, `{"httpMethod":"GET","path":"/x"}`, 404, "no such page"},
		"another method":             {well, `{"httpMethod":"POST","path":"/"}`, 405, "GET only"},
		"no request":                 {well, `[]`, 400, "not a request"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out, err := tt.site.handle(t.Context(), json.RawMessage(tt.event))
			if err != nil {
				t.Fatal(err)
			}
			if r := out.(response); r.StatusCode != tt.status || !strings.Contains(r.Body, tt.body) {
				t.Errorf("%+v", r)
			}
		})
	}
}
