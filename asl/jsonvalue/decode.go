package jsonvalue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/headgate/headgate/jsonata"
)

// Object is a JSON object that keeps its members' order; JSONata uses the same type.
type Object = jsonata.Object

// NewObject returns an empty Object with room for n members.
func NewObject(n int) *Object { return jsonata.NewObject(n) }

// Of returns an Object of key, value, key, value…
func Of(pairs ...any) *Object {
	o := NewObject(len(pairs) / 2)
	for i := 0; i+1 < len(pairs); i += 2 {
		o.Set(pairs[i].(string), pairs[i+1])
	}
	return o
}

// maxDepth bounds nesting, so that no document exhausts the stack.
const maxDepth = 1000

// Decode reads one JSON document.
func Decode(data []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	v, err := decodeValue(dec, 0)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("text after the JSON document at byte %d", dec.InputOffset())
	}
	return v, nil
}

// MustDecode is Decode for texts that are known to be JSON.
func MustDecode(text string) any {
	v, err := Decode([]byte(text))
	if err != nil {
		panic(err)
	}
	return v
}

func decodeValue(dec *json.Decoder, depth int) (any, error) {
	t, err := dec.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return t, nil
	}
	if depth >= maxDepth {
		return nil, fmt.Errorf("JSON nested deeper than %d", maxDepth)
	}
	if delim == '[' {
		items := []any{}
		for dec.More() {
			v, err := decodeValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			items = append(items, v)
		}
		_, err := dec.Token()
		return items, err
	}
	o := NewObject(4)
	for dec.More() {
		k, err := dec.Token()
		if err != nil {
			return nil, err
		}
		v, err := decodeValue(dec, depth+1)
		if err != nil {
			return nil, err
		}
		o.Set(k.(string), v)
	}
	_, err = dec.Token()
	return o, err
}

// IsInteger tells whether a JSON number's text has neither fraction nor exponent.
func IsInteger(n json.Number) bool { return !strings.ContainsAny(string(n), ".eE") }
