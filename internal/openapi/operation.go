package openapi

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/aws/smithy-go/traits"

	"github.com/headgate/headgate/internal/wire"
	"github.com/headgate/headgate/internal/wire/constraints"
)

// builder collects a description's shared parts.
type builder struct {
	cfg                        wire.Config
	schemas, bodies, responses object
}

// operation describes one operation, but for its operationId, of which it has several.
func (b *builder) operation(name string, binding *traits.HTTP) (object, error) {
	method, ok := b.cfg.Client.MethodByName(name)
	if !ok {
		return nil, fmt.Errorf("the SDK's client has no such method")
	}
	in, out := method.Type.In(2).Elem(), method.Type.Out(0).Elem()
	input := b.members(in)
	op := object{"x-aws-operation": name, "tags": []any{b.cfg.Name}}
	required := b.required(name, in)
	if parameters := b.parameters(binding, input, required); len(parameters) > 0 {
		op["parameters"] = parameters
	}
	if body := b.requestBody(input, required); body != nil {
		key := name + "Request"
		b.bodies[key] = body
		op["requestBody"] = object{"$ref": "#/components/requestBodies/" + key}
	}
	op["responses"] = b.answers(name, binding, out)
	return op, nil
}

// nullMember is how the constraints word a required member that is missing.
var nullMember = regexp.MustCompile(`Value null at '([^'.]+)' failed to satisfy constraint: Member must not be null`)

// required asks the constraints which members an empty input lacks; the answer is by member name in lower case.
func (b *builder) required(name string, in reflect.Type) map[string]bool {
	found := map[string]bool{}
	rules := constraints.For(b.cfg.Name).Rules(name, in)
	for _, m := range nullMember.FindAllStringSubmatch(rules.Check(reflect.New(in).Elem()), -1) {
		found[strings.ToLower(m[1])] = true
	}
	return found
}

// parameters are the members that travel in path, query and headers, and the fixed query of the binding's URI.
func (b *builder) parameters(binding *traits.HTTP, members []member, required map[string]bool) []any {
	var all []any
	for _, m := range members {
		p := object{"name": m.bind, "in": m.in, "schema": b.shape(m.typ, m.schema, m.in)}
		switch m.in {
		case "path":
			p["required"] = true
			if strings.Contains(binding.URI, "{"+m.bind+"+}") {
				p["x-greedy"] = true
			}
		case "query", "header":
			if required[strings.ToLower(m.field)] {
				p["required"] = true
			}
		default:
			continue
		}
		all = append(all, p)
	}
	_, fixed, _ := strings.Cut(binding.URI, "?")
	query, err := url.ParseQuery(fixed)
	if err != nil {
		return all
	}
	for key, values := range query {
		all = append(all, object{"name": key, "in": "query", "required": true, "schema": object{"type": "string", "const": values[0], "default": values[0]}})
	}
	return all
}

// requestBody is the payload member, or an object of the members that have no other place.
func (b *builder) requestBody(members []member, required map[string]bool) object {
	properties, needed := object{}, []any{}
	for _, m := range members {
		switch m.in {
		case "payload":
			return object{"required": required[strings.ToLower(m.field)], "content": b.payload(m)}
		case "body":
			properties[m.bind] = b.shape(m.typ, m.schema, m.in)
			if required[strings.ToLower(m.field)] {
				needed = append(needed, m.bind)
			}
		}
	}
	if len(properties) == 0 {
		return nil
	}
	schema := object{"type": "object", "properties": properties}
	if len(needed) > 0 {
		schema["required"] = needed
	}
	return object{"required": len(needed) > 0, "content": object{"application/json": object{"schema": schema}}}
}

// payload is the content of a member that is the whole body. Lambda's blobs are events and answers of functions: any JSON.
func (b *builder) payload(m member) object {
	if m.typ.Kind() == reflect.Slice || m.typ.Kind() == reflect.Interface {
		return object{"application/json": object{"schema": object{}}}
	}
	return object{"application/json": object{"schema": b.shape(m.typ, m.schema, "payload")}}
}

// answers are the success by its status, and the errors by their class.
func (b *builder) answers(name string, binding *traits.HTTP, out reflect.Type) object {
	answer := object{"description": http.StatusText(binding.Code)}
	headers, properties := object{}, object{}
	for _, m := range b.members(out) {
		switch m.in {
		case "header":
			headers[m.bind] = object{"schema": b.shape(m.typ, m.schema, m.in)}
		case "body":
			properties[m.bind] = b.shape(m.typ, m.schema, m.in)
		case "payload":
			answer["content"] = b.payload(m)
		}
	}
	if len(headers) > 0 {
		answer["headers"] = headers
	}
	if len(properties) > 0 {
		answer["content"] = object{"application/json": object{"schema": b.output(out, properties)}}
	}
	if name == "InvokeWithResponseStream" {
		answer["content"] = object{"application/vnd.amazon.eventstream": object{"schema": object{}}}
	}
	responses := object{
		"4XX": object{"$ref": "#/components/responses/ClientError"},
		"5XX": object{"$ref": "#/components/responses/ServerError"},
	}
	for i, status := range statuses(name, binding.Code) {
		if i > 0 {
			answer = object{"description": http.StatusText(status)}
		}
		responses[strconv.Itoa(status)] = answer
	}
	return responses
}

// statuses are the codes of success. A member of the output tells it where the binding's is not the only one: DeleteFunction answers 204
// although the model says 200 (FACTS §0, trap 9), and an invocation's type decides over its answer.
func statuses(name string, code int) []int {
	switch name {
	case "DeleteFunction":
		return []int{http.StatusNoContent}
	case "Invoke", "InvokeWithResponseStream":
		return []int{http.StatusOK, http.StatusAccepted, http.StatusNoContent}
	}
	return []int{code}
}

// output names an output's body by its shape: several operations answer the same one, such as FunctionConfiguration.
func (b *builder) output(out reflect.Type, properties object) object {
	name := out.Name()
	if s := wire.SchemaOf(reflect.New(out).Interface()); s != nil {
		name = s.ID().Name
	}
	if _, known := b.schemas[name]; !known {
		b.schemas[name] = object{"type": "object", "properties": properties}
	}
	return object{"$ref": "#/components/schemas/" + name}
}
