package intrinsic

import (
	"errors"
	"fmt"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// Env is what a call needs from the state that makes it.
type Env struct {
	Resolve func(path string) (any, error) // the value of $…, $$… or $variable…
	Random  func() uint64                  // for UUID and MathRandom
}

// Error is a failure of a function, States.IntrinsicFailure in Step Functions' terms.
type Error struct {
	Call    string
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Call, e.Message) }

// errArguments begins the text of every failure: "invalid arguments for States.X".
var errArguments = errors.New("invalid arguments")

// implementation is a function, and how many arguments Parse lets it have.
type implementation struct {
	least, most int // arguments; most -1: any number
	call        func(env *Env, args []any) (any, error)
}

// functionNamed is the table of all functions.
func functionNamed(name string) (implementation, bool) {
	var f implementation
	switch name {
	case "Array":
		f = implementation{0, -1, array}
	case "ArrayPartition":
		f = implementation{2, 2, arrayPartition}
	case "ArrayContains":
		f = implementation{2, 2, arrayContains}
	case "ArrayRange":
		f = implementation{3, 3, arrayRange}
	case "ArrayGetItem":
		f = implementation{2, 2, arrayGetItem}
	case "ArrayLength":
		f = implementation{1, 1, arrayLength}
	case "ArrayUnique":
		f = implementation{1, 1, arrayUnique}
	case "Base64Encode":
		f = implementation{1, 1, base64Encode}
	case "Base64Decode":
		f = implementation{1, 1, base64Decode}
	case "Hash":
		f = implementation{2, 2, hash}
	case "JsonMerge":
		f = implementation{3, 3, jsonMerge}
	case "StringToJson":
		f = implementation{1, 1, stringToJSON}
	case "JsonToString":
		f = implementation{1, 1, jsonToString}
	case "MathRandom":
		f = implementation{2, 3, mathRandom}
	case "MathAdd":
		f = implementation{2, 2, mathAdd}
	case "StringSplit":
		f = implementation{2, 2, stringSplit}
	case "UUID":
		f = implementation{0, 0, uuid}
	case "Format":
		f = implementation{1, -1, format}
	default:
		return f, false
	}
	return f, true
}

// Eval computes the call. An error of Resolve comes back as it is, any other is an *Error.
func (c *Call) Eval(env *Env) (any, error) {
	args := make([]any, len(c.args))
	for i, a := range c.args {
		switch {
		case a.path != "":
			v, err := env.Resolve(a.path)
			if err != nil {
				return nil, err
			}
			args[i] = v
		case a.call != nil:
			v, err := a.call.Eval(env)
			if err != nil {
				return nil, err
			}
			args[i] = v
		default:
			args[i] = a.literal
			// Format's template keeps its backslashes: it has to tell \{ from {.
			if text, ok := a.literal.(string); ok && (c.Name != "Format" || i > 0) {
				args[i] = unescape(text)
			}
		}
	}
	f, _ := functionNamed(c.Name) // Parse has looked
	v, err := f.call(env, args)
	if err != nil {
		return nil, &Error{Call: c.src, Message: fmt.Sprintf("%s for States.%s", err, c.Name)}
	}
	return v, nil
}

// textArg reads an argument that must be a string. Nothing is converted.
func textArg(args []any, i int) (string, error) {
	if s, ok := args[i].(string); ok {
		return s, nil
	}
	return "", fmt.Errorf("%w: argument %d must be a string", errArguments, i+1)
}

// listArg reads an argument that must be an array.
func listArg(args []any, i int) ([]any, error) {
	if l, ok := args[i].([]any); ok {
		return l, nil
	}
	return nil, fmt.Errorf("%w: argument %d must be an array", errArguments, i+1)
}

// integerArg reads a number, rounded to the nearest integer as Java's Math.round does: halves go up.
func integerArg(args []any, i int) (int64, error) {
	if n, ok := jsonvalue.Integer(args[i]); ok {
		return n, nil
	}
	f, ok := jsonvalue.Number(args[i])
	if !ok {
		return 0, fmt.Errorf("%w: argument %d must be a number", errArguments, i+1)
	}
	return round(f), nil
}
