package sam

import (
	"slices"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// httpAuthorizer is one of an HTTP API's authorizers: OAuth2, a function, or AWS_IAM (without a configuration).
type httpAuthorizer struct {
	name   *tree.Node
	config *tree.Node
}

func (a *httpAPI) auth() error {
	auth := a.get("Auth")
	if !auth.Truthy() {
		return nil
	}
	if !a.body.Truthy() {
		return resourceError(a.id, "Auth works only with inline OpenApi specified in the 'DefinitionBody' property.")
	}
	for _, p := range auth.Pairs {
		if !slices.Contains([]string{"Authorizers", "DefaultAuthorizer", "EnableIamAuthorizer"}, p.Key) {
			return resourceError(a.id, "Invalid value for 'Auth' property")
		}
	}
	if !isOpenAPI(a.body) {
		return resourceError(a.id, "Unable to add Auth configuration because 'DefinitionBody' does not contain a valid OpenApi definition.")
	}
	all, err := a.authorizers()
	if err != nil {
		return err
	}
	return a.edit(func(o *openAPI) error {
		for _, x := range all {
			o.schemes.Set(x.name.Text, x.scheme(a.t.options.Partition))
		}
		name := auth.Get("DefaultAuthorizer")
		if !name.Truthy() || isNoValue(name) {
			return nil
		}
		if !name.Is(tree.String) {
			return resourceError(a.id, "Property 'Auth.DefaultAuthorizer' should be a string.")
		}
		i := slices.IndexFunc(all, func(x *httpAuthorizer) bool { return x.name.Text == name.Text })
		if i < 0 {
			return resourceError(a.id, "Unable to set DefaultAuthorizer because '%s' was not defined in 'Authorizers'.", name.Text)
		}
		for _, p := range o.paths() {
			if err := o.defaultAuthorizer(p.Key, name, present(all[i].config.Get("AuthorizationScopes"))); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *httpAPI) authorizers() (out []*httpAuthorizer, err error) {
	auth := a.get("Auth")
	if auth.Get("EnableIamAuthorizer").Bool() {
		out = append(out, &httpAuthorizer{name: tree.NewString("AWS_IAM")})
	}
	given := auth.Get("Authorizers")
	if !given.Truthy() {
		return out, nil
	}
	if !given.Is(tree.Map) {
		return nil, resourceError(a.id, "Property 'Auth.Authorizers' should be a map.")
	}
	for _, p := range given.Pairs {
		if !p.Value.Is(tree.Map) {
			return nil, resourceError(a.id, "Property 'Auth.Authorizers.%s' should be a map.", p.Key)
		}
		if p.Value.Has("OpenIdConnectUrl") {
			return nil, resourceError(a.id, "'OpenIdConnectUrl' is no longer a supported property for authorizer '%s'. Please refer to the AWS SAM documentation.", p.Key)
		}
		x := &httpAuthorizer{name: keyNode(p), config: p.Value}
		if err := x.check(a.id); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

func (x *httpAuthorizer) jwt() bool { return x.config.Get("JwtConfiguration").Truthy() }

func (x *httpAuthorizer) check(api string) error {
	get := func(name string) *tree.Node { return present(x.config.Get(name)) }
	if s := get("AuthorizationScopes"); s != nil && !s.Is(tree.List) {
		return resourceError(api, "AuthorizationScopes must be a list.")
	}
	for _, name := range []string{"AuthorizationScopes", "IdentitySource"} {
		if get(name) != nil && !x.jwt() {
			return resourceError(api, "%s must be defined only for OAuth2 Authorizer.", name)
		}
	}
	for _, name := range []string{"FunctionArn", "FunctionInvokeRole", "Identity", "AuthorizerPayloadFormatVersion", "EnableSimpleResponses", "EnableFunctionDefaultPermissions"} {
		if get(name) != nil && x.jwt() {
			return resourceError(api, "%s must be defined only for Lambda Authorizer.", name)
		}
	}
	switch {
	case x.jwt() && !x.config.Get("JwtConfiguration").Is(tree.Map):
		return resourceError(api, "Property 'JwtConfiguration' should be a map.")
	case x.jwt() && !x.config.Get("IdentitySource").Truthy():
		return resourceError(api, "%s OAuth2 Authorizer must define 'IdentitySource'.", x.name.Text)
	case x.jwt():
		return nil
	}
	for _, name := range []string{"FunctionArn", "AuthorizerPayloadFormatVersion"} {
		if !x.config.Get(name).Truthy() {
			return resourceError(api, "%s Lambda Authorizer must define '%s'.", x.name.Text, name)
		}
	}
	identity := get("Identity")
	if identity.Truthy() && !identity.Is(tree.Map) {
		return resourceError(api, "Property 'Auth.Authorizers.%s.Identity' should be a map.", x.name.Text)
	}
	if err := checkIdentity(api, "Authorizers."+x.name.Text, identity); err != nil {
		return err
	}
	if v := get("EnableFunctionDefaultPermissions"); v != nil && !v.Is(tree.Bool) {
		return resourceError(api, "Property 'Authorizers.%s.EnableFunctionDefaultPermissions' should be a boolean.", x.name.Text)
	}
	return nil
}

// scheme is the authorizer in securitySchemes.
func (x *httpAuthorizer) scheme(partition string) *tree.Node {
	const key = "x-amazon-apigateway-authorizer"
	switch {
	case x.config == nil:
		return dict("type", "apiKey", "name", "Authorization", "in", "header", "x-amazon-apigateway-authtype", "awsSigv4")
	case x.jwt():
		config := dict()
		for _, p := range x.config.Get("JwtConfiguration").Pairs {
			config.Set(strings.ToLower(p.Key), p.Value.Clone())
		}
		return dict("type", "oauth2", key, dict("jwtConfiguration", config, "identitySource", x.config.Get("IdentitySource").Clone(), "type", "jwt"))
	}
	n := dict("type", "request", "authorizerUri", dict("Fn::Sub", tree.NewList(
		tree.NewString("arn:"+partition+":apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${__FunctionArn__}/invocations"),
		dict("__FunctionArn__", x.config.Get("FunctionArn").Clone()))))
	if r := x.config.Get("FunctionInvokeRole"); r.Truthy() && !r.IsString("NONE") {
		n.Set("authorizerCredentials", r.Clone())
	}
	if identity := x.config.Get("Identity"); identity.Truthy() {
		if v := present(identity.Get("ReauthorizeEvery")); v != nil {
			n.Set("authorizerResultTtlInSeconds", v.Clone())
		}
		sources := tree.NewList()
		for _, s := range [][2]string{{"Headers", "$request.header."}, {"QueryStrings", "$request.querystring."}, {"StageVariables", "$stageVariables."}, {"Context", "$context."}} {
			for _, v := range itemsOf(identity.Get(s[0])) {
				sources.Append(tree.NewString(s[1] + v.Text))
			}
		}
		n.Set("identitySource", sources)
	}
	n.Set("authorizerPayloadFormatVersion", x.config.Get("AuthorizerPayloadFormatVersion").Clone())
	if v := x.config.Get("EnableSimpleResponses"); v.Truthy() {
		n.Set("enableSimpleResponses", v.Clone())
	}
	return dict("type", "apiKey", "name", "Unused", "in", "header", key, n)
}

// permissions let the API call its authorizers' functions, where they ask for that.
func (a *httpAPI) permissions() error {
	all, err := a.authorizers()
	if err != nil {
		return err
	}
	for _, x := range all {
		if f := x.config.Get("FunctionArn"); f.Truthy() && x.config.Get("EnableFunctionDefaultPermissions").Truthy() {
			a.add(a.make(a.id+x.name.Text+"AuthorizerPermission", "AWS::Lambda::Permission", tree.NewMap(
				"Action", "lambda:InvokeFunction", "FunctionName", f.Clone(), "Principal", "apigateway.amazonaws.com",
				"SourceArn", dict("Fn::Sub", tree.NewList(tree.NewString("arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/authorizers/*"),
					dict("__ApiId__", ref(a.id)))))))
		}
	}
	return nil
}
