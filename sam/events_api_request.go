package sam

import (
	"regexp"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// requestModel has the API check a method's requests against one of its models.
func (a *apiEvent) requestModel(s *swagger) error {
	request := a.get("RequestModel")
	if request == nil {
		return nil
	}
	if !request.Is(tree.Map) {
		return a.fail("Property 'RequestModel' should be a map.")
	}
	model, models := request.Get("Model"), a.api.Get("Models")
	unable := func(why string) error {
		return a.fail("Unable to set RequestModel [%s] on API method [%s] for path [%s] because %s", textOf(model), a.method.Text, a.path.Text, why)
	}
	switch {
	case !model.Truthy():
		return nil
	case !models.Truthy():
		return unable("the related API does not define any Models.")
	case !models.Is(tree.Map):
		return unable("the related API Models defined is of invalid type.")
	case !model.Is(tree.String):
		return unable("the related API does not contain valid Models.")
	case !models.Get(model.Text).Truthy():
		return unable("it wasn't defined in the API's Models.")
	}
	name := readString(strings.ToLower(model.Text), model)
	for _, d := range s.methods(a.path.Text, a.method) {
		required := present(request.Get("Required"))
		if present(s.doc.Get("swagger")) != nil {
			p := dict("in", "body", "name", name.Clone(), "schema", dict("$ref", "#/definitions/"+name.Text))
			if required != nil {
				put(p, "required", nil, required.Clone())
			}
			addParameter(d, p)
		} else {
			body := dict("content", dict("application/json", dict("schema", dict("$ref", "#/components/schemas/"+name.Text))))
			if required != nil {
				put(body, "required", nil, required.Clone())
			}
			put(d, "requestBody", nil, body)
		}
	}
	return a.validator(s, request, unable)
}

func addParameter(definition, p *tree.Node) {
	list := definition.Get("parameters")
	if list == nil {
		list = tree.NewList()
	}
	list.Append(p)
	put(definition, "parameters", nil, list)
}

// validator names what API Gateway checks of a request.
func (a *apiEvent) validator(s *swagger, request *tree.Node, unable func(string) error) error {
	body, params := present(request.Get("ValidateBody")), present(request.Get("ValidateParameters"))
	if body == nil && params == nil {
		return nil
	}
	if body != nil && !body.Is(tree.Bool) || params != nil && !params.Is(tree.Bool) {
		return a.fail("Unable to set Validator to RequestModel [%s] on API method [%s] for path [%s] "+
			"ValidateBody and ValidateParameters must be a boolean type, strings or intrinsics are not supported.", textOf(request.Get("Model")), a.method.Text, a.path.Text)
	}
	name := "no-validation"
	switch {
	case body.Bool() && params.Bool():
		name = "body-and-params"
	case body.Bool():
		name = "body-only"
	case params.Bool():
		name = "params-only"
	}
	const key = "x-amazon-apigateway-request-validators"
	if !s.doc.Get(key).Truthy() {
		put(s.doc, key, nil, dict())
	}
	if all := s.doc.Get(key); !all.Get(name).Truthy() {
		put(all, name, nil, dict("validateRequestBody", body.Bool(), "validateRequestParameters", params.Bool()))
	}
	for _, d := range s.methods(a.path.Text, a.method) {
		put(d, "x-amazon-apigateway-request-validator", nil, tree.NewString(name))
	}
	return nil
}

var requestParameter = regexp.MustCompile(`^method\.request\.(querystring|path|header)\.`)

// requestParameters declares what a method's requests carry beside their body.
func (a *apiEvent) requestParameters(s *swagger) error {
	for _, given := range itemsOf(a.get("RequestParameters")) {
		name, required, caching := given, tree.NewBool(false), false
		if given.Is(tree.Map) && len(given.Pairs) > 0 {
			p := given.Pairs[0]
			name = keyNode(p)
			if !p.Value.Is(tree.Map) {
				return a.fail("Invalid value for 'RequestParameters' property. Values must be an object, e.g { Required: true, Caching: false }")
			}
			for _, m := range p.Value.Pairs {
				switch m.Key {
				case "Required":
					required = m.Value.Clone()
				case "Caching":
					caching = m.Value.Truthy()
				default:
					return a.fail("Invalid value for 'RequestParameters' property. Values must be an object, e.g { Required: true, Caching: false }")
				}
			}
		} else if !given.Is(tree.String) {
			return a.fail("Invalid value for 'RequestParameters' property. Property must be either a string or an object")
		}
		if !requestParameter.MatchString(name.Text) {
			return a.fail("Invalid value for 'RequestParameters' property. Keys must be in the format 'method.request.[querystring|path|header].{value}', e.g 'method.request.header.Authorization'.")
		}
		in, short, _ := strings.Cut(strings.TrimPrefix(name.Text, "method.request."), ".")
		at := readString(in, name)
		if in == "querystring" {
			at = tree.NewString("query")
		}
		for _, d := range s.methods(a.path.Text, a.method) {
			addParameter(d, dict("in", at.Clone(), "name", readString(short, name), "required", required.Clone(), "type", "string"))
			if !caching {
				continue
			}
			integration := d.Get(integrationKey)
			list := integration.Get("cacheKeyParameters")
			if list == nil {
				list = tree.NewList()
			}
			list.Append(name.Clone())
			put(integration, "cacheKeyParameters", nil, list)
		}
	}
	return nil
}
