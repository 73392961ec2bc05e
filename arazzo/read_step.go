package arazzo

import (
	"encoding/json"
	"errors"
	"strconv"

	"github.com/headgate/headgate/arazzo/criterion"
	"github.com/headgate/headgate/arazzo/expression"
)

var (
	stepFields = fieldNames{
		[]string{"description", "stepId", "operationId", "operationPath", "workflowId", "parameters", "requestBody", "successCriteria", "onSuccess", "onFailure", "outputs"},
		[]string{"channelPath", "timeout", "correlationId", "action", "dependsOn"}, true,
	}
	parameterFields   = fieldNames{[]string{"name", "in", "value"}, nil, true}
	reusableFields    = fieldNames{[]string{"reference", "value"}, nil, false}
	successFields     = fieldNames{[]string{"name", "type", "workflowId", "stepId", "criteria"}, []string{"parameters"}, true}
	failureFields     = fieldNames{[]string{"name", "type", "workflowId", "stepId", "retryAfter", "retryLimit", "criteria"}, []string{"parameters"}, true}
	criterionFields   = fieldNames{[]string{"context", "condition", "type"}, nil, true}
	typeFields        = fieldNames{[]string{"type", "version"}, nil, true}
	selectorFields    = fieldNames{nil, []string{"context", "selector", "type"}, true}
	bodyFields        = fieldNames{[]string{"contentType", "payload", "replacements"}, nil, true}
	replacementFields = fieldNames{[]string{"target", "value"}, []string{"targetSelectorType"}, true}
)

func (r *reader) step(v *Value) *Step {
	s := &Step{}
	f := r.open(v, "a step", &s.Object, stepFields)
	f.require("stepId")
	s.StepID, s.Description = f.string("stepId"), f.string("description")
	s.OperationID, s.OperationPath = f.string("operationId"), f.string("operationPath")
	s.ChannelPath, s.WorkflowID = f.string("channelPath"), f.string("workflowId")
	s.Parameters = r.parameters(f)
	if body := f.get("requestBody"); body != nil {
		s.RequestBody = r.requestBody(body)
	}
	s.SuccessCriteria = r.criteria(f, "successCriteria")
	f.each("onSuccess", func(v *Value) { s.OnSuccess = append(s.OnSuccess, r.action(v, false)) })
	f.each("onFailure", func(v *Value) { s.OnFailure = append(s.OnFailure, r.action(v, true)) })
	s.Outputs = mapOf(f, "outputs", r.dynamic)
	s.Timeout = f.integer("timeout")
	if id := f.get("correlationId"); id != nil {
		s.CorrelationID = r.dynamic(id)
	}
	s.Action = f.string("action")
	s.DependsOn = f.strings("dependsOn")
	return s
}

func (r *reader) parameters(f fields) []*Parameter {
	var out []*Parameter
	f.each("parameters", func(v *Value) { out = append(out, r.parameter(v)) })
	return out
}

// parameter reads a Parameter Object, or a Reusable Object: that is told by its
// field reference.
func (r *reader) parameter(v *Value) *Parameter {
	p := &Parameter{}
	if v.Member("reference") != nil {
		p.Reusable = r.reusable(v)
		p.Object = p.Reusable.Object
		return p
	}
	f := r.open(v, "a parameter", &p.Object, parameterFields)
	f.require("name", "value")
	p.Name, p.In = f.string("name"), f.string("in")
	if value := v.Member("value"); value != nil {
		p.Value = r.dynamic(value)
	}
	return p
}

func (r *reader) reusable(v *Value) *Reusable {
	u := &Reusable{}
	f := r.open(v, "a Reusable Object", &u.Object, reusableFields)
	u.Reference = f.string("reference")
	if value := v.Member("value"); value != nil {
		u.Value = r.dynamic(value)
	}
	return u
}

// action reads an action of either kind, or a Reusable Object. The fields of
// retry are known for failure actions only.
func (r *reader) action(v *Value, failure bool) *Action {
	a := &Action{Failure: failure}
	if v.Member("reference") != nil {
		a.Reusable = r.reusable(v)
		a.Object = a.Reusable.Object
		return a
	}
	what, names := "a success action", successFields
	if failure {
		what, names = "a failure action", failureFields
	}
	f := r.open(v, what, &a.Object, names)
	f.require("name", "type")
	a.Name, a.Type = f.string("name"), f.string("type")
	a.WorkflowID, a.StepID = f.string("workflowId"), f.string("stepId")
	a.Parameters = r.parameters(f)
	a.Criteria = r.criteria(f, "criteria")
	if failure {
		a.RetryAfter = f.number("retryAfter")
		if limit := f.integer("retryLimit"); limit != nil {
			n := int(*limit)
			a.RetryLimit = &n
		}
	}
	return a
}

// number reads a decimal; nil where absent or wrong.
func (f fields) number(name string) *float64 {
	v := f.get(name)
	if v == nil {
		return nil
	}
	n, is := v.Scalar.(json.Number)
	if !is {
		f.fail("wrong-type", v.Pos, v.Path, "", "the field %s of %s must be a number, not %s", name, f.what, v.Kind)
		return nil
	}
	x, err := n.Float64()
	if err != nil {
		f.fail("number-range", v.Pos, v.Path, "", "the number %s is out of range", n)
		return nil
	}
	return &x
}

// integer reads an integer; 5.0 and 5e0 are none by the specification.
func (f fields) integer(name string) *int64 {
	v := f.get(name)
	if v == nil {
		return nil
	}
	n, is := v.Scalar.(json.Number)
	if !is {
		f.fail("wrong-type", v.Pos, v.Path, "", "the field %s of %s must be an integer, not %s", name, f.what, v.Kind)
		return nil
	}
	i, err := strconv.ParseInt(n.String(), 10, 64)
	if err != nil {
		f.fail("wrong-type", v.Pos, v.Path, "", "the field %s of %s must be an integer, not %s", name, f.what, n)
		return nil
	}
	return &i
}

func (r *reader) criteria(f fields, name string) []*Criterion {
	var out []*Criterion
	f.each(name, func(v *Value) { out = append(out, r.criterion(v)) })
	return out
}

func (r *reader) criterion(v *Value) *Criterion {
	c := &Criterion{}
	f := r.open(v, "a criterion", &c.Object, criterionFields)
	f.require("condition")
	c.Context, c.Condition = f.string("context"), f.string("condition")
	c.Type = r.expressionType(f, "type")
	if condition := v.Member("condition"); condition != nil {
		c.quoted = condition.Quoted
	}
	return c
}

// expressionType reads a type: a string, or an Expression Type Object.
func (r *reader) expressionType(f fields, name string) *ExpressionType {
	v := f.get(name)
	if v == nil {
		return nil
	}
	t := &ExpressionType{}
	t.Pos, t.Path = v.Pos, v.Path
	switch v.Kind {
	case KindString:
		t.Type = v.Scalar.(string)
	case KindObject:
		inner := r.open(v, "an Expression Type Object", &t.Object, typeFields)
		inner.require("type", "version")
		t.Type, t.Version = inner.string("type"), inner.string("version")
	default:
		r.fail("wrong-type", v.Pos, v.Path, "", "the field %s of %s must be a string or an Expression Type Object, not %s", name, f.what, v.Kind)
	}
	return t
}

func (r *reader) requestBody(v *Value) *RequestBody {
	b := &RequestBody{}
	f := r.open(v, "a request body", &b.Object, bodyFields)
	b.ContentType = f.string("contentType")
	if payload := v.Member("payload"); payload != nil {
		b.Payload = r.dynamic(payload)
	}
	f.each("replacements", func(v *Value) { b.Replacements = append(b.Replacements, r.replacement(v)) })
	return b
}

func (r *reader) replacement(v *Value) *PayloadReplacement {
	p := &PayloadReplacement{}
	f := r.open(v, "a payload replacement", &p.Object, replacementFields)
	f.require("target", "value")
	p.Target = f.string("target")
	p.TargetSelectorType = r.expressionType(f, "targetSelectorType")
	if value := v.Member("value"); value != nil {
		p.Value = r.dynamic(value)
	}
	return p
}

// dynamic compiles the expressions of a value, at any depth.
func (r *reader) dynamic(v *Value) *Value {
	switch v.Kind {
	case KindString:
		t, err := expression.ParseTemplate(v.Scalar.(string))
		switch {
		case err != nil:
			v.err, v.dynamic = err, true
		case !t.Literal():
			v.template, v.dynamic = t, true
		}
	case KindArray:
		for _, item := range v.Items {
			v.dynamic = r.dynamic(item).dynamic || v.dynamic
		}
	case KindObject:
		if r.isSelector(v) {
			r.selector(v)
			break
		}
		for _, m := range v.Members {
			v.dynamic = r.dynamic(m.Value).dynamic || v.dynamic
		}
	}
	return v
}

// isSelector tells a Selector Object from an object of data: it has exactly
// its three fields, and the context is an expression. 1.0 has none.
func (r *reader) isSelector(v *Value) bool {
	context := v.Member("context")
	if r.doc.Minor == 0 || len(v.Members) != 3 || v.Member("selector") == nil || v.Member("type") == nil || context == nil {
		return false
	}
	s, is := context.Scalar.(string)
	return is && expression.IsExpression(s)
}

// selector makes the Value a Selector Object and compiles its query. What is
// wrong stays with the Value, for Validate to tell and Evaluate to answer.
func (r *reader) selector(v *Value) {
	s := &Selector{}
	f := r.open(v, "a Selector Object", &s.Object, selectorFields)
	s.Context, s.Selector = f.string("context"), f.string("selector")
	s.Type = r.expressionType(f, "type")
	v.Kind, v.Selector, v.dynamic = KindSelector, s, true
	if v.context, v.err = expression.Parse(s.Context); v.err != nil {
		return
	}
	if s.Type == nil {
		v.err = errors.New("the type of a Selector Object must be a string or an Expression Type Object")
		return
	}
	v.query, v.err = criterion.CompileQuery(s.Type.Type, s.Type.Version, s.Selector)
}
