// Command site is a small website behind a load balancer: one page, and the health check that the
// pre-traffic hook asks for.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"os"
	"strings"

	"github.com/headgate/headgate/hooks/runtime"
)

//go:embed page.html
var pageText string

func main() {
	runtime.StartInit(func(context.Context) (runtime.Handler, error) {
		page, err := template.New("page").Parse(pageText)
		if err != nil {
			return nil, err
		}
		s := &site{page: page, greeting: os.Getenv("GREETING"), version: os.Getenv("AWS_LAMBDA_FUNCTION_VERSION")}
		return s.handle, nil
	})
}

type site struct {
	page              *template.Template
	greeting, version string
}

// request and response are those of an Application Load Balancer's target group.
type request struct {
	Method string            `json:"httpMethod"`
	Path   string            `json:"path"`
	Query  map[string]string `json:"queryStringParameters"`
}

type response struct {
	StatusCode        int               `json:"statusCode"`
	StatusDescription string            `json:"statusDescription"`
	IsBase64Encoded   bool              `json:"isBase64Encoded"`
	Headers           map[string]string `json:"headers"`
	Body              string            `json:"body"`
}

func (s *site) handle(_ context.Context, event json.RawMessage) (any, error) {
	var r request
	if json.Unmarshal(event, &r) != nil {
		return text(http.StatusBadRequest, "not a request"), nil //nolint:nilerr // the client is told
	}
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return text(http.StatusMethodNotAllowed, "GET only"), nil
	case r.Path == "/":
		return s.render(r.Query["name"])
	case r.Path == "/healthcheck":
		return s.health()
	}
	return text(http.StatusNotFound, "no such page"), nil
}

func (s *site) render(name string) (response, error) {
	var b strings.Builder
	err := s.page.Execute(&b, map[string]string{"Greeting": s.greeting, "Name": name, "Version": s.version})
	if err != nil {
		return response{}, err
	}
	out := text(http.StatusOK, b.String())
	out.Headers["Content-Type"] = "text/html; charset=utf-8"
	return out, nil
}

// health tries what the page needs, rather than to say that a process runs.
func (s *site) health() (response, error) {
	if s.greeting == "" {
		return text(http.StatusServiceUnavailable, "GREETING is not set"), nil
	}
	if _, err := s.render("health check"); err != nil {
		return text(http.StatusServiceUnavailable, err.Error()), nil
	}
	return text(http.StatusOK, "well"), nil
}

func text(status int, body string) response {
	return response{StatusCode: status, StatusDescription: fmt.Sprintf("%d %s", status, http.StatusText(status)),
		Headers: map[string]string{"Content-Type": "text/plain; charset=utf-8"}, Body: body}
}
