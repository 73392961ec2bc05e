package jsonpath

import (
	"math"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// function is a call at the end of a path: $.a.length().
type function struct {
	name string
	args []operand
}

// call reads the arguments of a function; the name has been read, and tells whether there is such a function.
func (p *parser) call(name string) (*function, error) {
	switch name {
	case "length", "min", "max", "avg", "sum", "stddev", "keys", "first", "last", "concat", "append", "size", "index":
	default:
		return nil, p.fail("no such function: " + name)
	}
	if p.depth++; p.depth > maxNesting {
		return nil, p.fail("nested too deeply")
	}
	defer func() { p.depth-- }()
	p.pos++
	f := &function{name: name}
	for p.space(); !p.accept(")"); p.space() {
		if len(f.args) > 0 && !p.accept(",") {
			return nil, p.fail("',' or ')' expected")
		}
		arg, err := p.operand()
		if err != nil {
			return nil, err
		}
		f.args = append(f.args, arg)
	}
	return f, nil
}

// apply computes the function on what the path selected.
func (f *function) apply(p *Path, s *selection, root any) (any, error) {
	// An indefinite path's function is given the list of all that it found, a definite one's the value itself.
	var v any = s.found
	if p.definite {
		if len(s.found) == 0 {
			return nil, p.notFound("No results for path: " + p.canonical(len(p.steps)))
		}
		v = s.found[0]
	}
	items, isList := v.([]any)
	switch f.name {
	case "length", "size":
		return length(v), nil
	case "keys":
		if o, ok := v.(*jsonvalue.Object); ok {
			keys := []any{}
			for k := range o.All() {
				keys = append(keys, k)
			}
			return keys, nil
		}
		return nil, nil
	case "first", "last", "index":
		return f.pick(p, items, root)
	case "concat", "append":
		return f.join(v, items, isList, root), nil
	}
	return f.aggregate(p, items, root)
}

// length counts items, members or characters; other values have none, which is null.
func length(v any) any {
	switch v := v.(type) {
	case []any:
		return int64(len(v))
	case *jsonvalue.Object:
		return int64(v.Len())
	case string:
		return int64(len([]rune(v)))
	}
	return nil
}

// pick takes one item: the first, the last, or that of an index, counted from the end if negative.
func (f *function) pick(p *Path, items []any, root any) (any, error) {
	i := 0
	if f.name == "last" {
		i = len(items) - 1
	}
	if f.name == "index" && len(f.args) == 1 {
		if v, ok := f.args[0].value(root, root); ok {
			n, _ := jsonvalue.Integer(v)
			if i = int(n); i < 0 {
				i += len(items)
			}
		}
	}
	if i < 0 || i >= len(items) {
		return nil, p.notFound("Aggregation function attempted to calculate value using empty array")
	}
	return items[i], nil
}

// join appends its arguments to a list, or strings all texts together. What is no text is left out.
func (f *function) join(v any, items []any, isList bool, root any) any {
	if f.name == "append" {
		out := append([]any{}, items...)
		for _, a := range f.args {
			if x, ok := a.value(root, root); ok {
				out = append(out, x)
			}
		}
		return out
	}
	text := ""
	add := func(x any) {
		if s, ok := x.(string); ok {
			text += s
		}
	}
	if isList {
		for _, x := range items {
			add(x)
		}
	}
	for _, a := range f.args {
		if x, ok := a.value(root, root); ok {
			add(x)
		}
	}
	return text
}

// aggregate computes over the numbers of an array and of the arguments.
func (f *function) aggregate(p *Path, items []any, root any) (any, error) {
	var numbers []float64
	for _, item := range items {
		if n, ok := jsonvalue.Number(item); ok {
			numbers = append(numbers, n)
		}
	}
	for _, a := range f.args {
		if x, ok := a.value(root, root); ok {
			if n, ok := jsonvalue.Number(x); ok {
				numbers = append(numbers, n)
			}
		}
	}
	// What is no number is passed over; nothing left is Jayway's error.
	if len(numbers) == 0 {
		return nil, p.notFound("Aggregation function attempted to calculate value using empty array")
	}
	sum, low, high, squares := 0.0, numbers[0], numbers[0], 0.0
	for _, n := range numbers {
		sum += n
		squares += n * n
		low, high = min(low, n), max(high, n)
	}
	count := float64(len(numbers))
	switch f.name {
	case "min":
		return double(low), nil
	case "max":
		return double(high), nil
	case "sum":
		return double(sum), nil
	case "avg":
		return double(sum / count), nil
	}
	// The standard deviation of all, not of a sample.
	return double(math.Sqrt(squares/count - sum/count*sum/count)), nil
}
