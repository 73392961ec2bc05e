package asl

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/headgate/headgate/asl/jsonvalue"
	"github.com/headgate/headgate/jsonata"
)

// isExpression tells texts that are JSONata from plain ones: {% … %}.
func isExpression(s string) bool {
	return len(s) >= 4 && strings.HasPrefix(s, "{%") && strings.HasSuffix(s, "%}")
}

// expression is a compiled JSONata text of a definition.
type expression struct {
	src   string // without {% and %}
	field string // for messages: Output/result
	code  *jsonata.Expression
	parts map[string]bool // the parts of $states that it looks at
}

// Limits of one evaluation.
const (
	expressionTime  = 5 * time.Second
	expressionDepth = 5_000
	expressionRange = 1_000_000 // items; a payload holds an eighth of it at most
)

// expression compiles a text with its {% and %}. One that does not compile is noted, and nil.
func (p *parser) expression(text, at, field string) *expression {
	src := strings.TrimSpace(text[2 : len(text)-2])
	code, err := jsonata.Compile(src)
	if err != nil {
		p.note(at, "The JSONata expression '%s' is invalid: %s", src, describe(err))
		return nil
	}
	return &expression{src: src, field: field, code: code, parts: partsOf(src)}
}

var statesPart = regexp.MustCompile(`\$states\b(?:\s*\.\s*([A-Za-z]+)\b)?`)

// partsOf finds which parts of $states a text may look at. To bind no more keeps an evaluation's cost that of what it
// uses: the context object holds the execution's whole input.
func partsOf(src string) map[string]bool {
	parts := map[string]bool{}
	for _, m := range statesPart.FindAllStringSubmatch(src, -1) {
		switch m[1] {
		case "input", "context", "result", "errorOutput":
			parts[m[1]] = true
		default:
			return map[string]bool{"input": true, "context": true, "result": true, "errorOutput": true}
		}
	}
	return parts
}

// describe words a JSONata error as Step Functions does: T2001: the message.
func describe(err error) string {
	var j *jsonata.Error
	if errors.As(err, &j) {
		return j.Code + ": " + j.Message
	}
	return err.Error()
}

// eval computes the expression. Its failures are *Failure with the code States.QueryEvaluationError.
func (x *expression) eval(e *env) (any, error) {
	bindings := e.bindings(x)
	v, err := x.code.Eval(context.Background(), jsonata.Undefined{}, jsonata.WithBindings(bindings),
		jsonata.WithTimeLimit(expressionTime), jsonata.WithMaxDepth(expressionDepth), jsonata.WithMaxRange(expressionRange),
		jsonata.WithClock(func() time.Time { return e.now }))
	switch {
	case err != nil:
		return nil, x.failure("threw an error during evaluation. %s", describe(err))
	// Elsewhere in JSONata nothing is a fine result; here a field needs one.
	case jsonata.IsUndefined(v):
		return nil, x.failure("returned nothing (undefined).")
	case !isJSON(v):
		return nil, x.failure("returned an unsupported result type.")
	}
	return v, nil
}

// failure words what went wrong, as all such failures are worded: with the expression and the field it stands in.
func (x *expression) failure(format string, args ...any) *Failure {
	return &Failure{Code: ErrQuery, Location: x.field, evaluation: true,
		Cause: fmt.Sprintf("The JSONata expression '%s' specified for the field '%s' ", x.src, x.field) + fmt.Sprintf(format, args...)}
}

// typeFailure tells a result of the wrong type.
func (x *expression) typeFailure(want string, v any) *Failure {
	return x.failure("returned an unexpected result type. Expected '%s', but was '%s' for value: %s",
		want, jsonvalue.Type(v), jsonvalue.Encode(v))
}

// isJSON tells values that can leave an expression from functions.
func isJSON(v any) bool {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if !isJSON(item) {
				return false
			}
		}
	case *jsonvalue.Object:
		for _, item := range v.All() {
			if !isJSON(item) {
				return false
			}
		}
	case *jsonata.Function:
		return false
	default:
		switch v.(type) {
		case nil, bool, string, float64, int64, int:
			return true
		}
		_, number := jsonvalue.Number(v)
		return number || jsonata.IsUndefined(v)
	}
	return true
}
