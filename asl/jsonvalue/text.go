package jsonvalue

import (
	"encoding/json"
	"fmt"
)

// Text is a value that may exist as JSON text, as a Go value, or both; each is made from the other when it is
// first asked for. A text that came from outside leaves as it came, white space included, as on AWS.
// The zero Text is null. A Text is not for concurrent use until both forms have been made.
type Text struct {
	text    string
	value   any
	decoded bool
}

// FromValue makes a Text of a value.
func FromValue(v any) Text { return Text{value: v, decoded: true} }

// FromText makes a Text of JSON text, which is checked.
func FromText(text string) (Text, error) {
	v, err := Decode([]byte(text))
	if err != nil {
		return Text{}, fmt.Errorf("invalid JSON: %w", err)
	}
	return Text{text: text, value: v, decoded: true}, nil
}

// Value returns the value.
func (t *Text) Value() any {
	if !t.decoded {
		t.decoded = true
		if t.text != "" {
			t.value, _ = Decode([]byte(t.text)) // the text was checked when it came in
		}
	}
	return t.value
}

// String returns the JSON text.
func (t *Text) String() string {
	if t.text == "" {
		t.text = Encode(t.value)
	}
	return t.text
}

// IsZero tells the zero Text, for omitzero.
func (t Text) IsZero() bool { return t.text == "" && !t.decoded }

// MarshalJSON writes the text as a JSON string, so that its spelling survives.
func (t Text) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// UnmarshalJSON reads what MarshalJSON wrote. The value is decoded when it is asked for.
func (t *Text) UnmarshalJSON(data []byte) error {
	*t = Text{}
	return json.Unmarshal(data, &t.text)
}
