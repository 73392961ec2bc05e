package db

import "sync"

// Notice says that something changed: Topic is a service's name for it, Payload (a few kB) says
// what. An empty payload means: notices may have been missed, look at everything.
type Notice struct{ Topic, Payload string }

type notices struct {
	mu   sync.RWMutex
	subs map[string][]func(Notice)
}

func newNotices() *notices { return &notices{subs: map[string][]func(Notice){}} }

// Subscribe has f called for every notice of the topic, on whichever node it was sent: on this
// node before the Update that sent it returns. f must not block.
func (d *DB) Subscribe(topic string, f func(Notice)) {
	d.notices.mu.Lock()
	defer d.notices.mu.Unlock()
	d.notices.subs[topic] = append(d.notices.subs[topic], f)
}

// Notify sends a notice when the transaction commits, and none when it does not.
func (tx *Tx) Notify(topic, payload string) {
	tx.notices = append(tx.notices, Notice{topic, payload})
}

func (d *DB) committed(tx *Tx) {
	for _, n := range tx.notices {
		d.notices.deliver(n)
	}
	for _, f := range tx.onCommit {
		f()
	}
}

func (n *notices) deliver(x Notice) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	for _, f := range n.subs[x.Topic] {
		f(x)
	}
}

func (n *notices) resync() {
	n.mu.RLock()
	defer n.mu.RUnlock()
	for topic, fs := range n.subs {
		for _, f := range fs {
			f(Notice{Topic: topic})
		}
	}
}
