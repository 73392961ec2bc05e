package runtimeapi

import (
	"encoding/json"
	"net/http"
)

// maxInitError bounds an init error's document, in bytes: as it ends the environment, many can be on
// their way at once.
const maxInitError = 256 << 10

// postInitError is POST /2018-06-01/runtime/init/error: the runtime could not load the function.
func (s *Server) postInitError(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	at := s.state
	s.mu.Unlock()
	if at != starting {
		refuse(w, &transitionError{at, "InitError"})
		return
	}
	body, ok, err := readBody(r, maxInitError)
	if err != nil || !ok {
		answer(w, http.StatusBadRequest, "InvalidRequest", "the error document cannot be read")
		return
	}
	accepted(w)
	http.NewResponseController(w).Flush() // the platform ends the process right after
	s.fail(&Failure{Type: errorType(r, body), Payload: body})
}

// errorType is the error's type: the header's, else the document's own.
func errorType(r *http.Request, body []byte) string {
	if kind := r.Header.Get("Lambda-Runtime-Function-Error-Type"); kind != "" {
		return kind
	}
	var doc struct {
		ErrorType string `json:"errorType"`
	}
	if json.Unmarshal(body, &doc) == nil && doc.ErrorType != "" {
		return doc.ErrorType
	}
	return "Runtime.Unknown"
}
