package runner

import (
	"bytes"
	"fmt"
	"mime"
	"strings"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/criterion"
	"github.com/headgate/headgate/arazzo/expression"
	"github.com/headgate/headgate/arazzo/source"
)

// bodyPlan is a request body or a message's payload.
type bodyPlan struct {
	model        *arazzo.RequestBody
	contentType  string // of the document, else of the description; may be empty
	replacements []*criterion.Query
}

func planBody(s *stepPlan) (*bodyPlan, error) {
	b := &bodyPlan{model: s.model.RequestBody, contentType: s.model.RequestBody.ContentType}
	if b.contentType == "" {
		b.contentType = s.describedType()
	}
	for _, r := range b.model.Replacements {
		q, err := r.Query(b.contentType)
		if err != nil {
			return nil, fmt.Errorf("target %q: %w", r.Target, err)
		}
		b.replacements = append(b.replacements, q)
	}
	return b, nil
}

// describedType is the content type that the description gives for what the step sends: JSON if it is among them, else the first.
func (s *stepPlan) describedType() string {
	if s.channel != nil {
		for _, m := range s.messages() {
			if m.ContentType != "" {
				return m.ContentType
			}
		}
		return "application/json"
	}
	if s.op == nil || s.op.Body == nil {
		return ""
	}
	first := ""
	for _, m := range s.op.Body.Content {
		if isJSON(m.Type) {
			return m.Type
		}
		if first == "" && !strings.Contains(m.Type, "*") {
			first = m.Type
		}
	}
	return first
}

func (s *stepPlan) messages() []*source.Message {
	if s.async != nil && len(s.async.Messages) > 0 {
		return s.async.Messages
	}
	return s.channel.Messages
}

// evaluate answers the payload as data; Undefined where there is none. A string that the document writes for a JSON body is JSON text; a
// string that an expression gives is a JSON string.
func (b *bodyPlan) evaluate(env expression.Environment) (any, error) {
	if b.model.Payload == nil && len(b.replacements) == 0 {
		return expression.Undefined, nil
	}
	v := expression.Undefined
	if b.model.Payload != nil {
		var err error
		if v, err = b.model.Payload.Evaluate(env); err != nil {
			return nil, fmt.Errorf("requestBody: %w", err)
		}
		if text, ok := v.(string); ok && b.written() && (isJSON(b.contentType) || b.contentType == "") {
			if data, ok := decodeJSON([]byte(text)); ok {
				v = data
			}
		}
	}
	for i, q := range b.replacements {
		r := b.model.Replacements[i]
		value, err := r.Value.Evaluate(env)
		if err != nil {
			return nil, fmt.Errorf("replacement of %s: %w", r.Target, err)
		}
		if expression.IsUndefined(value) {
			continue // as unset members are: what the payload has there stays
		}
		if expression.IsUndefined(v) {
			v = map[string]any{}
		}
		replaced, n, err := q.Replace(v, value)
		if err != nil {
			return nil, fmt.Errorf("replacement of %s: %w", r.Target, err)
		}
		if v = replaced; n == 0 {
			return nil, fmt.Errorf("replacement of %s: the payload has no such place", r.Target)
		}
	}
	return v, nil
}

// written tells whether the payload is text of the document rather than the value of one expression.
func (b *bodyPlan) written() bool {
	t := b.model.Payload.Template()
	return b.model.Payload.Kind == arazzo.KindString && (t == nil || t.Whole() == nil)
}

// looksLikeJSON tells whether a text was meant to be a JSON object or array.
func looksLikeJSON(text string) bool {
	text = strings.TrimLeft(text, " \t\r\n")
	return strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[")
}

func isJSON(contentType string) bool {
	if contentType == "application/json" {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		media = contentType
	}
	return media == "application/json" || media == "text/json" || strings.HasSuffix(media, "+json")
}

// lazyBody decodes a body when an expression first asks for it. It belongs to one goroutine.
type lazyBody struct {
	raw         []byte
	contentType string
	done        bool
	value       any
}

var _ expression.Lazy = (*lazyBody)(nil)

// Value implements expression.Lazy: JSON as data, everything else as text. What is JSON though its type does not say so is decoded too,
// unless the type says that it is something else.
func (l *lazyBody) Value() (any, error) {
	if !l.done {
		l.done = true
		l.value = decodeBody(l.raw, l.contentType)
	}
	return l.value, nil
}

func decodeBody(raw []byte, contentType string) any {
	if isJSON(contentType) || contentType == "" || strings.HasPrefix(contentType, "text/plain") || strings.HasPrefix(contentType, "application/octet-stream") {
		trimmed := bytes.TrimLeft(raw, " \t\r\n")
		// Text that happens to be a JSON number stays text.
		if isJSON(contentType) || len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') {
			if v, ok := decodeJSON(raw); ok {
				return v
			}
		}
	}
	return string(raw)
}
