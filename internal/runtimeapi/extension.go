package runtimeapi

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// MaxExtensions is how many extensions an environment admits (FACTS §4).
const MaxExtensions = 10

type extensionState uint8

const (
	registered extensionState = iota
	waiting
	busy
	extensionFailed
)

// extension is one registered extension; its fields are guarded by Server.mu.
type extension struct {
	id, name         string
	invoke, shutdown bool // the events that it subscribed to
	state            extensionState
	events           chan extensionEvent // holds an INVOKE that is not yet fetched, and SHUTDOWN
}

// extensionEvent is the document that event/next answers.
type extensionEvent struct {
	EventType          string   `json:"eventType"`
	DeadlineMs         int64    `json:"deadlineMs"`
	RequestID          string   `json:"requestId,omitempty"`
	InvokedFunctionARN string   `json:"invokedFunctionArn,omitempty"`
	Tracing            *tracing `json:"tracing,omitempty"`
	ShutdownReason     string   `json:"shutdownReason,omitempty"`
}

type tracing struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// postRegister is POST /2020-01-01/extension/register. External extensions register before the
// runtime starts, internal ones while it initializes.
func (s *Server) postRegister(w http.ResponseWriter, r *http.Request) {
	x := &extension{id: uuid.NewString(), name: r.Header.Get("Lambda-Extension-Name"), events: make(chan extensionEvent, 2)}
	if x.name == "" {
		answer(w, http.StatusForbidden, "Extension.InvalidExtensionName", "Lambda-Extension-Name header is missing")
		return
	}
	var in struct {
		Events []string `json:"events"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&in); err != nil && err != io.EOF {
		answer(w, http.StatusBadRequest, "InvalidRequestFormat", "the body is not a list of events: "+err.Error())
		return
	}
	for _, e := range in.Events {
		switch e {
		case "INVOKE":
			x.invoke = true
		case "SHUTDOWN":
			x.shutdown = true
		default:
			answer(w, http.StatusForbidden, "Extension.InvalidEventType", e+": invalid event type")
			return
		}
	}
	if kind, message := s.register(x); kind != "" {
		answer(w, http.StatusForbidden, kind, message)
		return
	}
	w.Header().Set("Lambda-Extension-Identifier", x.id)
	w.Header().Set("Content-Type", jsonType)
	body := map[string]string{"functionName": s.cfg.FunctionName, "functionVersion": s.cfg.FunctionVersion, "handler": s.cfg.Handler}
	if r.Header.Get("Lambda-Extension-Accept-Feature") == "accountId" {
		body["accountId"] = s.cfg.AccountID
	}
	json.NewEncoder(w).Encode(body)
}

// register adds x, or says why not.
func (s *Server) register(x *extension) (kind, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.initDone || s.closing:
		return "Extension.RegistrationClosed", "Extension registration closed already"
	case len(s.extensions) >= MaxExtensions:
		return "Extension.TooManyExtensions", fmt.Sprintf("Extension limit (%d) reached", MaxExtensions)
	}
	for _, other := range s.extensions {
		if other.name == x.name {
			return "Extension.AlreadyRegistered", "Extension with this name already registered"
		}
	}
	s.extensions = append(s.extensions, x)
	s.expected--
	return "", ""
}

// getEvent is GET /2020-01-01/extension/event/next.
func (s *Server) getEvent(w http.ResponseWriter, r *http.Request) {
	x := s.extension(w, r)
	if x == nil {
		return
	}
	s.mu.Lock()
	if x.state == extensionFailed {
		s.mu.Unlock()
		answer(w, http.StatusForbidden, "Extension.InvalidExtensionState", "the extension has failed")
		return
	}
	x.state = waiting
	s.offer() // unlocks
	select {
	case e := <-x.events:
		w.Header().Set("Lambda-Extension-Event-Identifier", uuid.NewString())
		w.Header().Set("Content-Type", jsonType)
		json.NewEncoder(w).Encode(e)
	case <-r.Context().Done():
	}
}

// postExtensionError is POST …/extension/init/error and …/exit/error.
func (s *Server) postExtensionError(w http.ResponseWriter, r *http.Request) {
	x := s.extension(w, r)
	if x == nil {
		return
	}
	kind := r.Header.Get("Lambda-Extension-Function-Error-Type")
	if kind == "" {
		answer(w, http.StatusForbidden, "Extension.MissingHeader", "Lambda-Extension-Function-Error-Type not found")
		return
	}
	body, _, _ := readBody(r, 256<<10)
	accepted(w)
	http.NewResponseController(w).Flush() // the platform ends the process right after
	s.mu.Lock()
	x.state = extensionFailed
	s.mu.Unlock()
	s.fail(&Failure{Type: kind, Payload: body})
}

// extension finds the caller by its identifier, or answers why it is unknown.
func (s *Server) extension(w http.ResponseWriter, r *http.Request) *extension {
	id := r.Header.Get("Lambda-Extension-Identifier")
	if id == "" {
		answer(w, http.StatusForbidden, "Extension.MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header")
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.extensions {
		if x.id == id {
			return x
		}
	}
	answer(w, http.StatusForbidden, "Extension.UnknownExtensionIdentifier", "Unknown extension "+strconv.Quote(id))
	return nil
}

// invokeEvents marks, with s.mu held, the extensions that hear of inv as busy and returns the
// deliveries. Without extensions it costs nothing.
func (s *Server) invokeEvents(inv *Invocation) (deliveries []func()) {
	for _, x := range s.extensions {
		if !x.invoke {
			continue
		}
		e := extensionEvent{EventType: "INVOKE", DeadlineMs: inv.Deadline.UnixMilli(), RequestID: inv.RequestID, InvokedFunctionARN: inv.InvokedFunctionARN}
		if inv.TraceID != "" {
			e.Tracing = &tracing{"X-Amzn-Trace-Id", inv.TraceID}
		}
		x.state = busy
		deliveries = append(deliveries, func() { x.events <- e })
	}
	return deliveries
}

// Shutdown tells every extension that subscribed to it that the environment ends; reason is
// SPINDOWN, TIMEOUT or FAILURE in the documentation's words. The wire carries them in lower case,
// as extensions in the field compare them. It reports whether anybody was told.
func (s *Server) Shutdown(reason string, deadline time.Time) bool {
	s.mu.Lock()
	s.closing = true
	var told []*extension
	for _, x := range s.extensions {
		if x.shutdown && x.state != extensionFailed {
			told = append(told, x)
		}
	}
	s.mu.Unlock()
	for _, x := range told {
		e := extensionEvent{EventType: "SHUTDOWN", DeadlineMs: deadline.UnixMilli(), ShutdownReason: reason}
		select {
		case x.events <- e:
		default: // told before
		}
	}
	return len(told) > 0
}
