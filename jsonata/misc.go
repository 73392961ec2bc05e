package jsonata

import "errors"

// fnBoolean is $boolean(value).
func fnBoolean(_ *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	return truthy(args[0]), nil
}

// fnNot is $not(value).
func fnNot(_ *evaluation, args []any) (any, error) {
	if isUndefined(args[0]) {
		return args[0], nil
	}
	return !truthy(args[0]), nil
}

// fnExists is $exists(value).
func fnExists(_ *evaluation, args []any) (any, error) { return !isUndefined(args[0]), nil }

// fnType is $type(value).
func fnType(_ *evaluation, args []any) (any, error) {
	switch typeOf(args[0]) {
	case isNull:
		return "null", nil
	case isString:
		return "string", nil
	case isNumber:
		return "number", nil
	case isBoolean:
		return "boolean", nil
	case isArray:
		return "array", nil
	case isObj:
		return "object", nil
	case isFunc:
		return "function", nil
	}
	return args[0], nil
}

// fnError is $error(message).
func fnError(_ *evaluation, args []any) (any, error) {
	message, _ := args[0].(string)
	if message == "" {
		message = "$error() function evaluated"
	}
	return nil, &Error{Code: "D3137", Message: message}
}

// fnAssert is $assert(condition, message).
func fnAssert(_ *evaluation, args []any) (any, error) {
	if args[0] == true {
		return Undefined{}, nil
	}
	message, _ := args[1].(string)
	if message == "" {
		message = "$assert() statement failed"
	}
	return nil, &Error{Code: "D3141", Message: message}
}

// fnEval compiles and evaluates a string in the scope of the call.
func fnEval(e *evaluation, args []any) (any, error) {
	src, ok := args[0].(string)
	if !ok {
		return Undefined{}, nil
	}
	in := e.callIn
	if !isUndefined(args[1]) {
		in = wrapInput(args[1])
	}
	env := e.callEnv
	x, err := Compile(src)
	if err != nil {
		var wrong *Error
		errors.As(err, &wrong) // Compile returns no others
		return nil, newError("D3120", 0, "", wrong.Message)
	}
	v, err := e.eval(x.root, in, env)
	if err == nil {
		return v, nil
	}
	var inner *Error
	if !errors.As(err, &inner) || inner.Code == "U1001" {
		return nil, err
	}
	return nil, newError("D3121", 0, "", inner.Message)
}
