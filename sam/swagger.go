package sam

import (
	"regexp"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// swagger edits an API's document. Each editing begins and ends with a copy, since the transform's does,
// and the order of members depends on it (python_dict.go).
type swagger struct {
	t   *translator
	doc *tree.Node

	security, responses, policy, definitions *tree.Node // sections, nil until there is something in them
}

const (
	integrationKey = "x-amazon-apigateway-integration"
	anyMethodKey   = "x-amazon-apigateway-any-method"
	policyKey      = "x-amazon-apigateway-policy"
	responsesKey   = "x-amazon-apigateway-gateway-responses"
)

var (
	openAPI3       = regexp.MustCompile(`^3(\.\d)(\.\d)?$`)
	openAPIVersion = regexp.MustCompile(`^[2-3](\.\d)(\.\d)?$`)
)

// isSwagger tells whether a definition is a document that can be edited.
func isSwagger(n *tree.Node) bool {
	if !n.Is(tree.Map) || !n.Get("paths").Is(tree.Map) {
		return false
	}
	return n.Get("swagger").Truthy() || n.Get("openapi").Truthy() && openAPI3.MatchString(textOf(n.Get("openapi")))
}

// swaggerSkeleton is the document of an API for which the template gives none.
func swaggerSkeleton() *tree.Node {
	return dict("swagger", "2.0", "info", dict("version", "1.0", "title", ref("AWS::StackName")), "paths", dict())
}

func (t *translator) editSwagger(doc *tree.Node) (*swagger, error) {
	if !isSwagger(doc) {
		return nil, structureError("Invalid Swagger document")
	}
	s := &swagger{t: t, doc: t.orders.copy(doc)}
	for _, x := range []struct {
		to  **tree.Node
		key string
	}{{&s.security, "securityDefinitions"}, {&s.responses, responsesKey}, {&s.policy, policyKey}, {&s.definitions, "definitions"}} {
		if *x.to = s.doc.Get(x.key); !(*x.to).Truthy() {
			*x.to = dict()
		}
		if !(*x.to).Is(tree.Map) {
			return nil, structureError("%s must be a dictionary.", x.key)
		}
	}
	for _, p := range s.paths() {
		for _, item := range branches(p.Value) {
			if !item.Is(tree.Map) {
				return nil, notAPath(p.Key)
			}
		}
	}
	return s, nil
}

func notAPath(path string) error {
	return structureError("Value of '%s' path must be a dictionary according to Swagger spec.", path)
}

// done gives the edited document.
func (s *swagger) done() *tree.Node {
	for _, x := range []struct {
		from *tree.Node
		key  string
	}{{s.security, "securityDefinitions"}, {s.responses, responsesKey}, {s.definitions, "definitions"}} {
		if x.from.Truthy() {
			put(s.doc, x.key, nil, x.from)
		}
	}
	return s.t.orders.copy(s.doc)
}

func (s *swagger) paths() []tree.Pair { return pythonOrder(s.doc.Get("paths").Pairs) }

// branches are what a value may be: it itself, or the branches of its Fn::If that are something.
func branches(n *tree.Node) []*tree.Node {
	choice := n.Get("Fn::If")
	if !n.Is(tree.Map) || !choice.Is(tree.List) || len(choice.Items) == 0 {
		return []*tree.Node{n}
	}
	var out []*tree.Node
	for _, b := range choice.Items[1:] {
		if !isNoValue(b) {
			out = append(out, b)
		}
	}
	return out
}

// methodName is a method's member of a path: lower case, and a name of its own for any.
func methodName(m *tree.Node) *tree.Node {
	text := strings.ToLower(m.Str())
	if text == "any" {
		return tree.NewString(anyMethodKey)
	}
	return readString(text, m)
}

// items are the path's members, one for each branch.
func (s *swagger) items(path string) []*tree.Node { return branches(s.doc.Get("paths").Get(path)) }

func (s *swagger) addPath(path, method *tree.Node) error {
	paths := s.doc.Get("paths")
	if !paths.Has(path.Text) {
		put(paths, path.Text, path, dict())
	}
	if !paths.Get(path.Text).Is(tree.Map) {
		return notAPath(path.Text)
	}
	name := methodName(method)
	for _, item := range s.items(path.Text) {
		if !item.Has(name.Text) {
			put(item, name.Text, name, dict())
		}
	}
	return nil
}

func (s *swagger) hasIntegration(path, method *tree.Node) bool {
	if !s.doc.Get("paths").Has(path.Text) {
		return false
	}
	for _, item := range s.items(path.Text) {
		m := item.Get(methodName(method).Text)
		found := false
		for _, b := range branches(m) {
			found = found || b.Get(integrationKey).Truthy()
		}
		if !m.Is(tree.Map) || !found {
			return false
		}
	}
	return true
}

// methods are the definitions of a path's method that have an integration.
func (s *swagger) methods(path string, method *tree.Node) []*tree.Node {
	var out []*tree.Node
	for _, item := range s.items(path) {
		for _, d := range branches(item.Get(methodName(method).Text)) {
			if d.Get(integrationKey).Truthy() {
				out = append(out, d)
			}
		}
	}
	return out
}

// eachMethod calls f for all definitions of a path that have an integration.
func (s *swagger) eachMethod(path string, f func(name string, definition *tree.Node) error) error {
	for _, item := range s.items(path) {
		for _, m := range pythonOrder(pairsOf(item)) {
			if m.Key == "summary" || m.Key == "description" || m.Key == "parameters" {
				continue
			}
			for _, d := range branches(m.Value) {
				if !d.Is(tree.Map) {
					return structureError("Definition of method '%s' for path '%s' should be a map.", m.Key, path)
				}
				if !d.Get(integrationKey).Truthy() {
					continue
				}
				if err := f(methodName(tree.NewString(m.Key)).Text, d); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func conditional(condition, v *tree.Node) *tree.Node {
	return dict("Fn::If", tree.NewList(condition.Clone(), v, ref("AWS::NoValue")))
}

// integrate adds an integration to a method that is there already, under a condition if there is one.
func (s *swagger) integrate(path, method, condition *tree.Node, members, answers func() *tree.Node) error {
	if err := s.addPath(path, method); err != nil {
		return err
	}
	name := methodName(method).Text
	for _, item := range s.items(path.Text) {
		m := item.Get(name)
		if !m.Is(tree.Map) {
			return structureError("Definition of method '%s' for path '%s' should be a map.", name, path.Text)
		}
		put(m, integrationKey, nil, members())
		if !m.Has("responses") {
			put(m, "responses", nil, answers())
		}
		if condition != nil {
			item.Set(name, conditional(condition, m))
		}
	}
	return nil
}

// addFunction lets a function answer.
func (s *swagger) addFunction(path, method, uri, condition, methodAuth, apiAuth *tree.Node) error {
	if condition != nil {
		uri = conditional(condition, uri)
	}
	return s.integrate(path, method, condition, func() *tree.Node {
		n := dict("type", "aws_proxy", "httpMethod", "POST", "uri", uri.Clone())
		if methodAuth.Get("Authorizer").IsString("AWS_IAM") || apiAuth.Get("DefaultAuthorizer").IsString("AWS_IAM") && methodAuth.Len() == 0 {
			if c := s.credentials(methodAuth, apiAuth); c != nil {
				put(n, "credentials", nil, c)
			}
		}
		return n
	}, func() *tree.Node { return dict() })
}

// credentials are whose an IAM-authorised method calls the function with.
func (s *swagger) credentials(methodAuth, apiAuth *tree.Node) *tree.Node {
	role := func(auth *tree.Node) *tree.Node {
		v := auth.Get("InvokeRole")
		if !v.Truthy() && auth.Has("InvokeRole") {
			return tree.NewString("NONE")
		}
		return v
	}
	v := role(methodAuth)
	if !v.Truthy() {
		v = role(apiAuth)
	}
	switch {
	case !v.Truthy() || v.IsString("CALLER_CREDENTIALS"):
		return tree.NewString("arn:" + s.t.options.Partition + ":iam::*:user/*")
	case v.IsString("NONE"):
		return nil
	}
	return v.Clone()
}

// addStateMachine lets a method start an execution.
func (s *swagger) addStateMachine(path, method, condition *tree.Node, role, template *tree.Node) error {
	uri := sub("arn:${AWS::Partition}:apigateway:${AWS::Region}:states:action/StartExecution")
	if condition != nil {
		uri = conditional(condition, uri)
	}
	return s.integrate(path, method, condition, func() *tree.Node {
		return dict("type", "aws", "httpMethod", "POST", "uri", uri.Clone(),
			"responses", dict("200", dict("statusCode", "200"), "400", dict("statusCode", "400")),
			"credentials", role.Clone(), "requestTemplates", template.Clone())
	}, func() *tree.Node {
		return dict("200", dict("description", "OK"), "400", dict("description", "Bad Request"))
	})
}
