package runner

import (
	"context"
	"errors"
	"sync"
)

// Bus is a Binding within the process: what is sent to an address reaches everybody who subscribed to it before. The program that runs the
// workflow takes part with Publish and Subscribe. The zero value is ready.
type Bus struct {
	mu          sync.Mutex
	subscribers map[string][]*mailbox // by address
}

var _ Binding = (*Bus)(nil)

// Send implements Binding.
func (b *Bus) Send(_ context.Context, to Endpoint, m Message) error {
	b.Publish(to.Address, m)
	return nil
}

// Subscribe implements Binding.
func (b *Bus) Subscribe(_ context.Context, from Endpoint) (Subscription, error) {
	return b.Listen(from.Address), nil
}

// Publish sends a message to an address.
func (b *Bus) Publish(address string, m Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for template, boxes := range b.subscribers {
		if !pathMatches(template, address) {
			continue
		}
		for _, box := range boxes {
			box.put(m)
		}
	}
}

// Listen subscribes to an address, whose segments {name} stand for anything.
func (b *Bus) Listen(address string) Subscription {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.subscribers == nil {
		b.subscribers = map[string][]*mailbox{}
	}
	box := newMailbox(func(gone *mailbox) { b.forget(address, gone) })
	b.subscribers[address] = append(b.subscribers[address], box)
	return box
}

func (b *Bus) forget(address string, gone *mailbox) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var rest []*mailbox
	for _, box := range b.subscribers[address] {
		if box != gone {
			rest = append(rest, box)
		}
	}
	b.subscribers[address] = rest
}

// mailbox is an endless queue of messages. The runner empties it as they come, and it is the runner that bounds what it keeps.
type mailbox struct {
	mu      sync.Mutex
	queue   []Message
	arrived chan struct{} // holds a token while the queue is not empty
	closed  chan struct{}
	once    sync.Once
	onClose func(*mailbox)
}

func newMailbox(onClose func(*mailbox)) *mailbox {
	return &mailbox{arrived: make(chan struct{}, 1), closed: make(chan struct{}), onClose: onClose}
}

func (m *mailbox) put(msg Message) {
	m.mu.Lock()
	m.queue = append(m.queue, msg)
	m.mu.Unlock()
	m.wake()
}

func (m *mailbox) wake() {
	select {
	case m.arrived <- struct{}{}:
	default:
	}
}

// Receive implements Subscription.
func (m *mailbox) Receive(ctx context.Context) (Message, error) {
	for {
		select {
		case <-m.arrived:
		case <-m.closed:
			return Message{}, errors.New("the subscription is closed")
		case <-ctx.Done():
			return Message{}, context.Cause(ctx)
		}
		m.mu.Lock()
		if len(m.queue) == 0 {
			m.mu.Unlock()
			continue
		}
		msg := m.queue[0]
		m.queue = m.queue[1:]
		more := len(m.queue) > 0
		m.mu.Unlock()
		if more {
			m.wake()
		}
		return msg, nil
	}
}

// Close implements Subscription.
func (m *mailbox) Close() error {
	m.once.Do(func() {
		close(m.closed)
		m.onClose(m)
	})
	return nil
}
