package wire

import (
	"bytes"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"reflect"
	"strings"
)

// decodeREST fills v from a restJson1 request: labels, query string, headers, then the body.
func decodeREST(r *http.Request, labels []label, body []byte, v reflect.Value, sh *shape) error {
	var query url.Values
	for _, at := range sh.structure.bound {
		f := &sh.structure.fields[at]
		if query == nil && r.URL.RawQuery != "" && (f.loc == inQuery || f.loc == inQueryMap) {
			query = r.URL.Query()
		}
		if err := f.fromHTTP(v.Field(f.index), r.Header, query, labels); err != nil {
			return within(f.name, err)
		}
	}
	switch {
	case sh.structure.payload >= 0:
		f := &sh.structure.fields[sh.structure.payload]
		return f.fromPayload(v.Field(f.index), body)
	case sh.structure.body > 0:
		return decodeJSON(body, v, sh)
	}
	return nil
}

// fromHTTP sets a member that the message carries outside its body; what was not sent stays
// absent.
func (f *field) fromHTTP(v reflect.Value, h http.Header, query url.Values, labels []label) error {
	switch f.loc {
	case inLabel:
		for _, l := range labels {
			if l.name == f.bind {
				return setText(v, f.shape, l.value)
			}
		}
	case inQuery:
		return f.fromValues(v, query[f.bind])
	case inHeader:
		values := h[textproto.CanonicalMIMEHeaderKey(f.bind)]
		if f.shape.kind == kindList {
			values = splitHeader(values)
		}
		return f.fromValues(v, values)
	case inQueryMap:
		return f.fromPairs(v, query, "")
	case inPrefixHeaders:
		return f.fromPairs(v, h, textproto.CanonicalMIMEHeaderKey(f.bind))
	}
	return nil
}

// fromValues sets a scalar from the first value, a list from all of them.
func (f *field) fromValues(v reflect.Value, values []string) error {
	if len(values) == 0 {
		return nil
	}
	if f.shape.kind != kindList {
		return setText(v, f.shape, values[0])
	}
	out := reflect.MakeSlice(f.shape.typ, len(values), len(values))
	for i, s := range values {
		if err := setText(out.Index(i), f.shape.elem, s); err != nil {
			return err
		}
	}
	place(v, f.shape).Set(out)
	return nil
}

// fromPairs sets a map of strings, or of lists of them, from the names that start with prefix.
func (f *field) fromPairs(v reflect.Value, pairs map[string][]string, prefix string) error {
	if f.shape.kind != kindMap {
		return badInput("Headgate does not read this member")
	}
	out := reflect.MakeMap(f.shape.typ)
	for k, values := range pairs {
		name, ok := strings.CutPrefix(k, prefix)
		if !ok || len(values) == 0 {
			continue
		}
		e := reflect.New(f.shape.typ.Elem()).Elem()
		elem := field{shape: f.shape.elem}
		if err := elem.fromValues(e, values); err != nil {
			return err
		}
		out.SetMapIndex(reflect.ValueOf(name).Convert(f.shape.typ.Key()), e)
	}
	if out.Len() > 0 {
		place(v, f.shape).Set(out)
	}
	return nil
}

// fromPayload sets the member that is the whole body. A blob is the body itself, of
// which nobody else holds a copy.
func (f *field) fromPayload(v reflect.Value, body []byte) error {
	switch f.shape.kind {
	case kindStream:
		r := reflect.ValueOf(io.NopCloser(bytes.NewReader(body)))
		if !r.Type().AssignableTo(v.Type()) {
			return badInput("Headgate does not read this stream")
		}
		v.Set(r)
		return nil
	case kindBlob:
		if len(body) > 0 {
			place(v, f.shape).SetBytes(body)
		}
		return nil
	case kindString:
		if len(body) > 0 {
			setString(v, f.shape, validUTF8(body))
		}
		return nil
	}
	return decodeJSON(body, v, f.shape)
}

// splitHeader splits the values of a list-valued header at commas.
func splitHeader(values []string) []string {
	var out []string
	for _, v := range values {
		for s := range strings.SplitSeq(v, ",") {
			out = append(out, strings.TrimSpace(s))
		}
	}
	return out
}

// encodeREST writes the members that travel as headers and returns the status and the body. A
// stream is returned instead of bytes.
func encodeREST(h http.Header, b []byte, status int, v reflect.Value, sh *shape) (int, []byte, io.Reader) {
	st := sh.structure
	for _, at := range st.bound {
		f := &st.fields[at]
		fv := v.Field(f.index)
		if f.loc == inStatus {
			if n := statusOf(fv); n != 0 {
				status = n
			}
		} else if !isNil(fv) {
			f.toHeader(h, fv)
		}
	}
	if st.payload < 0 {
		if st.body > 0 {
			h.Set("Content-Type", "application/json")
			b = appendJSONStruct(b, v, st)
		}
		return status, b, nil
	}
	f := &st.fields[st.payload]
	fv := v.Field(f.index)
	switch {
	case isNil(fv):
		return status, b, nil
	case f.shape.kind == kindStream:
		r, _ := fv.Interface().(io.Reader)
		return status, nil, r
	case f.shape.kind == kindBlob:
		setDefault(h, "Content-Type", "application/json") // what Lambda says of a function's answer
		return status, fv.Bytes(), nil
	}
	h.Set("Content-Type", "application/json")
	return status, appendJSON(b, fv, f.shape), nil
}

// statusOf reads an httpResponseCode member; 0 is absent.
func statusOf(v reflect.Value) int {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return 0
		}
		v = v.Elem()
	}
	return int(v.Int())
}

// toHeader writes a member as a header, a map as one for each entry, a list as repeated ones.
func (f *field) toHeader(h http.Header, v reflect.Value) {
	if f.shape.ptr {
		v = v.Elem()
	}
	switch f.shape.kind {
	case kindMap:
		for _, k := range sortedKeys(v) {
			e := v.MapIndex(k)
			if f.shape.elem.ptr && !e.IsNil() {
				e = e.Elem()
			}
			h.Set(f.bind+k.String(), text(e, f.shape.elem, formatHTTPDate))
		}
	case kindList:
		for i := range v.Len() {
			h.Add(f.bind, text(v.Index(i), f.shape.elem, formatHTTPDate))
		}
	default:
		h.Set(f.bind, text(v, f.shape, formatHTTPDate))
	}
}

func setDefault(h http.Header, name, value string) {
	if h.Get(name) == "" {
		h.Set(name, value)
	}
}
