package intrinsic

import (
	"fmt"
	"strings"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// format fills each {} of a template with the next argument; \{ and \} stand for braces.
func format(_ *Env, args []any) (any, error) {
	template, err := textArg(args, 0)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	next := 1
	for i := 0; i < len(template); i++ {
		c := template[i]
		switch {
		case c == '\\' && i+1 < len(template):
			i++
			b.WriteByte(template[i])
		case c == '{' && i+1 < len(template) && template[i+1] == '}':
			if next >= len(args) {
				return nil, fmt.Errorf("%w: too few for the template", errArguments)
			}
			if s, ok := args[next].(string); ok {
				b.WriteString(s)
			} else {
				b.WriteString(jsonvalue.Encode(args[next]))
			}
			next++
			i++
		case c == '{' || c == '}':
			return nil, fmt.Errorf("%w: a brace in the template is not escaped", errArguments)
		default:
			b.WriteByte(c)
		}
	}
	// Every argument must be used: a forgotten {} is told.
	if next < len(args) {
		return nil, fmt.Errorf("%w: too many for the template", errArguments)
	}
	return b.String(), nil
}

// stringSplit cuts at any of the delimiters' characters; empty parts are left out.
func stringSplit(_ *Env, args []any) (any, error) {
	text, err := textArg(args, 0)
	if err != nil {
		return nil, err
	}
	delimiters, err := textArg(args, 1)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(delimiters, r) }) {
		out = append(out, part)
	}
	return out, nil
}

// stringToJSON reads JSON; a blank text is null.
func stringToJSON(_ *Env, args []any) (any, error) {
	text, err := textArg(args, 0)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	v, err := jsonvalue.Decode([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("%w: not JSON", errArguments)
	}
	return v, nil
}

// jsonToString writes compact JSON, with members in their order.
func jsonToString(_ *Env, args []any) (any, error) { return jsonvalue.Encode(args[0]), nil }

// jsonMerge is shallow; deep merging is reserved by the language and refused.
func jsonMerge(_ *Env, args []any) (any, error) {
	a, okA := args[0].(*jsonvalue.Object)
	b, okB := args[1].(*jsonvalue.Object)
	if !okA || !okB {
		return nil, fmt.Errorf("%w: the first two must be objects", errArguments)
	}
	if args[2] != false {
		return nil, fmt.Errorf("%w: only shallow merging is supported, the third must be false", errArguments)
	}
	// The second object's members win; those that both have keep the first one's place.
	out := jsonvalue.NewObject(a.Len() + b.Len())
	for k, v := range a.All() {
		out.Set(k, v)
	}
	for k, v := range b.All() {
		out.Set(k, v)
	}
	return out, nil
}
