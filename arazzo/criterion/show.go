package criterion

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/headgate/headgate/arazzo/expression"
)

// show writes a value for a reason: short, strings in single quotes.
func show(v any) string {
	switch v := v.(type) {
	case string:
		return "'" + clip(v) + "'"
	case nil:
		return "null"
	}
	if expression.IsUndefined(v) {
		return "not set"
	}
	return clip(expression.Text(v))
}

const shown = 120 // bytes of a value that a reason quotes

// clip shortens a text for a message, at a character's border: it goes into terminals and JSON.
func clip(s string) string {
	if len(s) <= shown {
		return s
	}
	cut := shown - 3
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}

// structured reads text that holds a JSON object or array, such as an output
// that was kept as text. Anything else is answered as it is.
func structured(v any) any {
	s, is := v.(string)
	if !is {
		return v
	}
	trimmed := strings.TrimSpace(s)
	if !strings.HasPrefix(trimmed, "{") && !strings.HasPrefix(trimmed, "[") {
		return v
	}
	if decoded, err := decodeJSON(trimmed); err == nil {
		return decoded
	}
	return v
}

// decodeJSON keeps numbers by their digits; 64 bits of float would change large ids between a response and the request that uses them.
func decodeJSON(s string) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader([]byte(s)))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return nil, err
	}
	if decoder.More() {
		return nil, errUnknown
	}
	return v, nil
}
