// Command oracle runs all workflows of a document with libopenapi's engine, as a yardstick for the differential tests. It is a module of its
// own because that engine needs another version of the YAML library. It reads one JSON request a line and answers one JSON line for each.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/pb33f/libopenapi"
	"github.com/pb33f/libopenapi/arazzo"
)

type request struct {
	Document string
	Server   string
	Inputs   map[string]map[string]any
}

type answer struct {
	Error     string
	Workflows []workflow
}

type workflow struct {
	ID      string
	Success bool
	Error   string
	Outputs map[string]any
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		var req request
		a := answer{}
		if err := json.Unmarshal(in.Bytes(), &req); err != nil {
			a.Error = err.Error()
		} else if err := run(req, &a); err != nil {
			a.Error = err.Error()
		}
		if out.Encode(a) != nil {
			return
		}
	}
}

func run(req request, a *answer) error {
	doc, err := libopenapi.NewArazzoDocument([]byte(req.Document))
	if err != nil {
		return err
	}
	engine := arazzo.NewEngine(doc, executor{req.Server}, []*arazzo.ResolvedSource{{Name: "api", URL: "api.yaml", Type: "openapi"}})
	result, err := engine.RunAll(context.Background(), req.Inputs)
	if err != nil {
		return err
	}
	for _, w := range result.Workflows {
		line := workflow{ID: w.WorkflowId, Success: w.Success, Outputs: w.Outputs}
		if w.Error != nil {
			line.Error = w.Error.Error()
		}
		a.Workflows = append(a.Workflows, line)
	}
	return nil
}

// executor makes the engine's requests: operation opN is POST /opN with the parameters in the query.
type executor struct{ server string }

func (e executor) Execute(ctx context.Context, req *arazzo.ExecutionRequest) (*arazzo.ExecutionResponse, error) {
	query := url.Values{}
	for name, v := range req.Parameters {
		query.Set(name, fmt.Sprint(v))
	}
	where := e.server + "/" + req.OperationID
	if len(query) > 0 {
		where += "?" + query.Encode()
	}
	var body io.Reader
	if req.RequestBody != nil {
		text, err := json.Marshal(req.RequestBody)
		if err != nil {
			return nil, err
		}
		body = strings.NewReader(string(text))
	}
	hr, err := http.NewRequestWithContext(ctx, http.MethodPost, where, body)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(hr)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var data any
	if err := json.NewDecoder(resp.Body).Decode(&data); err != nil {
		return nil, err
	}
	return &arazzo.ExecutionResponse{StatusCode: resp.StatusCode, Headers: resp.Header, Body: data, URL: where, Method: hr.Method}, nil
}
