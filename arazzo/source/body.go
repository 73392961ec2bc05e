package source

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
)

// writeBody writes the payload in its content type.
func (o *Operation) writeBody(p *Payload) (contentType string, body io.Reader, err error) {
	var content []*MediaType
	at := o.Position
	if o.Body != nil {
		content, at = o.Body.Content, o.Body.Position
	}
	if r, ok := p.Value.(io.Reader); ok {
		return p.ContentType, r, nil
	}
	value := plainValue(p.Value)
	contentType = p.ContentType
	if contentType == "" {
		contentType = defaultContentType(content, value)
	}
	media := &MediaType{Position: at, Type: contentType}
	if known := mediaFor(content, contentType); known != nil {
		copied := *known
		media = &copied
		media.Type = contentType // the caller's, with its parameters, in place of a range
	}
	data, contentType, err := media.write(value)
	if err != nil {
		return "", nil, &Error{Position: media.Position, Message: "the body as " + media.Type, Err: err}
	}
	return contentType, bytes.NewReader(data), nil
}

// defaultContentType is JSON or else the first that the description lists; where that is a range, or nothing, the value decides.
func defaultContentType(content []*MediaType, value any) string {
	if m := mediaFor(content, ""); m != nil && !strings.Contains(m.Type, "*") {
		return m.Type
	}
	switch v := value.(type) {
	case string:
		return "text/plain; charset=utf-8"
	case []byte:
		return "application/octet-stream"
	case File:
		return v.ContentType
	}
	return "application/json"
}

// write gives the bytes and the final content type (multipart adds its boundary).
func (m *MediaType) write(value any) ([]byte, string, error) {
	switch v := value.(type) {
	case []byte:
		return v, m.Type, nil
	case File:
		return v.Data, m.Type, nil
	case *File:
		return v.Data, m.Type, nil
	}
	t := essence(m.Type)
	major, _, _ := strings.Cut(t, "/")
	switch {
	case isJSON(t), t == "application/yaml", t == "application/x-yaml", t == "text/yaml", t == "application/*", t == "*/*":
		data, err := m.json(value) // JSON is YAML, too
		return data, m.Type, err
	case t == "application/x-www-form-urlencoded":
		text, err := m.urlencoded(value)
		return []byte(text), m.Type, err
	case major == "multipart":
		return m.multipart(value)
	case isXML(t):
		data, err := m.xml(value)
		return data, m.Type, err
	case t == "application/jsonl", t == "application/x-ndjson", t == "application/json-seq":
		data, err := m.lines(value, t)
		return data, m.Type, err
	case major == "text":
		text, err := textOf(value)
		return []byte(text), m.Type, err
	}
	if text, ok := value.(string); ok {
		data, err := binary(text)
		return data, m.Type, err
	}
	if _, isMap := value.(map[string]any); isMap {
		return nil, "", fmt.Errorf("an object cannot be written so: give a string, or another content type")
	}
	if _, isList := value.([]any); isList {
		return nil, "", fmt.Errorf("a list cannot be written so: give a string, or another content type")
	}
	text, err := textOf(value)
	return []byte(text), m.Type, err
}

// text is the value of a parameter, or of a form's member, that has a content type.
func (m *MediaType) text(value any) (string, error) {
	value = plainValue(value)
	if essence(m.Type) == "application/x-www-form-urlencoded" {
		return m.urlencoded(value)
	}
	data, _, err := m.write(value)
	return string(data), err
}

// json takes a string for JSON text where it looks like an object or array, or where the schema allows no string; workflows write
// templates of whole documents so. Else it is a JSON string.
func (m *MediaType) json(value any) ([]byte, error) {
	if text, ok := value.(string); ok && json.Valid([]byte(text)) {
		trimmed := strings.TrimLeft(text, " \t\r\n")
		var types []string
		if m.Schema != nil {
			types = m.Schema.Types()
		}
		wantsText := slices.Contains(types, "string")
		document := trimmed != "" && (trimmed[0] == '{' || trimmed[0] == '[')
		if !wantsText && (document || len(types) > 0) {
			return []byte(text), nil
		}
	}
	return marshalJSON(value)
}

// lines is one JSON text a line for each member of a list.
func (m *MediaType) lines(value any, contentType string) ([]byte, error) {
	list, ok := value.([]any)
	if !ok {
		if text, isText := value.(string); isText {
			return []byte(text), nil
		}
		list = []any{value}
	}
	var b bytes.Buffer
	for _, item := range list {
		data, err := marshalJSON(item)
		if err != nil {
			return nil, err
		}
		if contentType == "application/json-seq" {
			b.WriteByte(0x1e)
		}
		b.Write(data)
		b.WriteByte('\n')
	}
	return b.Bytes(), nil
}

// binary is a string as bytes: those of a data: URL, else the string's own.
func binary(text string) ([]byte, error) {
	head, data, found := strings.Cut(text, ",")
	if !found || !strings.HasPrefix(head, "data:") {
		return []byte(text), nil
	}
	if strings.HasSuffix(head, ";base64") {
		bytes, err := base64.StdEncoding.DecodeString(strings.TrimSpace(data))
		if err != nil {
			return nil, fmt.Errorf("the data URL's base64: %w", err)
		}
		return bytes, nil
	}
	plain, err := url.PathUnescape(data)
	if err != nil {
		return nil, fmt.Errorf("the data URL: %w", err)
	}
	return []byte(plain), nil
}
