package tree

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
)

// parseJSON reads data if it is JSON through and through.
func parseJSON(data []byte) (*Document, error) {
	d := &jsonReader{dec: json.NewDecoder(bytes.NewReader(data)), data: data}
	d.dec.UseNumber()
	for i, c := range data {
		if c == '\n' {
			d.breaks = append(d.breaks, i)
		}
	}
	root, err := d.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := d.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("text after the end of the document")
	}
	return &Document{Root: root, Warnings: d.warnings}, nil
}

type jsonReader struct {
	dec      *json.Decoder
	data     []byte
	breaks   []int // offsets of the line breaks
	warnings []*Error
}

// here is the place of the next token.
func (d *jsonReader) here() (line, column int) {
	at := int(d.dec.InputOffset())
	for at < len(d.data) && bytes.IndexByte([]byte(" \t\r\n,:"), d.data[at]) >= 0 {
		at++
	}
	l := sort.SearchInts(d.breaks, at)
	if l > 0 {
		at -= d.breaks[l-1] + 1
	}
	return l + 1, at + 1
}

func (d *jsonReader) value(depth int) (*Node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested more than %d deep", maxDepth)
	}
	line, column := d.here()
	t, err := d.dec.Token()
	if err != nil {
		return nil, err
	}
	n := &Node{Line: line, Column: column}
	switch t := t.(type) {
	case string:
		n.Kind, n.Text = String, t
	case bool:
		n.Kind, n.Text = Bool, NewBool(t).Text
	case json.Number:
		var ok bool
		n.Kind = Number
		if n.Text, ok = jsonNumber(t.String()); !ok {
			return nil, fmt.Errorf("number %s out of range", t)
		}
	case json.Delim:
		if t == '[' {
			err = d.list(n, depth)
		} else {
			err = d.object(n, depth)
		}
	}
	return n, err
}

func (d *jsonReader) list(n *Node, depth int) error {
	n.Kind = List
	for d.dec.More() {
		v, err := d.value(depth + 1)
		if err != nil {
			return err
		}
		n.Items = append(n.Items, v)
	}
	_, err := d.dec.Token()
	return err
}

func (d *jsonReader) object(n *Node, depth int) error {
	n.Kind = Map
	var m members
	for d.dec.More() {
		line, column := d.here()
		t, err := d.dec.Token()
		if err != nil {
			return err
		}
		key, ok := t.(string)
		if !ok {
			return fmt.Errorf("a key is %v", t)
		}
		v, err := d.value(depth + 1)
		if err != nil {
			return err
		}
		if m.set(Pair{Key: key, Value: v, Line: line, Column: column}) {
			d.warnings = append(d.warnings, &Error{Message: fmt.Sprintf("Duplicate key %q; the last one counts.", key), Line: line, Column: column})
		}
	}
	n.Pairs = m.pairs
	_, err := d.dec.Token()
	return err
}
