package runner

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/auth"
	"github.com/headgate/headgate/arazzo/expression"
	"github.com/headgate/headgate/arazzo/source"
)

// call makes an operation's request and reads the answer. An outcome that is ok says no more than that there was one.
func (f *frame) call(ctx context.Context, s *stepPlan, attempt int) outcome {
	req, err := f.request(ctx, s)
	if err != nil {
		return f.failed(ctx, err)
	}
	a, err := f.exchange(ctx, s, attempt, req)
	if err != nil {
		return f.failed(ctx, err)
	}
	v := &f.values
	v.StatusCode = a.status
	v.Response = &expression.Message{Header: a.header, Body: &lazyBody{raw: a.body, contentType: a.header.Get("Content-Type")}, NoBody: len(a.body) == 0}
	out := outcome{ok: true, statusCode: a.status, request: req, answer: a}
	if a.status >= 300 || len(a.header["Retry-After"]) > 0 {
		out.retryAfter, out.byServer = retryAfter(a.header, f.run.clock.Now())
	}
	return out
}

const inBody = "body"

// answer is a response that was read.
type answer struct {
	proto     string
	status    int
	header    http.Header
	body      []byte
	firstByte time.Duration
	duration  time.Duration
}

// request builds the step's request, without credentials, and makes its parts known to $request, $url and $method.
func (f *frame) request(ctx context.Context, s *stepPlan) (*http.Request, error) {
	r := f.run
	in := source.Input{Server: r.server(s.source), ServerVariables: r.ServerVariables, Header: r.Header, Strict: r.Strict}
	message := &expression.Message{NoBody: true}
	f.noticeUnset(s)
	var members map[string]any
	if len(s.parameters) > 0 {
		in.Arguments = make([]source.Argument, 0, len(s.parameters))
	}
	for _, p := range s.parameters {
		value, err := p.Value.Evaluate(f.env)
		if err != nil {
			return nil, fmt.Errorf("parameter %s: %w", p.Name, err)
		}
		if expression.IsUndefined(value) {
			continue
		}
		switch p.In {
		case inBody: // of 1.0.0's examples: a member of the body; validation has warned
			members = put(members, p.Name, value)
			continue
		case arazzo.InPath:
			message.Path = put(message.Path, p.Name, value)
		case arazzo.InQuery, arazzo.InQuerystring:
			message.Query = put(message.Query, p.Name, value)
		}
		in.Arguments = append(in.Arguments, source.Argument{Name: p.Name, In: p.In, Value: value})
	}
	if s.body != nil || members != nil {
		value, contentType, err := f.payload(s, members)
		if err != nil {
			return nil, err
		}
		if !expression.IsUndefined(value) {
			message.Body, message.NoBody = value, false
			if text, ok := value.(string); ok && s.body != nil && s.body.written() && isJSON(contentType) && looksLikeJSON(text) {
				// It was to be JSON, and is none any more: a value with a quote was put between quotes. The specification has texts embedded
				// as they are, so that what the document says is what the server gets; as a JSON string it would be something else.
				r.warn(arazzo.Finding{Rule: "payload-not-json", Message: "the payload is not JSON once its expressions are replaced: it is sent as it is",
					Line: s.body.model.At("payload").Line, Column: s.body.model.At("payload").Column, Hint: "write the payload as an object, whose values are kept whatever they contain"})
				value = []byte(text)
			}
			in.Payload = &source.Payload{ContentType: contentType, Value: value}
		}
	}
	req, err := s.op.Request(ctx, in)
	if err != nil {
		return nil, err
	}
	if err := guardURL(req.URL, r.AllowLinkLocal); err != nil {
		return nil, err
	}
	message.Header = req.Header
	f.values.Request, f.values.URL, f.values.Method = message, req.URL.String(), req.Method
	return req, nil
}

// payload is the step's body with the members that parameters add to it; Undefined: none.
func (f *frame) payload(s *stepPlan, members map[string]any) (any, string, error) {
	v := expression.Undefined
	contentType := s.describedType()
	if s.body != nil {
		var err error
		if v, err = s.body.evaluate(f.env); err != nil {
			return nil, "", err
		}
		contentType = s.body.contentType
	}
	if members == nil {
		return v, contentType, nil
	}
	if object, ok := v.(map[string]any); ok {
		for name, value := range object {
			members[name] = value
		}
	}
	return members, contentType, nil
}

// embeds finds the strings of the request that have expressions embedded.
func (s *stepPlan) embeds() {
	add := func(v *arazzo.Value) {
		for _, e := range v.Expressions() {
			if t := e.At.Template(); t != nil && t.Whole() == nil && !slices.Contains(s.embedded, e.At) {
				s.embedded = append(s.embedded, e.At)
			}
		}
	}
	for _, p := range s.parameters {
		add(p.Value)
	}
	if s.body != nil {
		add(s.body.model.Payload)
		for _, r := range s.body.model.Replacements {
			add(r.Value)
		}
	}
}

// noticeUnset warns of embedded expressions that are not set: nothing stands in their place, which is seldom what was meant.
func (f *frame) noticeUnset(s *stepPlan) {
	for _, v := range s.embedded {
		for _, e := range v.Template().Unset(f.env) {
			f.run.warn(arazzo.Finding{
				Rule: "unset-expression", Message: "{" + e.String() + "} is not set, so nothing stands in its place", Line: v.Line, Column: v.Column, Path: v.Path,
			})
		}
	}
}

func put(m map[string]any, name string, value any) map[string]any {
	if m == nil {
		m = map[string]any{}
	}
	m[name] = value
	return m
}

// server is the base URL that replaces a description's; empty: none does.
func (r *run) server(s *apiSource) string {
	if url, found := r.Servers[s.model.Name]; found {
		return url
	}
	return r.Servers["*"]
}

// bodyOf gives a request's body without consuming it.
func bodyOf(req *http.Request) ([]byte, error) {
	if req.Body == nil || req.Body == http.NoBody || req.GetBody == nil {
		return nil, nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}

// exchange sends a request and reads the answer, or takes it from the recording.
func (f *frame) exchange(ctx context.Context, s *stepPlan, attempt int, req *http.Request) (*answer, error) {
	r := f.run
	number := int(r.exchanges.Add(1))
	r.masker.LearnRequest(req)
	if r.Observer != nil || r.recorder != nil {
		if err := r.learnBody(req); err != nil {
			return nil, err
		}
	}
	var tape *tapeMessage
	if r.recorder != nil || r.player != nil {
		body, err := bodyOf(req)
		if err != nil {
			return nil, err
		}
		tape = &tapeMessage{Method: req.Method, URL: r.masker.URL(r.masker.Text(req.URL.String())), Header: r.masker.Header(req.Header)}
		tape.setBody([]byte(r.masker.Text(string(body))))
	}
	if r.player == nil && (len(s.op.Security) > 0 || r.Auth.ForceSigV4) {
		signed, err := r.signer.SignOperation(ctx, req, s.op)
		if signed, err = r.unsigned(req, signed, err); err != nil {
			return nil, err
		}
		req = signed
	}
	r.observe(func() Event {
		body, _ := bodyOf(req)
		return RequestSent{f.origin(s, attempt), number, req.Method, r.masker.URL(r.masker.Text(req.URL.String())), r.masker.Header(req.Header), r.maskBody(req.Header, body), schemes(s), false}
	})
	start := r.clock.Now()
	var a *answer
	var err error
	if r.player != nil {
		a, err = r.play(tape)
	} else {
		a, err = r.send(req, start)
	}
	if r.recorder != nil {
		if err := r.tape(s, tape, a, err); err != nil {
			return nil, err
		}
	}
	r.observe(func() Event {
		if err != nil {
			return ResponseReceived{Origin: f.origin(s, attempt), Exchange: number, Err: errors.New(r.masker.Text(err.Error())), Duration: since(r.clock, start)}
		}
		return ResponseReceived{f.origin(s, attempt), number, a.proto, a.status, r.masker.Header(a.header), r.maskBody(a.header, a.body), nil, a.firstByte, a.duration}
	})
	return a, err
}

// learnBody tells the masker the secrets of a request's payload, by their names.
func (r *run) learnBody(req *http.Request) error {
	body, err := bodyOf(req)
	if err != nil || len(body) == 0 {
		return err
	}
	switch contentType := req.Header.Get("Content-Type"); {
	case isJSON(contentType):
		if v, ok := decodeJSON(body); ok {
			r.masker.LearnData(v)
		}
	case strings.HasPrefix(contentType, "application/x-www-form-urlencoded"):
		if form, err := url.ParseQuery(string(body)); err == nil {
			members := map[string]any{}
			for name := range form {
				members[name] = form.Get(name)
			}
			r.masker.LearnData(members)
		}
	}
	return nil
}

// unsigned lets a request go without credentials that nobody supplied: descriptions name schemes that the server at hand, a test's or one
// within a trusted network, does not ask for, and one that does answers 401. Strictly such a run is refused, as it is where the caller has
// asked for SigV4.
func (r *run) unsigned(plain, signed *http.Request, err error) (*http.Request, error) {
	var missing *auth.MissingError
	if err == nil || r.Strict || r.Auth.ForceSigV4 || !errors.As(err, &missing) {
		return signed, err
	}
	r.warn(arazzo.Finding{Rule: "missing-credentials", Message: "requests are sent without: " + r.masker.Text(missing.Error())})
	return plain, nil
}

// send makes the exchange over the network.
func (r *run) send(req *http.Request, start time.Time) (*answer, error) {
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	a := &answer{proto: resp.Proto, status: resp.StatusCode, header: resp.Header}
	if r.Observer != nil {
		a.firstByte = since(r.clock, start)
	}
	if req.Method == http.MethodHead || resp.StatusCode == http.StatusNotModified {
		// There is no body: Content-Length speaks of what GET would answer, RFC 9110 §8.6.
	} else if n := resp.ContentLength; n > 0 && n <= r.limits.Body {
		a.body = make([]byte, n)
		if _, err = io.ReadFull(resp.Body, a.body); err != nil {
			return nil, fmt.Errorf("read the answer: %w", err)
		}
	} else {
		if a.body, err = io.ReadAll(io.LimitReader(resp.Body, r.limits.Body+1)); err != nil {
			return nil, fmt.Errorf("read the answer: %w", err)
		}
		if int64(len(a.body)) > r.limits.Body {
			return nil, fmt.Errorf("the answer is longer than the limit of %d bytes", r.limits.Body)
		}
	}
	if r.Observer != nil {
		a.duration = since(r.clock, start)
	}
	return a, nil
}

// tape records an exchange.
func (r *run) tape(s *stepPlan, request *tapeMessage, a *answer, failed error) error {
	line := tapeLine{Step: s.workflow.model.WorkflowID + "." + s.model.StepID, Request: request}
	if failed != nil {
		line.Error = r.masker.Text(failed.Error())
		return r.recorder.add(line)
	}
	line.Response = &tapeMessage{Status: a.status, Header: r.masker.Header(a.header)}
	line.Response.setBody([]byte(r.masker.Text(string(a.body))))
	return r.recorder.add(line)
}

// play takes an exchange from the recording.
func (r *run) play(want *tapeMessage) (*answer, error) {
	line, err := r.player.exchange(want)
	if err != nil {
		return nil, err
	}
	if line.Response == nil {
		return nil, errors.New(line.Error)
	}
	body, err := line.Response.body()
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	return &answer{proto: "HTTP/1.1", status: line.Response.Status, header: line.Response.Header, body: body}, nil
}

// maskBody hides secrets in a body that somebody will read: members of secret names in JSON and forms, and known secrets anywhere.
func (r *run) maskBody(h http.Header, body []byte) []byte {
	if len(body) == 0 {
		return nil
	}
	contentType := h.Get("Content-Type")
	if isJSON(contentType) {
		if v, ok := decodeJSON(body); ok {
			if out, err := encode(r.masker.Data(v), contentType); err == nil {
				return out
			}
		}
	}
	if strings.HasPrefix(contentType, "application/x-www-form-urlencoded") {
		return []byte(r.masker.Form(string(body)))
	}
	return []byte(r.masker.Text(string(body)))
}

var seed = maphash.MakeSeed()

// fingerprint is a hash of an exchange, never zero.
func fingerprint(req *http.Request, a *answer) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	io.WriteString(&h, req.URL.Path)
	io.WriteString(&h, req.URL.RawQuery)
	if payload, err := bodyOf(req); err == nil {
		h.Write(payload)
	}
	h.WriteByte(byte(a.status))
	h.Write(a.body)
	return h.Sum64() | 1
}
