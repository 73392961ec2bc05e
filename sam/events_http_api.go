package sam

import (
	"regexp"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

var (
	functionInURI = regexp.MustCompile(`\$\{([A-Za-z0-9]+)\.Arn\}`)
	pathParameter = regexp.MustCompile(`{(.*?)}`)
)

// httpAPI lets a function answer for a route of an HTTP API.
func (e *event) httpAPI() error {
	if err := e.known("Path Method ApiId Stage Auth TimeoutInMillis RouteSettings PayloadFormatVersion"); err != nil {
		return err
	}
	id := apiID(e.get("ApiId")).Str()
	api := e.f.t.source.Get(id).Get("Properties")
	path, method := e.get("Path"), readString(strings.ToLower(e.get("Method").Str()), e.get("Method"))
	body := api.Get("DefinitionBody")
	var o *openAPI
	if body.Truthy() {
		var err error
		if o, err = e.f.t.editOpenAPI(body); err != nil {
			return resourceError(id, "%s", err.Error())
		}
	}
	e.allowRoute(o, path, method)
	if o == nil {
		return nil
	}
	if e.f.t.managed[id] && o.hasIntegration(path, method) {
		return e.fail("API method '%s' defined multiple times for path '%s'.", method.Text, path.Text)
	}
	if err := o.addFunction(path, method, e.httpURI(), present(e.f.node.Get("Condition"))); err != nil {
		return err
	}
	if auth := e.get("Auth"); auth.Truthy() {
		if !auth.Is(tree.Map) {
			return e.fail("Property 'Auth' should be a map.")
		}
		if err := e.authorizeRoute(o, id, api, auth, path, method); err != nil {
			return err
		}
	}
	for _, d := range o.methods(path.Text, method) {
		if v := e.get("TimeoutInMillis"); v.Truthy() {
			d.Get(integrationKey).Set("timeoutInMillis", v.Clone())
		}
		if v := e.get("PayloadFormatVersion"); v.Truthy() {
			d.Get(integrationKey).Set("payloadFormatVersion", v.Clone())
		}
		pathParameters(d, path.Text)
	}
	api.Set("DefinitionBody", o.finished())
	return nil
}

// httpURI is how an HTTP API names the function; unlike a REST API it leaves the partition open.
func (e *event) httpURI() *tree.Node {
	name := "${" + e.f.id + ".Arn}"
	if e.f.alias != nil {
		name = "${" + e.f.alias.id + "}"
	}
	return sub("arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/" + name + "/invocations")
}

// allowRoute lets the API call the function, unless the permission for the default route covers it.
func (e *event) allowRoute(o *openAPI, path, method *tree.Node) {
	short := trailingSlash.ReplaceAllString(path.Text, "$1")
	if short == defaultRoute {
		short = ""
	} else if o != nil && o.answers(tree.NewString(defaultRoute), tree.NewString(anyMethodKey), e.f.id) {
		return
	}
	short = starred(short)
	verb := strings.ToUpper(method.Text)
	if method.Text == "any" || method.Text == anyMethodKey {
		verb = "*"
	}
	resource := "${__ApiId__}/${__Stage__}"
	if method.Text == "any" && short == "/"+defaultRoute {
		resource += short
	} else {
		resource += "/" + verb + short
	}
	e.permission("apigateway.amazonaws.com", "SourceArn", dict("Fn::Sub", tree.NewList(
		tree.NewString("arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:"+resource),
		dict("__ApiId__", e.get("ApiId").Clone(), "__Stage__", "*"))))
}

func (e *event) authorizeRoute(o *openAPI, id string, api, auth, path, method *tree.Node) error {
	apiAuth := present(api.Get("Auth"))
	if apiAuth != nil && !apiAuth.Is(tree.Map) {
		return resourceError(id, "Property 'Auth' should be a map.")
	}
	name := auth.Get("Authorizer")
	if !name.Truthy() {
		if name = apiAuth.Get("DefaultAuthorizer"); !name.Truthy() {
			return e.fail("'Auth' section requires either an explicit 'Authorizer' set or a 'DefaultAuthorizer' configured on the HttpApi.")
		}
	}
	authorizers, iam := apiAuth.Get("Authorizers"), apiAuth.Get("EnableIamAuthorizer").Bool()
	unable := func(why string) error {
		return e.fail("Unable to set Authorizer [%s] on API method [%s] for path [%s]%s", textOf(name), method.Text, path.Text, why)
	}
	builtIn := name.IsString("AWS_IAM") && iam || name.IsString("NONE")
	switch {
	case name.IsString("NONE") && !apiAuth.Get("DefaultAuthorizer").Truthy():
		return e.fail("Unable to set Authorizer on API method [%s] for path [%s] because 'NONE' is only a valid value when a DefaultAuthorizer on the API is specified.",
			method.Text, path.Text)
	case builtIn:
	case !name.Is(tree.String) || !authorizers.Is(tree.Map):
		return unable(". The method authorizer must be a string with a corresponding dict entry in the api authorizer.")
	case !authorizers.Truthy():
		return unable(" because the related API does not define any Authorizers.")
	case !authorizers.Get(name.Text).Truthy():
		return unable(" because it wasn't defined in the API's Authorizers.")
	}
	scopes := auth.Get("AuthorizationScopes")
	if scopes.Truthy() && !scopes.Is(tree.List) {
		return e.fail("Unable to set Authorizer on API method [%s] for path [%s] because 'AuthorizationScopes' must be a list of strings.", method.Text, path.Text)
	}
	if name.IsString("AWS_IAM") || name.IsString("NONE") {
		scopes = nil
	} else if !scopes.Truthy() {
		scopes = present(authorizers.Get(name.Text).Get("AuthorizationScopes"))
	}
	for _, d := range o.methods(path.Text, method) {
		have, err := securityOf(d, path.Text, method.Text)
		if err != nil {
			return err
		}
		d.Set("security", tree.NewList(append(append([]*tree.Node{}, have...), requirement(name, scopes))...))
	}
	return nil
}

// pathParameters declares the variables of a path.
func pathParameters(d *tree.Node, path string) {
	for _, m := range pathParameter.FindAllStringSubmatch(path, -1) {
		list := d.Get("parameters")
		if list == nil {
			list = tree.NewList()
			d.Set("parameters", list)
		}
		var p *tree.Node
		for _, have := range list.Items {
			if have.Get("name").IsString(m[1]) {
				p = have
			}
		}
		if p == nil {
			p = dict("name", m[1])
			list.Append(p)
		}
		p.Set("in", tree.NewString("path"))
		p.Set("required", tree.NewBool(true))
	}
}
