package source

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

// urlencoded writes a form. A member whose encoding names a style travels in that; else objects are JSON text and the members of lists
// repeat the name. A string is a form already.
func (m *MediaType) urlencoded(value any) (string, error) {
	form, ok := value.(map[string]any)
	if !ok {
		if text, isText := value.(string); isText {
			return text, nil
		}
		return "", fmt.Errorf("a form needs an object")
	}
	var pairs []string
	for _, name := range orderedKeys(form, m.Schema) {
		more, err := m.formPairs(name, form[name])
		if err != nil {
			return "", fmt.Errorf("member %q: %w", name, err)
		}
		pairs = append(pairs, more...)
	}
	return strings.Join(pairs, "&"), nil
}

// formPairs are the pairs of one member. Per RFC 6570 a space is %20, in a form it is a plus sign: any server reads both, but a plain form
// looks as browsers write it.
func (m *MediaType) formPairs(name string, value any) ([]string, error) {
	e := m.Encoding[name]
	schema := m.member(name)
	if e != nil && (e.Style != "" || e.HasExplode || e.AllowReserved) {
		enc, style := url.QueryEscape, e.Style
		if style == "" {
			style = "form"
		}
		if e.AllowReserved { // '&', '=' and '+' mean something in a form whatever a description says
			enc = func(s string) string {
				return strings.NewReplacer("&", "%26", "=", "%3D", "+", "%2B").Replace(encodeReserved(s))
			}
		}
		return stylePairs(name, value, schema, style, e.Explode, enc)
	}
	contentType := ""
	if e != nil {
		contentType = firstType(e.ContentType)
	}
	list, isList := value.([]any)
	if !isList || isJSON(contentType) {
		list = []any{value}
	}
	var pairs []string
	for _, item := range list {
		if item == nil {
			continue
		}
		text, err := textOf(item)
		if contentType != "" {
			text, err = (&MediaType{Type: contentType, Schema: schema}).text(item)
		}
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, url.QueryEscape(name)+"="+url.QueryEscape(text))
	}
	return pairs, nil
}

// member is the schema of a form's member; nil where it says nothing.
func (m *MediaType) member(name string) *Schema {
	if m.Schema == nil {
		return nil
	}
	s, _ := m.Schema.member(name)
	return s
}

// firstType takes the first of the media types that an encoding allows: the workflow says nothing by which to choose.
func firstType(list string) string {
	t, _, _ := strings.Cut(list, ",")
	return strings.TrimSpace(t)
}

// multipart writes an object as the parts of a form, a list's members as parts of the same name.
func (m *MediaType) multipart(value any) ([]byte, string, error) {
	form, ok := value.(map[string]any)
	if !ok {
		if text, isText := value.(string); isText {
			return []byte(text), m.Type, nil // written by hand, with the boundary in the content type
		}
		return nil, "", fmt.Errorf("a form needs an object")
	}
	var parts []part
	for _, name := range orderedKeys(form, m.Schema) {
		list, isList := form[name].([]any)
		schema := m.member(name)
		if isList && schema != nil {
			schema, _ = schema.member("0")
		}
		if !isList || m.Encoding[name] != nil && isJSON(firstType(m.Encoding[name].ContentType)) {
			list = []any{form[name]}
		}
		for _, item := range list {
			if item == nil {
				continue
			}
			p, err := m.part(name, item, schema)
			if err != nil {
				return nil, "", fmt.Errorf("member %q: %w", name, err)
			}
			parts = append(parts, p)
		}
	}
	return writeParts(m.Type, parts)
}

// part is one part of a multipart body.
type part struct {
	header textproto.MIMEHeader
	data   []byte
}

// part writes one member. Its type is the encoding's, else that of the schema: octets for binary strings, JSON for objects, plain text.
func (m *MediaType) part(name string, value any, schema *Schema) (part, error) {
	e := m.Encoding[name]
	p := part{header: textproto.MIMEHeader{}}
	fileName, contentType := "", ""
	if e != nil {
		contentType = firstType(e.ContentType)
	}
	octets := isBinary(schema)
	switch v := value.(type) {
	case *File:
		value = *v
	case []byte:
		octets = true
	}
	if f, ok := value.(File); ok {
		octets, fileName = true, f.Name
		if f.ContentType != "" {
			contentType = f.ContentType
		}
	}
	if _, isMap := value.(map[string]any); contentType == "" {
		switch {
		case octets:
			contentType = "application/octet-stream"
		case isMap:
			contentType = "application/json"
		}
	}
	if octets && fileName == "" {
		fileName = name
	}
	var err error
	switch {
	case strings.Contains(contentType, "*"): // an encoding's range: image/*
		contentType = "application/octet-stream"
		fallthrough
	case octets && contentType != "application/json":
		p.data, _, err = (&MediaType{Type: "application/octet-stream"}).write(value)
	case contentType == "":
		var text string
		text, err = textOf(value)
		p.data = []byte(text)
	default:
		p.data, contentType, err = (&MediaType{Type: contentType, Schema: schema}).write(value)
	}
	if err != nil {
		return p, err
	}
	disposition := `form-data; name="` + quote(name) + `"`
	if fileName != "" {
		disposition += `; filename="` + quote(fileName) + `"`
	}
	p.header.Set("Content-Disposition", disposition)
	if contentType != "" {
		p.header.Set("Content-Type", contentType)
	}
	if e != nil {
		for _, h := range e.Headers { // whose values only the description can give
			if h.HasDefault && !strings.EqualFold(h.Name, "Content-Type") {
				s, err := shapeOf(h.Default, h.Schema)
				if err != nil || checkHeader(h.Name, s.simple(h.Explode)) != nil {
					return p, fmt.Errorf("the default of the header %q cannot be sent", h.Name)
				}
				p.header.Set(h.Name, s.simple(h.Explode))
			}
		}
	}
	return p, nil
}

// isBinary tells whether a schema means bytes: format binary (3.0), a content media type without an encoding (3.1), type file (2.0).
func isBinary(s *Schema) bool {
	if s == nil {
		return false
	}
	return s.keyword("format") == "binary" || slices.Contains(s.Types(), "file") || s.keyword("contentMediaType") != "" && s.keyword("contentEncoding") == ""
}

// quote is what browsers do with names in a Content-Disposition.
func quote(s string) string {
	return strings.NewReplacer(`"`, "%22", "\r", "%0D", "\n", "%0A").Replace(s)
}

// writeParts takes the boundary from the content type, else from a hash of the parts: the same form is the same bytes, so that a recorded run
// can be compared, and nobody can write a part that contains the hash of itself.
func writeParts(contentType string, parts []part) ([]byte, string, error) {
	essence, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, "", err
	}
	if params["boundary"] == "" {
		hash := sha256.New()
		for _, p := range parts {
			fmt.Fprintf(hash, "%v %d\n", p.header, len(p.data))
			hash.Write(p.data)
		}
		params["boundary"] = "form-" + hex.EncodeToString(hash.Sum(nil)[:16])
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.SetBoundary(params["boundary"]); err != nil {
		return nil, "", err
	}
	for _, p := range parts {
		body, err := w.CreatePart(p.header)
		if err == nil {
			_, err = body.Write(p.data)
		}
		if err != nil {
			return nil, "", err
		}
	}
	if err := w.Close(); err != nil {
		return nil, "", err
	}
	return b.Bytes(), mime.FormatMediaType(essence, params), nil
}
