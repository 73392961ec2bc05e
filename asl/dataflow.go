package asl

import (
	"encoding/json"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// flowFields says which data flow fields a type of state has.
type flowFields struct{ paths, work, result, retry bool }

// flow reads the data flow fields: InputPath and OutputPath; Parameters or Arguments (work); ResultSelector
// and ResultPath (result); Output and Assign; Retry and Catch (retry).
func (p *parser) flow(s *State, f *fields, has flowFields) {
	if f.jsonata {
		if has.work {
			s.arguments = f.template("Arguments")
		}
		s.output = f.template("Output")
	} else {
		if has.paths {
			s.inputPath = f.selector("InputPath", nullableSelector)
			s.outputPath = f.selector("OutputPath", nullableSelector)
		}
		if has.work {
			s.parameters = f.template("Parameters")
		}
		if has.result {
			s.resultSelector = f.objectTemplate("ResultSelector")
		}
		if has.result || s.Type == TypePass {
			s.resultPath = f.resultPath()
		}
	}
	s.assign = f.assign()
	if has.retry {
		s.retry, s.catch = f.retriers(), f.catchers()
	}
}

// assign reads Assign. Names are identifiers of at most 80 characters; states is taken.
func (f *fields) assign() *template {
	t := f.objectTemplate("Assign")
	if t == nil {
		return nil
	}
	for _, m := range t.members {
		valid := m.name != "" && m.name != "states" && len(m.name) <= 80 && isNameStart(m.name[0])
		for i := 1; valid && i < len(m.name); i++ {
			valid = isNameStart(m.name[i]) || m.name[i] >= '0' && m.name[i] <= '9'
		}
		if !valid {
			f.note("Assign/"+m.field, "Variable name is not valid")
		}
	}
	return t
}

// quantity is a number in a definition: a literal, a path (Field + Path), or an expression.
type quantity struct {
	set     bool
	literal float64
	path    *selector
	expr    *expression
	field   string
}

// quantity reads Field, an integer of at least low (a percentage may have a fraction), or FieldPath.
func (f *fields) quantity(name string, low, high int64, fraction bool) quantity {
	q := quantity{field: name}
	if f.jsonata {
		if text, ok := f.o.Get(name); ok {
			if s, isText := text.(string); isText && isExpression(s) {
				f.used[name] = true
				q.set, q.expr = true, f.p.expression(s, f.path(name), name)
				return q
			}
		}
	} else if f.has(name + "Path") {
		f.exclusive(name, name+"Path")
		q.path = f.selector(name+"Path", anySelector)
		q.set, q.field = true, name+"Path"
		return q
	}
	if f.has(name) {
		q.set = true
		if fraction {
			if q.literal = f.number(name, 0, float64(low)); q.literal > float64(high) {
				f.note(name, "Value is greater than the maximum of %d", high)
			}
		} else {
			q.literal = float64(f.integer(name, 0, low, high))
		}
	}
	return q
}

// number computes the quantity on the state's input; ok is false without one. kind words errors: integer or float.
func (q quantity) number(e *env, input any, kind string) (n float64, ok bool, err error) {
	switch {
	case !q.set:
		return 0, false, nil
	case q.expr != nil:
		v, err := q.expr.eval(e)
		if err != nil {
			return 0, true, err
		}
		n, isNumber := jsonvalue.Number(v)
		if !isNumber {
			return 0, true, q.expr.typeFailure("number", v)
		}
		return n, true, nil
	case q.path == nil:
		return q.literal, true, nil
	}
	v, err := q.path.get(e, input)
	if err != nil {
		return 0, true, pathFailure(q.path, err)
	}
	shown := show(v)
	if text, isText := v.(string); isText { // a text with a number in it will do
		v = json.Number(text)
	}
	n, isNumber := jsonvalue.Number(v)
	if literal, isText := v.(json.Number); isText && kind == "integer" && !jsonvalue.IsInteger(literal) {
		isNumber = false
	}
	if !isNumber {
		return 0, true, runtimeFailure("The %s field refers to value \"%s\" which is not a valid %s: %s", q.field, shown, kind, q.path.src)
	}
	return n, true, nil
}

// show writes a value for a message: texts without quotes.
func show(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return jsonvalue.Encode(v)
}
