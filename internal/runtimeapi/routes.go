package runtimeapi

import (
	"io"
	"net/http"
	"strconv"
)

const (
	runtimePrefix   = "/2018-06-01/runtime/"
	extensionPrefix = "/2020-01-01/extension/"
	jsonType        = "application/json"
)

// routes is the page of both APIs; each route has its own file.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+runtimePrefix+"invocation/next", s.getNext)
	mux.HandleFunc("POST "+runtimePrefix+"invocation/{id}/response", s.postResponse)
	mux.HandleFunc("POST "+runtimePrefix+"invocation/{id}/error", s.postError)
	mux.HandleFunc("POST "+runtimePrefix+"init/error", s.postInitError)
	mux.HandleFunc("POST "+extensionPrefix+"register", s.postRegister)
	mux.HandleFunc("GET "+extensionPrefix+"event/next", s.getEvent)
	mux.HandleFunc("POST "+extensionPrefix+"init/error", s.postExtensionError)
	mux.HandleFunc("POST "+extensionPrefix+"exit/error", s.postExtensionError)
	// Extensions that subscribe to logs go on without them when they are told so.
	mux.HandleFunc("PUT /2020-08-15/logs", unsupported("Logs API is not supported", "Logs.NotSupported"))
	mux.HandleFunc("PUT /2022-07-01/telemetry", unsupported("Telemetry API is not supported", "Telemetry.NotSupported"))
	mux.HandleFunc("GET /2018-06-01/ping", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "pong") })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusNotFound, "NotFound", "no such route: "+r.Method+" "+r.URL.Path)
	})
	return mux
}

func unsupported(message, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		answer(w, http.StatusAccepted, kind, message)
	}
}

// readBody reads a request's body of at most limit bytes; ok is false when it is longer.
func readBody(r *http.Request, limit int64) (body []byte, ok bool, err error) {
	if r.ContentLength > limit {
		return nil, false, nil
	}
	if r.ContentLength >= 0 {
		body = make([]byte, r.ContentLength)
		_, err = io.ReadFull(r.Body, body)
		return body, true, err
	}
	body, err = io.ReadAll(io.LimitReader(r.Body, limit+1))
	return body, int64(len(body)) <= limit, err
}

// setEvent sets the headers of an invocation; net/http replaces line breaks in their values.
func setEvent(h http.Header, inv *Invocation) {
	h.Set("Content-Type", jsonType)
	h.Set("Lambda-Runtime-Aws-Request-Id", inv.RequestID)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.Deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", inv.InvokedFunctionARN)
	for _, o := range optional(inv) {
		if o.value != "" {
			h.Set(o.name, o.value)
		}
	}
}

type header struct{ name, value string }

// optional lists the headers that stand only where the invocation has them.
func optional(inv *Invocation) [3]header {
	return [3]header{
		{"Lambda-Runtime-Trace-Id", inv.TraceID},
		{"Lambda-Runtime-Client-Context", inv.ClientContext},
		{"Lambda-Runtime-Cognito-Identity", inv.CognitoIdentity},
	}
}
