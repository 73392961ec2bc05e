// Command app is the demo's application. What it does is told by version.json, which is built
// into the program: to ship another version, change that file and deploy again.
package main

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/headgate/headgate/hooks/runtime"
)

//go:embed version.json
var builtIn []byte

// release is the content of version.json.
type release struct {
	Version string `json:"version"`
	// FailEvery makes every n-th request fail, counted in each process; 0 fails none. Health
	// checks always pass: such a fault shows under traffic alone.
	FailEvery int64 `json:"fail_every"`
}

func main() {
	runtime.StartInit(func(context.Context) (runtime.Handler, error) {
		r, err := readRelease(cmp.Or(os.Getenv("LAMBDA_TASK_ROOT"), "."), builtIn)
		if err != nil {
			return nil, err
		}
		return (&app{release: r, functionVersion: os.Getenv("AWS_LAMBDA_FUNCTION_VERSION")}).handle, nil
	})
}

// readRelease prefers a version.json that was packaged beside the program to the one within it.
func readRelease(dir string, text []byte) (release, error) {
	beside, err := os.ReadFile(filepath.Join(dir, "version.json"))
	if err == nil {
		text = beside
	} else if !errors.Is(err, fs.ErrNotExist) {
		return release{}, err
	}
	var r release
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return release{}, fmt.Errorf("version.json: %w", err)
	}
	if r.Version == "" || r.FailEvery < 0 {
		return release{}, fmt.Errorf("version.json: %+v makes no sense", r)
	}
	return r, nil
}

type app struct {
	release
	functionVersion string // the published version that runs, as Lambda numbers it
	requests        atomic.Int64
}

// reply is what the application has to say.
type reply struct {
	Version         string `json:"version"`          // of the source
	FunctionVersion string `json:"function_version"` // of the function
	RequestID       string `json:"request_id,omitempty"`
	Requests        int64  `json:"requests"` // that this process has served, health checks aside
}

// handle answers a plain event with a reply, and an HTTP request with a response around it.
func (a *app) handle(ctx context.Context, event json.RawMessage) (any, error) {
	var request struct {
		Method string `json:"httpMethod"`
		Path   string `json:"path"`
	}
	_ = json.Unmarshal(event, &request) // an event that is no request is as good as any
	r := reply{Version: a.Version, FunctionVersion: a.functionVersion}
	if inv, ok := runtime.From(ctx); ok {
		r.RequestID = inv.RequestID
	}
	if request.Method != "" && request.Path == "/healthcheck" {
		r.Requests = a.requests.Load()
		return response(r)
	}
	r.Requests = a.requests.Add(1)
	if a.FailEvery > 0 && r.Requests%a.FailEvery == 0 {
		return nil, fmt.Errorf("version %s fails every %d. request, and this was number %d", a.Version, a.FailEvery, r.Requests)
	}
	if request.Method == "" {
		return r, nil
	}
	return response(r)
}

func response(r reply) (any, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"statusCode":        200,
		"statusDescription": "200 OK",
		"isBase64Encoded":   false,
		"headers":           map[string]string{"Content-Type": "application/json"},
		"body":              string(body),
	}, nil
}
