package wire

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"

	"github.com/headgate/headgate/internal/caller"
)

const requestIDHeader = "X-Amzn-Requestid"

// answer writes a success.
func (c *Call) answer(w http.ResponseWriter, requestID string, v reflect.Value) {
	buf := c.Service.pool.Get().(*[]byte)
	defer func() { c.Service.pool.Put(buf) }()
	h, b, status := w.Header(), (*buf)[:0], http.StatusOK
	h.Set(requestIDHeader, requestID)
	sh := c.op.output()
	switch c.Protocol {
	case Query:
		h.Set("Content-Type", "text/xml")
		b = append(append(append(b, '<'), c.op.name...), `Response xmlns="`...)
		b = append(append(b, c.Service.cfg.XMLNamespace...), `">`...)
		b = appendXML(b, c.op.name+"Result", v, sh)
		b = append(append(append(b, "<ResponseMetadata><RequestId>"...), requestID...), "</RequestId></ResponseMetadata>"...)
		b = appendTag(b, c.op.name+"Response", true)
	case CBOR:
		h.Set("Content-Type", "application/cbor")
		h.Set("Smithy-Protocol", "rpc-v2-cbor")
		b = appendCBOR(b, v, sh)
	case AWSJSON:
		h.Set("Content-Type", "application/x-amz-json-"+c.Service.cfg.JSONVersion)
		b = appendJSON(b, v, sh)
	case RestJSON:
		var stream io.Reader
		status, b, stream = encodeREST(h, b, c.op.status, v, sh)
		if stream != nil {
			c.stream(w, status, stream)
			return
		}
	}
	send(w, status, b)
	if c.Protocol != RestJSON && cap(b) <= 64<<10 { // a payload may belong to the handler
		*buf = b
	}
}

// stream copies a streaming payload, and closes it if it can be closed.
func (c *Call) stream(w http.ResponseWriter, status int, r io.Reader) {
	if closer, ok := r.(io.Closer); ok {
		defer closer.Close()
	}
	w.WriteHeader(status)
	if _, err := io.Copy(w, r); err != nil {
		c.Service.log.Debug("response stream broke", "service", c.Service.cfg.Name, "operation", c.Operation, "err", err)
		panic(http.ErrAbortHandler) // the client must not take the part for the whole
	}
}

// send writes a whole body; 204 has none, and no length either.
func send(w http.ResponseWriter, status int, b []byte) {
	if status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	}
	w.WriteHeader(status)
	if status != http.StatusNoContent {
		w.Write(b) // the client may have gone: nobody is left to tell
	}
}

// failure is an error as a protocol needs it.
type failure struct {
	code    string // of query and of x-amzn-query-error
	shape   string // of the JSON protocols and CBOR
	message string
	status  int
	server  bool
	members reflect.Value // the SDK's error struct, invalid if there is none
	sh      *shape
}

// Fail answers err in the call's protocol: an AWS error as it is, anything else as an internal
// failure whose detail goes to the log alone.
func (c *Call) Fail(w http.ResponseWriter, r *http.Request, err error) {
	requestID := caller.From(r.Context()).RequestID
	f := c.Service.failure(c.Protocol, err)
	if f.shape == "InternalFailure" {
		c.Service.log.LogAttrs(r.Context(), levelOf(r.Context()), "internal failure", slog.String("service", c.Service.cfg.Name),
			slog.String("operation", c.Operation), slog.String("request_id", requestID), slog.Any("err", err))
		f.message += " (request id " + requestID + ")"
	}
	h := w.Header()
	h.Set(requestIDHeader, requestID)
	switch c.Protocol {
	case Query:
		h.Set("Content-Type", "text/xml")
		send(w, f.status, f.xml(c.Service.cfg.XMLNamespace, requestID))
		return
	case CBOR:
		h.Set("Content-Type", "application/cbor")
		h.Set("Smithy-Protocol", "rpc-v2-cbor")
	case AWSJSON:
		h.Set("Content-Type", "application/x-amz-json-"+c.Service.cfg.JSONVersion)
	default:
		h.Set("Content-Type", "application/json")
	}
	h.Set("X-Amzn-Errortype", f.shape)
	if c.Service.cfg.QueryCompatible {
		h.Set("X-Amzn-Query-Error", f.code+";"+f.queryFault())
	}
	if f.members.IsValid() {
		f.headers(h)
	}
	if c.Protocol == CBOR {
		send(w, f.status, f.cbor())
		return
	}
	send(w, f.status, f.json(c.Protocol == RestJSON))
}

// levelOf keeps requests that the client gave up out of the error log.
func levelOf(ctx context.Context) slog.Level {
	if ctx.Err() != nil {
		return slog.LevelDebug
	}
	return slog.LevelError
}

// failure finds the code, shape and status of err. Whatever is no AWS error, a database that is
// gone for one, is an internal failure.
func (s *Service) failure(p Protocol, err error) failure {
	var bad *BadInput
	var ae smithy.APIError
	switch {
	case errors.As(err, &bad):
		code := "SerializationException"
		if p == Query {
			code = "MalformedInput"
		}
		return failure{code: code, shape: code, message: bad.Error(), status: http.StatusBadRequest}
	case !errors.As(err, &ae):
		return failure{code: "InternalFailure", shape: "InternalFailure", status: http.StatusInternalServerError, server: true,
			message: "The request processing has failed because of an unknown error, exception or failure."}
	}
	f := failure{code: ae.ErrorCode(), shape: ae.ErrorCode(), message: ae.ErrorMessage(), server: ae.ErrorFault() == smithy.FaultServer}
	f.status = http.StatusBadRequest
	if f.server {
		f.status = http.StatusInternalServerError
	}
	if e, ok := ae.(*Error); ok {
		f.status = e.Status
		return f
	}
	s.model(&f, p, ae)
	return f
}

// model adds what the SDK knows of the error: its members, status and query code.
func (s *Service) model(f *failure, p Protocol, ae smithy.APIError) {
	if code, ok := s.cfg.Statuses[f.code]; ok {
		f.status = code
	}
	schema := SchemaOf(ae)
	if v := reflect.ValueOf(ae); isStructPointer(v.Type()) && v.Elem().FieldByName("ErrorCodeOverride").IsValid() {
		f.members, f.sh = v.Elem(), s.shapes.of(v.Type().Elem())
		if over := v.Elem().FieldByName("ErrorCodeOverride"); over.IsNil() {
			f.shape = v.Type().Elem().Name()
		}
	} else if s.cfg.Errors != nil {
		if e, ok := s.cfg.Errors.LookupEntry(f.code); ok {
			schema = e.Schema
		}
	}
	if x, ok := smithy.SchemaTrait[*traits.HTTPError](schema); ok {
		f.status = x.Code
	}
	if x, ok := smithy.SchemaTrait[*traits.AWSQueryError](schema); ok {
		f.code = x.ErrorCode
		if p == Query {
			f.status = x.StatusCode
		}
	}
}

// queryFault is the fault in awsQuery's words.
func (f *failure) queryFault() string {
	if f.server {
		return "Receiver"
	}
	return "Sender"
}

// headers writes the error's members that travel there, such as Retry-After.
func (f *failure) headers(h http.Header) {
	for _, at := range f.sh.structure.bound {
		m := &f.sh.structure.fields[at]
		if v := f.members.Field(m.index); m.loc == inHeader && !isNil(v) {
			m.toHeader(h, v)
		}
	}
}

// json writes {"__type": …, "message": …} and the error's other members. restJson1 has the type
// in a header; Lambda's errors say in Type whose fault it was.
func (f *failure) json(rest bool) []byte {
	b := []byte{'{'}
	if rest {
		fault := map[bool]string{false: "User", true: "Service"}[f.server]
		b = appendJSONString(append(b, `"Type":`...), fault)
	} else {
		b = appendJSONString(append(b, `"__type":`...), f.shape)
	}
	for name, v := range f.each(rest) {
		b = append(appendJSONString(append(b, ','), name), ':')
		b = appendJSON(b, v.value, v.shape)
	}
	return append(b, '}')
}

// cbor is json in CBOR.
func (f *failure) cbor() []byte {
	b := appendCBORString(appendCBORString([]byte{0xbf}, "__type"), f.shape)
	for name, v := range f.each(false) {
		b = appendCBOR(appendCBORString(b, name), v.value, v.shape)
	}
	return append(b, 0xff)
}

// xml writes awsQuery's ErrorResponse.
func (f *failure) xml(namespace, requestID string) []byte {
	b := append(append([]byte(`<ErrorResponse xmlns="`), namespace...), `"><Error><Type>`...)
	b = append(append(b, f.queryFault()...), "</Type>"...)
	b = appendTag(appendXMLText(appendTag(b, "Code", false), f.code), "Code", true)
	b = appendTag(appendXMLText(appendTag(b, "Message", false), f.message), "Message", true)
	if f.members.IsValid() {
		for name, v := range f.each(true) {
			if !strings.EqualFold(name, "message") {
				b = appendXML(b, name, v.value, v.shape)
			}
		}
	}
	return append(append(append(b, "</Error><RequestId>"...), requestID...), "</RequestId></ErrorResponse>"...)
}

// member is one member of an error.
type member struct {
	value reflect.Value
	shape *shape
}

// each yields the members of the error in its own spelling; an error that nothing models, or
// that carries no message, has a message member.
func (f *failure) each(withoutType bool) func(func(string, member) bool) {
	return func(yield func(string, member) bool) {
		said := false
		if f.members.IsValid() {
			for i := range f.sh.structure.fields {
				m := &f.sh.structure.fields[i]
				v := f.members.Field(m.index)
				if m.loc != inBody || isNil(v) || withoutType && m.name == "Type" {
					continue
				}
				said = said || strings.EqualFold(m.name, "message")
				if !yield(m.name, member{v, m.shape}) {
					return
				}
			}
		}
		if !said {
			yield("message", member{reflect.ValueOf(f.message), &shape{kind: kindString}})
		}
	}
}
