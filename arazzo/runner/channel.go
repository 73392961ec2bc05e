package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/expression"
	"github.com/headgate/headgate/arazzo/source"
)

// send publishes the step's message. The step is complete once it is handed over.
func (f *frame) send(ctx context.Context, s *stepPlan, attempt int) outcome {
	r := f.run
	msg, env, address, err := f.compose(s)
	if err != nil {
		return outcome{reason: err.Error()}
	}
	e, b, err := r.endpoint(s, address)
	if err != nil && r.player == nil {
		return outcome{reason: err.Error()}
	}
	f.values.Message, f.values.Request = env, env
	r.observe(func() Event {
		return MessageSent{f.origin(s, attempt), s.channel.Name, e.Protocol, r.masker.Header(msg.Header), r.masker.Data(env.Body), false}
	})
	if r.player != nil {
		_, err = r.player.message(s.channel.Name, true)
	} else {
		err = b.Send(ctx, e, msg)
	}
	if err != nil {
		return f.failed(ctx, err)
	}
	if r.recorder != nil {
		t := &tapeMessage{Channel: s.channel.Name, Header: r.masker.Header(msg.Header)}
		t.setBody([]byte(r.masker.Text(string(msg.Payload))))
		if err := r.recorder.add(tapeLine{Step: s.model.StepID, Sent: t}); err != nil {
			return f.failed(ctx, err)
		}
	}
	return outcome{ok: true}
}

// compose makes the message of a sending step, and its address.
func (f *frame) compose(s *stepPlan) (Message, *expression.Message, string, error) {
	env := &expression.Message{NoBody: true, Header: http.Header{}}
	msg := Message{Header: env.Header}
	address, query := s.channel.Address, url.Values{}
	for _, p := range s.parameters {
		v, err := p.Value.Evaluate(f.env)
		if err != nil {
			return msg, nil, "", fmt.Errorf("parameter %s: %w", p.Name, err)
		}
		if expression.IsUndefined(v) {
			continue
		}
		text := expression.Text(v)
		switch {
		case p.In == arazzo.InPath || p.In == "" && strings.Contains(address, "{"+p.Name+"}"):
			address = strings.ReplaceAll(address, "{"+p.Name+"}", url.PathEscape(text))
			env.Path = put(env.Path, p.Name, v)
		case p.In == arazzo.InHeader || p.In == "":
			env.Header[p.Name] = []string{text}
		case p.In == arazzo.InQuery:
			query.Set(p.Name, text)
			env.Query = put(env.Query, p.Name, v)
		default:
			return msg, nil, "", fmt.Errorf("parameter %s: a message has no %s", p.Name, p.In)
		}
	}
	for _, p := range s.channel.Parameters {
		if place := "{" + p.Name + "}"; strings.Contains(address, place) {
			if p.Default == "" {
				return msg, nil, "", fmt.Errorf("the address %s of channel %s needs the parameter %s", s.channel.Address, s.channel.Name, p.Name)
			}
			address = strings.ReplaceAll(address, place, p.Default)
		}
	}
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	if s.body == nil {
		return msg, env, address, nil
	}
	v, err := s.body.evaluate(f.env)
	if err != nil || expression.IsUndefined(v) {
		return msg, env, address, err
	}
	env.Body, env.NoBody = v, false
	msg.ContentType = s.body.contentType
	msg.Payload, err = encode(v, msg.ContentType)
	return msg, env, address, err
}

// encode writes a payload: JSON, or text as it is where the content type is not JSON.
func encode(v any, contentType string) ([]byte, error) {
	if text, ok := v.(string); ok && contentType != "" && !isJSON(contentType) {
		return []byte(text), nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("write the message: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// waiter receives one message for a step. It holds what it needs, so that it may work beside its frame.
type waiter struct {
	frame  *frame
	step   *stepPlan
	origin Origin
	wanted any // the correlation id; Undefined: any message will do
	err    error
}

// wait evaluates what a receiving step waits for.
func (f *frame) wait(s *stepPlan) *waiter {
	w := &waiter{frame: f, step: s, origin: f.origin(s, 1), wanted: expression.Undefined}
	if s.model.CorrelationID != nil {
		w.wanted, w.err = s.model.CorrelationID.Evaluate(f.env)
		if w.err == nil && expression.IsUndefined(w.wanted) {
			w.err = fmt.Errorf("the correlationId is not set")
		}
	}
	return w
}

// receive waits for the message.
func (w *waiter) receive(ctx context.Context) outcome {
	r, s := w.frame.run, w.step
	if w.err != nil {
		return outcome{reason: w.err.Error()}
	}
	if t := s.model.Timeout; t != nil && *t > 0 {
		d := seconds2duration(float64(*t) / 1000)
		mine := &timeoutError{"the step", d}
		inner, cancel := deadline(ctx, r.clock, d, mine)
		defer cancel()
		out := w.take(inner)
		if out.fatal != nil && mine.ended(inner) {
			return outcome{reason: out.fatal.Error()}
		}
		return out
	}
	return w.take(ctx)
}

func (w *waiter) take(ctx context.Context) outcome {
	r, s := w.frame.run, w.step
	start := r.clock.Now()
	msg, err := w.message(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return outcome{fatal: &fatalError{err}}
		}
		return r.failure(err)
	}
	env := incoming(msg)
	if r.recorder != nil {
		t := &tapeMessage{Channel: s.channel.Name, Header: r.masker.Header(msg.Header)}
		t.setBody([]byte(r.masker.Text(string(msg.Payload))))
		if err := r.recorder.add(tapeLine{Step: s.model.StepID, Received: t}); err != nil {
			return outcome{fatal: &fatalError{err}}
		}
	}
	r.observe(func() Event {
		o := w.origin
		o.Time = r.clock.Now()
		payload, _ := env.Body.(expression.Lazy).Value() // decoding never fails: it falls back to text
		protocol := ""
		if slot := r.mail.slots[s.mailKey()]; slot != nil {
			protocol = slot.from.Protocol
		}
		return MessageReceived{o, s.channel.Name, protocol, r.masker.Header(msg.Header), r.masker.Data(payload), o.Time.Sub(start)}
	})
	return outcome{ok: true, message: env}
}

// message takes the next one that fits, of the channel or of the recording.
func (w *waiter) message(ctx context.Context) (Message, error) {
	r, s := w.frame.run, w.step
	if r.player != nil {
		t, err := r.player.message(s.channel.Name, false)
		if err != nil {
			return Message{}, err
		}
		body, err := t.body()
		return Message{Header: t.Header, Payload: body}, err
	}
	slot := r.mail.slots[s.mailKey()]
	if slot == nil {
		return Message{}, fmt.Errorf("channel %s is not subscribed to", s.channel.Name)
	}
	return slot.take(ctx, w.fits)
}

// mailKey is the slot of the mailroom that the step's messages come to.
func (s *stepPlan) mailKey() string { return s.source.model.Name + " " + s.channel.Address }

func incoming(msg Message) *expression.Message {
	contentType := msg.ContentType
	if contentType == "" {
		contentType = "application/json"
	}
	return &expression.Message{Header: msg.Header, Body: &lazyBody{raw: msg.Payload, contentType: contentType}, NoBody: len(msg.Payload) == 0}
}

// fits tells whether a message carries the correlation id that the step waits for, at the place that the description gives for one of the
// channel's messages.
func (w *waiter) fits(msg Message) bool {
	if expression.IsUndefined(w.wanted) {
		return true
	}
	want := expression.Text(w.wanted)
	env := &expression.Values{Message: incoming(msg)}
	described := false
	for _, m := range w.step.messages() {
		if m.CorrelationID == "" {
			continue
		}
		described = true
		if got := correlation(m, env); !expression.IsUndefined(got) && expression.Text(got) == want {
			return true
		}
	}
	if described || w.frame.run.Strict {
		return false
	}
	for _, name := range []string{"correlationId", "Correlation-Id", "X-Correlation-Id"} {
		for have, values := range msg.Header {
			if strings.EqualFold(have, name) && len(values) > 0 && values[0] == want {
				return true
			}
		}
	}
	return false
}

// correlation reads a message's correlation id: $message.header#/id or $message.payload#/id, which is AsyncAPI's way to write it.
func correlation(m *source.Message, env *expression.Values) any {
	where, pointer, _ := strings.Cut(m.CorrelationID, "#")
	p, err := expression.ParsePointer(pointer)
	if err != nil {
		return expression.Undefined
	}
	switch where {
	case "$message.header":
		if len(p.Tokens()) != 1 {
			return expression.Undefined
		}
		v, _ := env.Lookup(&expression.Reference{Root: expression.RootMessage, Part: expression.PartHeader, Name: p.Tokens()[0]})
		return v
	case "$message.payload":
		body, ok := env.Message.Body.(*lazyBody)
		if !ok {
			return expression.Undefined
		}
		v, _ := body.Value()
		return p.Get(v)
	}
	return expression.Undefined
}
