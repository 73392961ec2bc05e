package runtimeapi

import (
	"encoding/base64"
	"io"
	"net/http"
	"strings"
)

// An invocation is finished before its request is answered: a process that ends as soon as it has
// the answer must not seem to have ended without giving its own.

// postResponse is POST …/invocation/{id}/response on the net/http side: any framing, and the
// streaming response mode.
func (s *Server) postResponse(w http.ResponseWriter, r *http.Request) {
	inv, err := s.begin([]byte(r.PathValue("id")), "InvocationResponse")
	if err != nil {
		refuse(w, err)
		return
	}
	if strings.EqualFold(r.Header.Get("Lambda-Runtime-Function-Response-Mode"), "streaming") {
		s.stream(w, r, inv)
		return
	}
	body, ok, err := readBody(r, MaxPayload)
	switch {
	case err != nil:
		s.abandon()
		answer(w, http.StatusBadRequest, "InvalidRequest", err.Error())
	case !ok:
		s.tooLarge(w)
	default:
		s.finish(Result{Payload: body})
		accepted(w)
	}
}

// tooLarge answers 413 and fails the invocation with it.
func (s *Server) tooLarge(w http.ResponseWriter) {
	s.finish(TooLarge())
	w.Header().Set("Connection", "close") // the rest of the body is not read
	answer(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "Exceeded maximum allowed payload size (6291556 bytes).")
}

// stream reads a streamed response. An error in the middle comes in the trailers.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, inv *Invocation) {
	res := Result{Streamed: true, ContentType: r.Header.Get("Content-Type")}
	var kept strings.Builder
	out, limit := io.Writer(&kept), int64(MaxPayload) // what is kept in memory is a response like any other
	if inv.Stream != nil {
		out, limit = inv.Stream, MaxStream
	}
	n, err := io.Copy(out, io.LimitReader(r.Body, limit+1))
	switch {
	case n > limit:
		s.tooLarge(w)
		return
	case err != nil:
		// The connection broke, or the consumer did: the answer is what has come so far.
		res.FunctionError, res.ErrorType = "Unhandled", "Runtime.TruncatedResponse"
	default:
		res.Payload = []byte(kept.String())
	}
	if kind := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); kind != "" {
		res.FunctionError, res.ErrorType = "Unhandled", kind
		if body, err := base64.StdEncoding.DecodeString(r.Trailer.Get("Lambda-Runtime-Function-Error-Body")); err == nil {
			res.Payload = body
		}
	}
	s.finish(res)
	accepted(w)
}

// postError is POST …/invocation/{id}/error: the function failed.
func (s *Server) postError(w http.ResponseWriter, r *http.Request) {
	if _, err := s.begin([]byte(r.PathValue("id")), "InvocationErrorResponse"); err != nil {
		refuse(w, err)
		return
	}
	body, ok, err := readBody(r, MaxPayload)
	switch {
	case err != nil:
		s.abandon()
		answer(w, http.StatusBadRequest, "InvalidRequest", err.Error())
	case !ok:
		s.tooLarge(w)
	default:
		s.finish(Result{Payload: body, FunctionError: "Unhandled", ErrorType: errorType(r, body)})
		accepted(w)
	}
}
