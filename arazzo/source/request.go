package source

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Argument is a value for a parameter. In may be empty: then the description tells where the name belongs. A parameter that the
// description does not know is sent as well, in the simplest form of its place. A null is not sent.
type Argument struct {
	Name  string
	In    string
	Value any
}

// Payload is a request's body before it is written. Value is plain data; []byte and io.Reader are sent as they are. How a string is
// written depends on the content type: see Operation.Request.
type Payload struct {
	ContentType string // empty: the first that the description lists, application/json preferred
	Value       any
}

// File is a value of a form's member, or a whole body, that has a name and a type of its own.
type File struct {
	Name        string
	ContentType string
	Data        []byte
}

// Input is all that a request is built from.
type Input struct {
	Server          string            // replaces the description's base URL; empty: the first server
	ServerVariables map[string]string // for the templates of servers
	Arguments       []Argument
	Payload         *Payload    // nil: no body
	Header          http.Header // further headers, set last
	// Strict refuses a request without a required parameter or body. Otherwise only the path's parameters must be there, since
	// a workflow may ask on purpose for the answer to a bad request.
	Strict bool
}

// Request builds the request. A required parameter that is missing, a value that cannot be written and a server that has no absolute
// URL are errors with the position of what asked for them.
//
// A string as JSON body is JSON text if it is an object or array (or anything, where the schema allows no string), else a JSON string.
// A string as text, XML, form or binary body is sent as it is; "data:…;base64,…" gives bytes where the body is binary.
func (o *Operation) Request(ctx context.Context, in Input) (*http.Request, error) {
	if o.err != nil {
		return nil, o.err
	}
	b := &builder{op: o, header: http.Header{}, used: map[*Parameter]bool{}}
	if err := b.arguments(in); err != nil {
		return nil, err
	}
	u, err := b.url(in)
	if err != nil {
		return nil, err
	}
	var body io.Reader
	if in.Payload != nil {
		payload := *in.Payload
		if payload.ContentType == "" {
			payload.ContentType = b.header.Get("Content-Type") // of an argument
		}
		contentType, content, err := o.writeBody(&payload)
		if err != nil {
			return nil, err
		}
		if body = content; contentType != "" {
			b.header.Set("Content-Type", contentType)
		}
	} else if in.Strict && o.Body != nil && o.Body.Required {
		return nil, &Error{Position: o.Body.Position, Message: fmt.Sprintf("%s %s needs a body", o.Method, o.Path)}
	}
	req, err := http.NewRequestWithContext(ctx, o.Method, "http://placeholder.invalid", body)
	if err != nil {
		return nil, &Error{Position: o.Position, Message: "cannot build the request", Err: err}
	}
	req.URL, req.Host, req.Header = u, u.Host, b.header
	for name, values := range in.Header {
		req.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
		req.Header.Del("Host")
	}
	return req, nil
}

// builder collects a request's parts.
type builder struct {
	op      *Operation
	path    []filled // by template name
	query   []string // encoded pairs
	whole   string   // the whole query string, where a querystring parameter gave it
	cookies []string
	header  http.Header
	used    map[*Parameter]bool
}

// filled is a value of the path's template, encoded.
type filled struct{ name, text string }

// arguments writes what was given, then what the description alone can give.
func (b *builder) arguments(in Input) error {
	if accept := b.op.accept(); accept != "" {
		b.header.Set("Accept", accept)
	}
	for _, a := range in.Arguments {
		p, err := b.op.parameterFor(a)
		if err != nil {
			return err
		}
		if a.Value == nil {
			continue
		}
		b.used[p] = true
		if err := b.add(p, a.Value); err != nil {
			return &Error{Position: p.Position, Message: fmt.Sprintf("the parameter %q in %s", p.Name, p.In), Err: err}
		}
	}
	for _, p := range b.op.Parameters {
		if b.used[p] || !p.Required {
			continue
		}
		switch {
		case p.HasDefault: // a required one with just one value, or with a default, such as X-Amz-Target
			if err := b.add(p, p.Default); err != nil {
				return &Error{Position: p.Position, Message: fmt.Sprintf("the default of the parameter %q", p.Name), Err: err}
			}
		case p.In == "path" || in.Strict && !p.ignored():
			return b.op.missingParameter(p, in.Arguments)
		}
	}
	if own := b.header.Get("Cookie"); own != "" { // an argument in the header itself
		b.cookies = append([]string{own}, b.cookies...)
	}
	if len(b.cookies) > 0 {
		b.header.Set("Cookie", strings.Join(b.cookies, "; "))
	}
	return nil
}

// ignored tells the headers that OpenAPI says are no parameters: content types and security give them.
func (p *Parameter) ignored() bool {
	return p.In == "header" && (strings.EqualFold(p.Name, "Accept") || strings.EqualFold(p.Name, "Content-Type") || strings.EqualFold(p.Name, "Authorization"))
}

// missingParameter says what is missing; a name that differs in case or by a letter is the likeliest reason.
func (o *Operation) missingParameter(p *Parameter, given []Argument) error {
	e := &Error{Position: p.Position, Message: fmt.Sprintf("%s %s needs the %s parameter %q", o.Method, o.Path, p.In, p.Name)}
	var names []string
	for _, a := range given {
		names = append(names, a.Name)
	}
	if near := nearest(p.Name, names); len(near) > 0 {
		e.Hint = fmt.Sprintf("%q was given: names have case", near[0])
	}
	return e
}

// parameterFor finds the description's parameter for an argument, or makes one up for a name that it does not know.
func (o *Operation) parameterFor(a Argument) (*Parameter, error) {
	var names []string
	for _, p := range o.Parameters {
		if (a.In == "" || a.In == p.In) && sameName(p.In, p.Name, a.Name) {
			return p, nil
		}
		names = append(names, p.Name)
	}
	switch a.In {
	case "header", "query", "cookie", "path", "querystring":
		style := defaultStyle(a.In)
		return &Parameter{Position: o.Position, Name: a.Name, In: a.In, Style: style, Explode: style == "form"}, nil
	}
	e := &Error{Position: o.Position, Message: fmt.Sprintf("%s %s has no parameter %q", o.Method, o.Path, a.Name), Hint: "say where it goes with in"}
	if near := nearest(a.Name, names); len(near) > 0 {
		e.Hint = "did you mean " + near[0] + "?"
	}
	return nil, e
}

// accept lists the media types of the successful answers.
func (o *Operation) accept() string {
	var types []string
	for _, r := range o.Responses {
		if !strings.HasPrefix(r.Status, "2") && r.Status != "default" {
			continue
		}
		for _, m := range r.Content {
			if !slices.Contains(types, m.Type) {
				types = append(types, m.Type)
			}
		}
	}
	if len(types) == 0 {
		return "*/*"
	}
	return strings.Join(types, ", ")
}

// add writes one parameter to its place.
func (b *builder) add(p *Parameter, value any) error {
	enc := encode
	if p.AllowReserved {
		enc = encodeReserved
	}
	if p.In == "querystring" {
		return b.querystring(p, value)
	}
	if p.media != nil { // one text, whatever it is
		text, err := p.media.text(value)
		if err != nil {
			return err
		}
		p = &Parameter{Name: p.Name, In: p.In, Style: defaultStyle(p.In)}
		value = text
	}
	switch p.In {
	case "path":
		text, err := p.pathText(value)
		b.path = append(b.path, filled{p.Name, text})
		return err
	case "query":
		pairs, err := stylePairs(p.Name, value, p.Schema, p.Style, p.Explode, enc)
		b.query = append(b.query, pairs...)
		return err
	case "header":
		s, err := shapeOf(value, p.Schema)
		if err != nil || s.kind == 0 {
			return err
		}
		text := s.simple(p.Explode)
		if err := checkHeader(p.Name, text); err != nil {
			return err
		}
		b.header.Set(p.Name, text)
	case "cookie":
		if p.Style == "cookie" { // 3.2: not encoded
			enc = func(s string) string { return s }
		}
		pairs, err := stylePairs(p.Name, value, p.Schema, p.Style, p.Explode, enc)
		for _, pair := range pairs {
			if strings.ContainsAny(pair, ";\r\n\x00") {
				return fmt.Errorf("a cookie cannot hold %q", pair)
			}
		}
		b.cookies = append(b.cookies, pairs...)
		return err
	}
	return nil
}

// checkHeader refuses what would end a header early: a value from an answer must not write headers of its own.
func checkHeader(name, text string) error {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("()<>@,;:\\\"/[]?={}", r) }) {
		return fmt.Errorf("%q is no name of a header", name)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return fmt.Errorf("a header cannot hold control characters")
	}
	return nil
}

// pathText refuses what would make the URL mean another resource: nothing, and the dots that servers take for directories.
func (p *Parameter) pathText(value any) (string, error) {
	s, err := shapeOf(value, p.Schema)
	if err != nil {
		return "", err
	}
	s = s.each(encode)
	text := s.simple(p.Explode)
	switch p.Style {
	case "label":
		text = s.label(p.Explode)
	case "matrix":
		text = s.matrix(encode(p.Name), p.Explode)
	}
	switch text {
	case "":
		return "", fmt.Errorf("an empty value would make another path of it")
	case ".", "..":
		if p.Style == "simple" {
			return "", fmt.Errorf("%q would make another path of it", text)
		}
	}
	return text, nil
}

// querystring takes over the whole query string (OpenAPI 3.2, Arazzo 1.1).
func (b *builder) querystring(p *Parameter, value any) error {
	media := p.media
	if media == nil {
		media = &MediaType{Type: "application/x-www-form-urlencoded"}
	}
	text, err := media.text(value)
	if err != nil {
		return err
	}
	if essence(media.Type) == "application/x-www-form-urlencoded" {
		b.whole = encodeReserved(strings.TrimPrefix(text, "?"))
	} else {
		b.whole = encode(text)
	}
	return nil
}

// url joins server, path and query.
func (b *builder) url(in Input) (*url.URL, error) {
	base := in.Server
	if base == "" {
		if len(b.op.Servers) == 0 {
			return nil, &Error{Position: b.op.Position, Message: "the operation has no server"}
		}
		var err error
		if base, err = b.op.Servers[0].Resolve(in.ServerVariables); err != nil {
			return nil, err
		}
	}
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, &Error{Position: b.op.Position, Message: fmt.Sprintf("the server %q is no absolute http or https URL", base), Err: err}
	}
	path, _, _ := strings.Cut(b.op.Path, "#") // some descriptions tell operations of one path apart so
	path, fixed, _ := strings.Cut(path, "?")
	path, err = b.expand(path)
	if err != nil {
		return nil, err
	}
	raw := strings.TrimSuffix(u.EscapedPath(), "/") + path
	u.Path, err = url.PathUnescape(raw)
	if err != nil {
		return nil, &Error{Position: b.op.Position, Message: fmt.Sprintf("the path %q", raw), Err: err}
	}
	u.RawPath, u.Fragment, u.RawFragment = raw, "", ""
	parts := make([]string, 0, len(b.query)+2)
	for _, part := range append([]string{u.RawQuery, fixed}, b.query...) {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if b.whole != "" {
		parts = append(parts, b.whole)
	}
	u.RawQuery = strings.Join(parts, "&")
	return u, nil
}

// expand fills the path's template in. {name+}, as API Gateway writes a rest of the path, keeps slashes.
func (b *builder) expand(template string) (string, error) {
	var out bytes.Buffer
	for template != "" {
		text, rest, found := strings.Cut(template, "{")
		out.WriteString(percent(text, ":/@!$&'()*+,;=%"))
		name, after, closed := strings.Cut(rest, "}")
		if !found {
			break
		}
		if !closed {
			return "", &Error{Position: b.op.Position, Message: fmt.Sprintf("the path %q lacks a '}'", b.op.Path)}
		}
		value, err := b.pathValue(name)
		if err != nil {
			return "", err
		}
		out.WriteString(value)
		template = after
	}
	return out.String(), nil
}

func (b *builder) pathValue(name string) (string, error) {
	greedy := strings.TrimSuffix(name, "+")
	for _, f := range b.path {
		switch f.name {
		case name:
			return f.text, nil
		case greedy:
			return strings.ReplaceAll(f.text, "%2F", "/"), nil
		}
	}
	p := &Parameter{Position: b.op.Position, Name: name, In: "path"}
	for _, declared := range b.op.Parameters {
		if declared.In == "path" && declared.Name == name {
			p = declared
		}
	}
	return "", b.op.missingParameter(p, nil)
}
