package runtimeapi

import (
	"net/http"
	"strconv"
)

// getNext is GET /2018-06-01/runtime/invocation/next on the net/http side.
func (s *Server) getNext(w http.ResponseWriter, r *http.Request) {
	p := make(chanPoll, 1)
	if err := s.next(p); err != nil {
		refuse(w, err)
		return
	}
	select {
	case inv := <-p:
		if inv == nil {
			answer(w, http.StatusGone, "PollReplaced", "another request for the next invocation has arrived")
			return
		}
		setEvent(w.Header(), inv)
		w.Header().Set("Content-Length", strconv.Itoa(len(inv.Payload)))
		w.Write(inv.Payload)
	case <-r.Context().Done():
		s.leave(p)
	}
}

// chanPoll carries the event to the request's own goroutine; nil says that it was replaced.
type chanPoll chan *Invocation

func (p chanPoll) deliver(inv *Invocation) error { p <- inv; return nil }
func (p chanPoll) replaced()                     { p <- nil }
