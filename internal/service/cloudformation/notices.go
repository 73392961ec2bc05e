package cloudformation

import (
	"strings"
	"sync"

	"github.com/headgate/headgate/internal/db"
)

// notices wakes the checks that wait for word from another service.
type notices struct {
	mu      sync.Mutex
	waiting map[*waiter]struct{}
}

type waiter struct {
	token      string // of the step that waits
	topic, key string
	woken      chan struct{} // holds one: word that comes during a check is not lost
}

func newNotices() *notices { return &notices{waiting: map[*waiter]struct{}{}} }

// wait registers interest until stop is called.
func (n *notices) wait(token, topic, key string) (w *waiter, stop func()) {
	w = &waiter{token: token, topic: topic, key: key, woken: make(chan struct{}, 1)}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.waiting[w] = struct{}{}
	return w, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.waiting, w)
	}
}

// deliver wakes whoever waits for a notice like this one; an empty payload wakes all of its topic.
func (n *notices) deliver(x db.Notice) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for w := range n.waiting {
		if w.topic == x.Topic && (x.Payload == "" || strings.Contains(x.Payload, w.key)) {
			w.wake()
		}
	}
}

// rouse wakes a step: something was done to what it waits for.
func (n *notices) rouse(token string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for w := range n.waiting {
		if w.token == token {
			w.wake()
		}
	}
}

func (w *waiter) wake() {
	select {
	case w.woken <- struct{}{}:
	default:
	}
}
