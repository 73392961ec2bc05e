package sam

import (
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

func (s *swagger) defineIAM() {
	if !s.security.Has("AWS_IAM") {
		put(s.security, "AWS_IAM", nil, dict("x-amazon-apigateway-authtype", "awsSigv4", "type", "apiKey", "name", "Authorization", "in", "header"))
	}
}

func (s *swagger) defineAPIKey() {
	if !s.security.Has("api_key") {
		put(s.security, "api_key", nil, dict("type", "apiKey", "name", "x-api-key", "in", "header"))
	}
}

// securityOf is a method's list of security requirements.
func securityOf(definition *tree.Node, path, method string) ([]*tree.Node, error) {
	list := definition.Get("security")
	if list == nil {
		return nil, nil
	}
	if !list.Is(tree.List) {
		return nil, structureError("Type of security for path %s method %s must be a list", path, method)
	}
	for _, x := range list.Items {
		if !x.Is(tree.Map) {
			return nil, structureError("%s in Security for path %s method %s is not a valid dictionary.", settledOrders{}.string(x), path, method)
		}
	}
	return list.Items, nil
}

func hasAny(n *tree.Node, names map[string]bool) bool {
	for _, p := range pairsOf(n) {
		if names[p.Key] {
			return true
		}
	}
	return false
}

func requirement(name, scopes *tree.Node) *tree.Node {
	n := dict()
	if scopes == nil {
		scopes = tree.NewList()
	}
	put(n, name.Text, name, scopes.Clone())
	return n
}

func (s *swagger) setSecurity(definition *tree.Node, list []*tree.Node) {
	put(definition, "security", nil, tree.NewList(list...))
	if len(list) > 0 && list[0].Has("AWS_IAM") {
		s.defineIAM()
	}
}

// defaultAuthorizer gives all methods of a path the API's authorizer, but for those that have one or want none.
func (s *swagger) defaultAuthorizer(path string, name *tree.Node, authorizers []*authorizer, preflight bool) error {
	names := map[string]bool{"AWS_IAM": true}
	var scopes *tree.Node
	for _, a := range authorizers {
		names[a.name.Text] = true
		if a.name.Text == name.Text {
			scopes = a.scopes
		}
	}
	return s.eachMethod(path, func(method string, d *tree.Node) error {
		if !preflight && method == "options" {
			return nil
		}
		have, err := securityOf(d, path, method)
		if err != nil {
			return err
		}
		var others, own []*tree.Node
		none := false
		for _, x := range have {
			switch {
			case hasAny(x, names):
				own = append(own, x)
			case x.Has("NONE") && !none:
				none = true
			default:
				others = append(others, x)
			}
		}
		switch {
		case none:
			own = nil
		case len(own) == 0:
			own = []*tree.Node{requirement(name, scopes)}
		}
		if all := append(others, own...); len(all) > 0 {
			s.setSecurity(d, all)
		}
		return nil
	})
}

// defaultAPIKey has all methods of a path ask for a key, but for those that say that they do not.
func (s *swagger) defaultAPIKey(path string, preflight bool) error {
	keys := map[string]bool{"api_key": true, "api_key_false": true}
	return s.eachMethod(path, func(method string, d *tree.Node) error {
		have, err := securityOf(d, path, method)
		if err != nil {
			return err
		}
		var others []*tree.Node
		refused := false
		for _, x := range have {
			if !hasAny(x, keys) {
				others = append(others, x)
			}
			refused = refused || x.Has("api_key_false")
		}
		all := others
		if !refused && (method != "options" || preflight) {
			all = append(all, requirement(tree.NewString("api_key"), nil))
		}
		if !tree.NewList(all...).Equal(tree.NewList(have...)) {
			put(d, "security", nil, tree.NewList(all...))
		}
		return nil
	})
}

// methodAuth applies an event's Auth to its method.
func (s *swagger) methodAuth(path, method, auth, apiAuth *tree.Node) error {
	name := auth.Get("Authorizer")
	authorizers := apiAuth.Get("Authorizers")
	if name.Truthy() {
		for _, d := range s.methods(path.Text, method) {
			have, err := securityOf(d, path.Text, method.Text)
			if err != nil {
				return err
			}
			var scopes *tree.Node
			if a := authorizers.Get(name.Str()); !name.IsString("NONE") && present(a) != nil {
				if scopes = present(a.Get("AuthorizationScopes")); present(auth.Get("AuthorizationScopes")) != nil {
					scopes = auth.Get("AuthorizationScopes")
				}
			}
			s.setSecurity(d, append(append([]*tree.Node{}, have...), requirement(name, scopes)))
		}
	}
	required := present(auth.Get("ApiKeyRequired"))
	if required == nil {
		return nil
	}
	for _, d := range s.methods(path.Text, method) {
		have, err := securityOf(d, path.Text, method.Text)
		if err != nil {
			return err
		}
		key := "api_key_false" // a mark that the API's default finds
		if required.Truthy() {
			key = "api_key"
			s.defineAPIKey()
		}
		put(d, "security", nil, tree.NewList(append(append([]*tree.Node{}, have...), requirement(tree.NewString(key), nil))...))
	}
	return nil
}

// cors adds an OPTIONS method to a path that has none.
func (s *swagger) cors(path string, c corsSettings) error {
	for _, item := range s.items(path) {
		if item.Has("options") {
			continue
		}
		if !c.origin.Truthy() {
			return structureError("Invalid input. Value for AllowedOrigins is required")
		}
		methods := c.methods
		if !methods.Truthy() {
			methods = tree.NewString("'" + allowedMethods(item) + "'")
		}
		params, headers := dict(), dict()
		add := func(name, typ string, v *tree.Node) {
			put(params, "method.response.header.Access-Control-"+name, nil, v.Clone())
			put(headers, "Access-Control-"+name, nil, dict("type", typ))
		}
		add("Allow-Origin", "string", c.origin)
		if c.headers.Truthy() {
			add("Allow-Headers", "string", c.headers)
		}
		add("Allow-Methods", "string", methods)
		if present(c.maxAge) != nil {
			add("Max-Age", "integer", c.maxAge)
		}
		if c.credentials {
			add("Allow-Credentials", "string", tree.NewString("'true'"))
		}
		put(item, "options", nil, dict(
			"summary", "CORS support", "consumes", tree.NewStrings("application/json"), "produces", tree.NewStrings("application/json"),
			integrationKey, dict("type", "mock",
				"requestTemplates", dict("application/json", "{\n  \"statusCode\" : 200\n}\n"),
				"responses", dict("default", dict("statusCode", "200", "responseParameters", params,
					"responseTemplates", dict("application/json", "{}\n")))),
			"responses", dict("200", dict("description", "Default response for CORS method", "headers", headers))))
	}
	return nil
}

// allowedMethods is the list for Access-Control-Allow-Methods.
func allowedMethods(item *tree.Node) string {
	if item.Has(anyMethodKey) {
		return "DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT"
	}
	names := []string{"OPTIONS"}
	for _, p := range item.Pairs {
		if m := strings.ToUpper(p.Key); m != "OPTIONS" {
			names = append(names, m)
		}
	}
	return strings.Join(sortedUnique(names), ",")
}
