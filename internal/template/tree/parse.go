package tree

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Limits on what is read. Aliases are written out, so the numbers of nodes and of bytes then are what a
// hostile document blows up.
const (
	MaxBytes = 1 << 20 // CloudFormation's limit for a template in S3
	maxNodes = 400_000
	maxText  = 16 << 20 // bytes of all scalars: a long one may be meant many times
	maxDepth = 200
)

// Document is a text that was read.
type Document struct {
	Root     *Node
	Warnings []*Error // duplicate keys: the last one counts
}

// Parse reads one YAML or JSON document. The error is an *Error.
func Parse(data []byte) (*Document, error) {
	if len(data) > MaxBytes {
		return nil, &Error{Message: fmt.Sprintf("Template may not exceed %d bytes in size.", MaxBytes)}
	}
	if !utf8.Valid(data) {
		return nil, &Error{Message: "Template format error: the text is not UTF-8."}
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if t := bytes.TrimLeft(data, " \t\r\n"); len(t) > 0 && t[0] == '{' {
		// What begins like JSON may be YAML's flow style; then YAML's reader decides.
		if d, err := parseJSON(data); err == nil {
			return d, nil
		}
	}
	return parseYAML(data)
}

func parseYAML(data []byte) (doc *Document, err error) {
	defer func() { // a reader's panic on strange input must be a refusal
		if r := recover(); r != nil {
			doc, err = nil, &Error{Message: fmt.Sprintf("Template format error: YAML not well-formed. %v", r)}
		}
	}()
	var y yaml.Node
	if err := yaml.Load(data, &y, yaml.WithUniqueKeys(false)); err != nil {
		if strings.Contains(err.Error(), "no documents in stream") {
			return &Document{Root: NewNull()}, nil
		}
		return nil, syntaxError(err)
	}
	r := &reader{open: map[*yaml.Node]bool{}}
	n := &y
	if y.Kind == yaml.DocumentNode {
		if len(y.Content) == 0 {
			return &Document{Root: NewNull()}, nil
		}
		n = y.Content[0]
	}
	root, err := r.node(n, 0)
	if err != nil {
		return nil, err
	}
	return &Document{Root: root, Warnings: r.warnings}, nil
}

// syntaxError words a reader's error as CloudFormation does: line and column in the text.
func syntaxError(err error) *Error {
	e := &Error{Message: "Template format error: YAML not well-formed."}
	e.Hint = err.Error()
	var le *yaml.LoadError
	if errors.As(err, &le) {
		e.Line, e.Column, e.Hint = le.Mark.Line, le.Mark.Column, le.Message
	}
	if e.Line > 0 {
		e.Message += fmt.Sprintf(" (line %d, column %d)", e.Line, e.Column)
	}
	return e
}
