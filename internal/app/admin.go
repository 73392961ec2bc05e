package app

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/blob"
	"github.com/headgate/headgate/internal/openapi"
	"github.com/headgate/headgate/internal/wire"
)

// maxAdvance bounds one jump of the clock: longer than anything waits.
const maxAdvance = 366 * 24 * time.Hour

// admin serves /_headgate/: what AWS has no operation for.
//
//	GET  /_headgate/health   {"status":"ok"}
//	GET  /_headgate/clock    {"now":…,"rate":…}
//	POST /_headgate/clock    {"rate":60,"advance":"10m"}, either or both
//	GET  /_headgate/code/…   a function's package, by the link that GetFunction answers
//	GET  /_headgate/executions/pins?execution=ARN   {"pins":{…}}: what the definition names → the version that runs
//	GET  /_headgate/openapi/lambda.json   the Lambda operations that are served, as OpenAPI 3.1
func (a *App) admin(services []*wire.Service) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_headgate/health", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"status": "ok"})
	})
	mux.HandleFunc("GET /_headgate/clock", func(w http.ResponseWriter, _ *http.Request) { a.tellTime(w) })
	mux.HandleFunc("POST /_headgate/clock", a.setClock)
	mux.HandleFunc("GET /_headgate/code/{name}", a.sendCode)
	mux.HandleFunc("GET /_headgate/executions/pins", a.tellPins)
	for _, s := range services {
		if s.Config().Name == "lambda" {
			mux.Handle("GET /_headgate/openapi/", openapi.Lambda(s.Operations()))
		}
	}
	return mux
}

func (a *App) tellTime(w http.ResponseWriter) {
	answer(w, http.StatusOK, map[string]any{"now": a.clock.Now(), "rate": a.clock.Anchor().Rate})
}

func (a *App) setClock(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Rate    float64
		Advance string
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		answer(w, http.StatusBadRequest, map[string]any{"message": `want {"rate": 60, "advance": "10m"}: ` + err.Error()})
		return
	}
	var advance time.Duration
	if in.Advance != "" {
		var err error
		if advance, err = time.ParseDuration(in.Advance); err != nil || advance < 0 || advance > maxAdvance {
			answer(w, http.StatusBadRequest, map[string]any{"message": `advance must be a duration up to a year, such as "90s" or "10m"`})
			return
		}
	}
	if in.Rate < 0 || in.Rate > 1e6 {
		answer(w, http.StatusBadRequest, map[string]any{"message": "rate must be above 0 and at most 1000000"})
		return
	}
	if err := a.clock.change(r.Context(), in.Rate, advance); err != nil {
		slog.Error("change the clock", "error", err)
		answer(w, http.StatusInternalServerError, map[string]any{"message": "internal error"})
		return
	}
	a.tellTime(w)
}

func (a *App) tellPins(w http.ResponseWriter, r *http.Request) {
	pins, err := a.services.sfn.Pins(r.Context(), r.URL.Query().Get("execution"))
	var api smithy.APIError
	switch {
	case errors.As(err, &api):
		answer(w, http.StatusBadRequest, map[string]any{"message": api.ErrorMessage()})
	case err != nil:
		slog.Error("read an execution's pins", "error", err)
		answer(w, http.StatusInternalServerError, map[string]any{"message": "internal error"})
	default:
		answer(w, http.StatusOK, map[string]any{"pins": pins})
	}
}

// codeLink is a link to a package that holds for ten minutes, as AWS's do. It is sealed: who has it may read that package.
func (a *App) codeLink(_ context.Context, name string) string {
	until := strconv.FormatInt(time.Now().Add(10*time.Minute).Unix(), 10)
	return a.Endpoint() + "/_headgate/code/" + name + "?expires=" + until + "&seal=" + a.sessions.Seal(name+" "+until)
}

func (a *App) sendCode(w http.ResponseWriter, r *http.Request) {
	name, until := r.PathValue("name"), r.URL.Query().Get("expires")
	expires, err := strconv.ParseInt(until, 10, 64)
	if err != nil || !a.sessions.Vouches(name+" "+until, r.URL.Query().Get("seal")) || time.Now().Unix() > expires {
		answer(w, http.StatusForbidden, map[string]any{"message": "this link was not made here, or has expired: call GetFunction again"})
		return
	}
	body, err := a.services.packages.Open(r.Context(), name)
	if errors.Is(err, blob.ErrNotFound) {
		answer(w, http.StatusNotFound, map[string]any{"message": "this package is gone"})
		return
	}
	if err != nil {
		slog.Error("send a package", "error", err)
		answer(w, http.StatusInternalServerError, map[string]any{"message": "internal error"})
		return
	}
	defer body.Close()
	w.Header().Set("Content-Type", "application/zip")
	if _, err := io.Copy(w, body); err != nil {
		slog.Debug("package not sent whole", "error", err)
	}
}

func answer(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // a client that is gone needs no answer
}
