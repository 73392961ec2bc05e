package runtimeapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// transitionError is a request that the runtime's state forbids.
type transitionError struct {
	from state
	to   string
}

func (e *transitionError) Error() string {
	return fmt.Sprintf("State transition from %s to %s failed for runtime. Error: State transition is not allowed", e.from, e.to)
}

var errRequestID = errors.New("Invalid request ID")

// answer writes an API error: {"errorMessage", "errorType"}.
func answer(w http.ResponseWriter, status int, kind, message string) {
	body, _ := json.Marshal(struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}{message, kind})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body)
}

// refuse answers an error of begin or next.
func refuse(w http.ResponseWriter, err error) {
	if errors.Is(err, errRequestID) {
		answer(w, http.StatusBadRequest, "InvalidRequestID", err.Error())
		return
	}
	answer(w, http.StatusForbidden, "InvalidStateTransition", err.Error())
}

// accepted is the answer to everything that was taken.
func accepted(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	w.Write([]byte(statusOK))
}

const statusOK = `{"status":"OK"}` + "\n"
