package arazzo

import (
	"github.com/headgate/headgate/arazzo/criterion"
	"github.com/headgate/headgate/arazzo/expression"
)

// Kind is the kind of a Value.
type Kind uint8

// The kinds.
const (
	KindNull Kind = iota
	KindBool
	KindNumber
	KindString
	KindArray
	KindObject
	KindSelector
)

func (k Kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "an array", "an object", "a Selector Object"}[k]
}

// Value is a value that a document gives: a constant, a runtime expression, a
// string with embedded expressions, a Selector Object, or arrays and objects
// of them.
type Value struct {
	Pos
	Path   string
	Kind   Kind
	Scalar any // nil, bool, json.Number or string
	// Quoted tells that a string was written in quotes or as a block.
	Quoted   bool
	Items    []*Value
	Members  []*Member
	Selector *Selector // for KindSelector; Members are set as well

	template *expression.Template // of a string with expressions
	query    *criterion.Query     // of a Selector
	context  *expression.Expression
	err      error // of the expression or selector; Validate reports it
	dynamic  bool  // an expression is somewhere inside
	data     any   // Data, shared
}

// Member is a member of an object.
type Member struct {
	Key   Pos
	Name  string
	Value *Value
}

// Member answers the member called name, or nil.
func (v *Value) Member(name string) *Value {
	if v == nil {
		return nil
	}
	for _, m := range v.Members {
		if m.Name == name {
			return m.Value
		}
	}
	return nil
}

// Data answers the value as it was written, as encoding/json would give it:
// map[string]any, []any, string, json.Number, bool, nil. It must not be
// changed.
func (v *Value) Data() any { return v.data }

// Template answers the expressions of a string, nil for anything else.
func (v *Value) Template() *expression.Template { return v.template }

// Dynamic tells whether there is any expression inside.
func (v *Value) Dynamic() bool { return v.dynamic }

// Evaluate answers the value in env: expressions replaced by what they name
// with their types kept, Selector Objects by what they select. Members and
// items that are Undefined are left out; the value itself may be Undefined.
// What it answers may share structure with the document and with env.
func (v *Value) Evaluate(env expression.Environment) (any, error) {
	if v.err != nil {
		return nil, v.err
	}
	if !v.dynamic {
		return v.data, nil
	}
	switch v.Kind {
	case KindString:
		return v.template.Evaluate(env)
	case KindSelector:
		from, err := v.context.Evaluate(env)
		if err != nil || expression.IsUndefined(from) {
			return from, err
		}
		return v.query.Select(from)
	case KindArray:
		out := make([]any, 0, len(v.Items))
		for _, item := range v.Items {
			got, err := item.Evaluate(env)
			if err != nil {
				return nil, err
			}
			if !expression.IsUndefined(got) {
				out = append(out, got)
			}
		}
		return out, nil
	}
	out := make(map[string]any, len(v.Members))
	for _, m := range v.Members {
		got, err := m.Value.Evaluate(env)
		if err != nil {
			return nil, err
		}
		if !expression.IsUndefined(got) {
			out[m.Name] = got
		}
	}
	return out, nil
}

// Expressions lists every expression inside, the contexts of Selector Objects
// included, each with the value that it stands in.
func (v *Value) Expressions() []ExpressionAt {
	if v == nil {
		return nil
	}
	return v.expressions(nil)
}

// ExpressionAt is an expression and the value that it stands in.
type ExpressionAt struct {
	*expression.Expression
	At *Value
}

func (v *Value) expressions(out []ExpressionAt) []ExpressionAt {
	if v.template != nil {
		for _, e := range v.template.Expressions() {
			out = append(out, ExpressionAt{e, v})
		}
	}
	if v.Kind == KindSelector {
		if v.context != nil {
			out = append(out, ExpressionAt{v.context, v})
		}
		return out
	}
	for _, item := range v.Items {
		out = item.expressions(out)
	}
	for _, m := range v.Members {
		out = m.Value.expressions(out)
	}
	return out
}
