package wire

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"runtime/debug"
	"strings"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/id"
)

// Call is one request whose protocol and operation are known, not yet decoded. Between Call and
// ServeHTTP stands whatever may refuse it, in the protocol's own shape, with Fail.
type Call struct {
	Service   *Service
	Protocol  Protocol
	Operation string // as the client named it; empty if it did not

	op     *operation
	labels []label
	form   url.Values
	err    error // found while looking: answered by ServeHTTP
}

// Call finds out what r asks for. It reads the body of a query request, which names its
// operation there, and of no other.
func (s *Service) Call(r *http.Request) *Call {
	c := &Call{Service: s, Protocol: s.protocolOf(r)}
	switch c.Protocol {
	case CBOR:
		_, c.Operation, _ = strings.Cut(r.URL.Path, "/operation/")
	case AWSJSON:
		_, c.Operation, _ = strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	case Query:
		c.form, c.err = s.form(r)
		c.Operation = c.form.Get("Action")
	case RestJSON:
		if c.op, c.labels = s.router.find(r); c.op != nil {
			c.Operation = c.op.name
		}
		return c
	}
	c.op = s.ops[c.Operation]
	if c.Protocol != Query && r.Method != http.MethodPost {
		c.op = nil
	}
	return c
}

// protocolOf tells the protocol by what each marks its requests with. A request that bears no
// mark is a query or REST one, whichever the service speaks.
func (s *Service) protocolOf(r *http.Request) Protocol {
	has := s.cfg.Protocols
	switch {
	case has&CBOR != 0 && (r.Header.Get("Smithy-Protocol") != "" || strings.HasPrefix(r.URL.Path, "/service/")):
		return CBOR
	case has&AWSJSON != 0 && r.Header.Get("X-Amz-Target") != "":
		return AWSJSON
	}
	for _, p := range []Protocol{RestJSON, Query, AWSJSON, CBOR} {
		if has&p != 0 {
			return p
		}
	}
	return AWSJSON
}

// form reads the parameters of a query request, from the URL and from the body.
func (s *Service) form(r *http.Request) (url.Values, error) {
	form, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return form, &BadInput{Reason: "the query string cannot be parsed"}
	}
	body, err := content(r, s.cfg.MaxBody)
	if err != nil || len(body) == 0 {
		return form, err
	}
	sent, err := url.ParseQuery(string(body))
	if err != nil {
		return form, &BadInput{Reason: "the form cannot be parsed"}
	}
	if len(form) == 0 {
		return sent, nil
	}
	for k, v := range sent {
		form[k] = v
	}
	return form, nil
}

// ServeHTTP decodes the request, checks its members, calls the handler and writes its answer. A
// panic in the handler is an internal failure like any other.
func (c *Call) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	who := caller.From(ctx)
	if who.RequestID == "" {
		who.RequestID = id.Request()
		ctx = caller.With(ctx, who)
		r = r.WithContext(ctx)
	}
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler { //nolint:errorlint // that very value
				panic(p)
			}
			c.Service.log.Error("handler panicked", "service", c.Service.cfg.Name, "operation", c.Operation,
				"request_id", who.RequestID, "panic", p, "stack", string(debug.Stack()))
			c.Fail(w, r, errPanic)
		}
	}()
	out, err := c.invoke(ctx, r)
	if err != nil {
		c.Fail(w, r, err)
		return
	}
	c.answer(w, who.RequestID, out)
}

// errPanic stands for a panic that is already logged.
var errPanic = errors.New("handler panicked")

// invoke returns the handler's output struct.
func (c *Call) invoke(ctx context.Context, r *http.Request) (reflect.Value, error) {
	if c.err != nil {
		return reflect.Value{}, c.err
	}
	if c.op == nil {
		return reflect.Value{}, c.unknown(r)
	}
	if !c.op.handler.IsValid() {
		return reflect.Value{}, unsupported(c.Service.cfg.Name, c.op.name)
	}
	in := reflect.New(c.op.in)
	if err := c.decode(r, in.Elem()); err != nil {
		return reflect.Value{}, err
	}
	if text := c.op.rules().Check(in.Elem()); text != "" {
		return reflect.Value{}, &Error{Code: c.Service.cfg.ValidationCode, Message: text, Status: http.StatusBadRequest}
	}
	ret := c.op.handler.CallSlice([]reflect.Value{reflect.ValueOf(ctx), in, c.op.noOpts})
	if err, _ := ret[1].Interface().(error); err != nil {
		return reflect.Value{}, err
	}
	if ret[0].IsNil() {
		return reflect.Value{}, errors.New("the handler returned neither output nor error")
	}
	return ret[0].Elem(), nil
}

// decode fills the input struct v by the call's protocol.
func (c *Call) decode(r *http.Request, v reflect.Value) error {
	sh := c.op.input()
	if c.Protocol == Query {
		tree, err := formTree(c.form)
		if err != nil {
			return err
		}
		return tree.decode(v, sh)
	}
	body, err := content(r, c.Service.cfg.MaxBody)
	if big := (*Error)(nil); errors.As(err, &big) && big.Status == http.StatusRequestEntityTooLarge {
		return &Error{Code: big.Code, Message: big.Message + " for the " + c.op.name + " operation", Status: big.Status}
	}
	if err != nil {
		return err
	}
	switch c.Protocol {
	case CBOR:
		return decodeCBOR(body, v, sh)
	case RestJSON:
		return decodeREST(r, c.labels, body, v, sh)
	}
	return decodeJSON(body, v, sh)
}

// unknown is AWS's answer to an operation it does not have.
func (c *Call) unknown(r *http.Request) error {
	switch c.Protocol {
	case Query:
		if c.Operation == "" {
			return &Error{Code: "MissingAction", Message: "The request must contain an Action.", Status: http.StatusBadRequest}
		}
		return &Error{Code: "InvalidAction", Status: http.StatusBadRequest,
			Message: "Could not find operation " + clip(c.Operation) + " for version " + c.Service.cfg.APIVersion}
	case AWSJSON:
		return &Error{Code: "UnknownOperationException", Status: http.StatusBadRequest,
			Message: "The operation " + clip(r.Header.Get("X-Amz-Target")) + " is not known."}
	}
	return &Error{Code: "UnknownOperationException", Status: http.StatusNotFound,
		Message: "No operation of " + c.Service.cfg.Name + " matches " + r.Method + " " + clip(r.URL.Path)}
}
