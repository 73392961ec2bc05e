package sam

import (
	"github.com/headgate/headgate/internal/template/tree"
)

// defaultRoute is the path of an HTTP API that takes what no other path does.
const defaultRoute = "$default"

// openAPI edits an HTTP API's document.
type openAPI struct {
	*swagger
	schemes, tags, info *tree.Node
}

func isOpenAPI(n *tree.Node) bool {
	return n.Is(tree.Map) && n.Get("paths").Is(tree.Map) && n.Get("openapi").Truthy() && openAPI3.MatchString(textOf(n.Get("openapi")))
}

func openAPISkeleton() *tree.Node {
	return dict("openapi", "3.0.1", "info", dict("version", "1.0", "title", ref("AWS::StackName")), "paths", dict())
}

func (t *translator) editOpenAPI(doc *tree.Node) (*openAPI, error) {
	if !isOpenAPI(doc) {
		return nil, structureError("Invalid OpenApi document. Invalid values or missing keys for 'openapi' or 'paths' in 'DefinitionBody'.")
	}
	s, err := t.editSwagger(doc)
	if err != nil {
		return nil, err
	}
	o := &openAPI{swagger: s, schemes: s.doc.Path("components", "securitySchemes"), tags: s.doc.Get("tags"), info: s.doc.Get("info")}
	if !o.schemes.Truthy() {
		o.schemes = dict()
	}
	if !o.tags.Truthy() {
		o.tags = tree.NewList()
	}
	if !o.info.Truthy() {
		o.info = dict()
	}
	return o, nil
}

// finished gives the edited document.
func (o *openAPI) finished() *tree.Node {
	if o.tags.Truthy() {
		o.doc.Set("tags", o.tags)
	}
	if o.schemes.Truthy() {
		if !o.doc.Get("components").Is(tree.Map) {
			o.doc.Set("components", dict())
		}
		o.doc.Get("components").Set("securitySchemes", o.schemes)
	}
	if o.info.Truthy() {
		o.doc.Set("info", o.info)
	}
	return o.done()
}

// addFunction lets a function answer, unless something does already.
func (o *openAPI) addFunction(path, method, uri, condition *tree.Node) error {
	if o.hasIntegration(path, method) {
		return nil
	}
	if condition != nil {
		uri = conditional(condition, uri)
	}
	err := o.integrate(path, method, condition, func() *tree.Node {
		return dict("type", "aws_proxy", "httpMethod", "POST", "payloadFormatVersion", "2.0", "uri", uri.Clone())
	}, func() *tree.Node { return dict() })
	if err == nil && path.Text == defaultRoute && methodName(method).Text == anyMethodKey {
		for _, d := range o.methods(path.Text, method) {
			d.Set("isDefaultRoute", tree.NewBool(true))
		}
	}
	return err
}

// answers tells whether a function answers for a method on every branch.
func (o *openAPI) answers(path, method *tree.Node, function string) bool {
	if !o.hasIntegration(path, method) {
		return false
	}
	for _, d := range o.methods(path.Text, method) {
		for _, uri := range branches(d.Path(integrationKey, "uri")) {
			if m := functionInURI.FindStringSubmatch(uri.Get("Fn::Sub").Str()); m == nil || m[1] != function {
				return false
			}
		}
	}
	return true
}

// defaultAuthorizer gives all methods of a path the API's authorizer, but for those that have one.
func (o *openAPI) defaultAuthorizer(path string, name, scopes *tree.Node) error {
	for _, item := range o.items(path) {
		for _, m := range pairsOf(item) {
			method := methodName(tree.NewString(m.Key)).Text
			if method == "parameters" || method == "options" {
				continue
			}
			if !item.Has(method) {
				return structureError("Could not find %s in %s within DefinitionBody.", method, path)
			}
			for _, d := range branches(m.Value) {
				if !d.Is(tree.Map) {
					return structureError("Definition of method '%s' for path '%s' should be a map.", m.Key, path)
				}
				if d.Get(integrationKey).Truthy() && !d.Get("security").Truthy() {
					d.Set("security", tree.NewList(requirement(name, scopes)))
				}
			}
		}
	}
	return nil
}

// addTags writes tags into the document: an HTTP API that is imported takes them from there.
func (o *openAPI) addTags(tags *tree.Node) error {
	if !o.tags.Is(tree.List) {
		return structureError("Tags in OpenApi DefinitionBody needs to be a list. %s is a %s not a list.", settledOrders{}.string(o.tags), pythonType(o.tags))
	}
	for _, p := range tags.Pairs {
		found := false
		for _, have := range o.tags.Items {
			if have.Get("name").IsString(p.Key) {
				have.Set("x-amazon-apigateway-tag-value", p.Value.Clone())
				found = true
				break
			}
		}
		if !found {
			o.tags.Append(dict("name", p.Key, "x-amazon-apigateway-tag-value", p.Value.Clone()))
		}
	}
	return nil
}
