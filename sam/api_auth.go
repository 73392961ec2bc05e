package sam

import (
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// corsSettings are an API's Cors property.
type corsSettings struct {
	origin, headers, methods, maxAge *tree.Node
	credentials                      bool
}

func (a *restAPI) cors() error {
	given := a.get("Cors")
	if !given.Truthy() {
		return nil
	}
	if !a.body.Truthy() {
		return resourceError(a.id, "Cors works only with inline Swagger specified in 'DefinitionBody' property.")
	}
	c := corsSettings{origin: tree.NewString("'*'")}
	switch {
	case given.Is(tree.String) || isIntrinsic(given):
		c.origin = given
	case given.Is(tree.Map):
		for _, p := range given.Pairs {
			switch p.Key {
			case "AllowOrigin":
				c.origin = p.Value
			case "AllowHeaders":
				c.headers = p.Value
			case "AllowMethods":
				c.methods = p.Value
			case "MaxAge":
				c.maxAge = p.Value
			case "AllowCredentials":
				c.credentials = p.Value.Bool()
			default:
				return resourceError(a.id, "Invalid value for 'Cors' property")
			}
		}
	default:
		return resourceError(a.id, "Invalid value for 'Cors' property")
	}
	return a.edit("Cors", "Cors configuration", func(s *swagger) error {
		if c.credentials && c.origin.IsString("'*'") {
			return resourceError(a.id, `Unable to add Cors configuration because 'AllowCredentials' can not be true when 'AllowOrigin' is "'*'" or not set`)
		}
		for _, p := range s.paths() {
			if err := s.cors(p.Key, c); err != nil {
				return err
			}
		}
		return nil
	})
}

// authorizer is one of an API's Auth.Authorizers, or AWS_IAM.
type authorizer struct {
	name   *tree.Node
	config *tree.Node // nil for AWS_IAM
	scopes *tree.Node
}

var authProperties = strings.Fields(`Authorizers DefaultAuthorizer InvokeRole AddDefaultAuthorizerToCorsPreflight
	AddApiKeyRequiredToCorsPreflight ApiKeyRequired ResourcePolicy UsagePlan`)

func (a *restAPI) auth() error {
	auth := a.get("Auth")
	if !auth.Truthy() {
		return nil
	}
	if !auth.Is(tree.Map) {
		return resourceError(a.id, "Property 'Auth' should be a map.")
	}
	if !a.body.Truthy() {
		return resourceError(a.id, "Auth works only with inline Swagger specified in 'DefinitionBody' property.")
	}
	for _, p := range auth.Pairs {
		if !slices.Contains(authProperties, p.Key) {
			return resourceError(a.id, "Invalid value for 'Auth' property")
		}
	}
	err := a.edit("Auth", "Auth configuration", func(s *swagger) error {
		all, err := a.authorizers(auth.Get("DefaultAuthorizer").IsString("AWS_IAM"))
		if err != nil {
			return err
		}
		if err := a.defineAuthorizers(s, auth, all); err != nil {
			return err
		}
		if auth.Get("ApiKeyRequired").Truthy() {
			s.defineAPIKey()
			preflight := auth.Get("AddApiKeyRequiredToCorsPreflight")
			for _, p := range s.paths() {
				if err := s.defaultAPIKey(p.Key, preflight == nil || preflight.Truthy()); err != nil {
					return err
				}
			}
		}
		policy := auth.Get("ResourcePolicy")
		if !policy.Truthy() {
			return nil
		}
		if !policy.Is(tree.Map) {
			return structureError("ResourcePolicy must be a map (ResourcePolicyStatement).")
		}
		for _, p := range s.paths() {
			if err := s.resourcePolicy(policy, keyNode(p), a.get("StageName")); err != nil {
				return err
			}
		}
		s.customStatements(policy.Get("CustomStatements"))
		return nil
	})
	if err != nil {
		return err
	}
	return a.postprocess()
}

func (a *restAPI) defineAuthorizers(s *swagger, auth *tree.Node, all []*authorizer) error {
	if len(all) == 0 {
		return nil
	}
	for _, x := range all {
		put(s.security, x.name.Text, x.name, x.definition(a.t))
	}
	name := auth.Get("DefaultAuthorizer")
	switch {
	case !name.Truthy():
		return nil
	case !name.Is(tree.String):
		return resourceError(a.id, "DefaultAuthorizer is not a string.")
	case !slices.ContainsFunc(all, func(x *authorizer) bool { return x.name.Text == name.Text }):
		return resourceError(a.id, "Unable to set DefaultAuthorizer because '%s' was not defined in 'Authorizers'.", name.Text)
	}
	preflight := auth.Get("AddDefaultAuthorizerToCorsPreflight")
	for _, p := range s.paths() {
		if err := s.defaultAuthorizer(p.Key, name, all, preflight == nil || preflight.Truthy()); err != nil {
			return err
		}
	}
	return nil
}

// authorizers reads Auth.Authorizers, after AWS_IAM if that is the default.
func (a *restAPI) authorizers(iam bool) (out []*authorizer, err error) {
	auth := a.get("Auth")
	if iam {
		out = append(out, &authorizer{name: auth.Get("DefaultAuthorizer")})
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
	}
	var made []*authorizer
	for _, p := range pythonOrder(given.Pairs) {
		x := &authorizer{name: keyNode(p), config: p.Value, scopes: present(p.Value.Get("AuthorizationScopes"))}
		if err := x.check(a.id); err != nil {
			return nil, err
		}
		made = append(made, x)
	}
	return append(out, made...), nil
}

func (x *authorizer) payload() string { return x.config.Get("FunctionPayloadType").Str() }

func (x *authorizer) check(api string) error {
	if typ := x.config.Get("FunctionPayloadType"); present(typ) != nil && !typ.IsString("TOKEN") && !typ.IsString("REQUEST") {
		return resourceError(api, "%s Authorizer has invalid 'FunctionPayloadType': %s.", x.name.Text, textOf(typ))
	}
	identity := x.config.Get("Identity")
	if identity.Truthy() && !identity.Is(tree.Map) {
		return resourceError(api, "Auth.Authorizers.<Authorizer>.Identity must be a dict (LambdaTokenAuthorizationIdentity, LambdaRequestAuthorizationIdentity or CognitoAuthorizationIdentity).")
	}
	if err := checkIdentity(api, "Auth.Authorizers."+x.name.Text, identity); err != nil {
		return err
	}
	if v := present(x.config.Get("DisableFunctionDefaultPermissions")); v != nil && !v.Is(tree.Bool) {
		return resourceError(api, "Property 'Authorizers.%s.DisableFunctionDefaultPermissions' should be a boolean.", x.name.Text)
	}
	if x.payload() == "REQUEST" && !x.identified(identity) {
		return resourceError(api, "%s Authorizer must specify Identity with at least one of Headers, QueryStrings, StageVariables, or Context.", x.name.Text)
	}
	if x.scopes != nil && !x.scopes.Is(tree.List) {
		return resourceError(api, "Property 'Authorizers.%s.AuthorizationScopes' should be a list.", x.name.Text)
	}
	return nil
}

// identitySources are the parts of a request that an authorizer may take the identity from.
var identitySources = []string{"Headers", "QueryStrings", "StageVariables", "Context"}

// checkIdentity refuses what could not be written in an identity source.
func checkIdentity(api, at string, identity *tree.Node) error {
	for _, n := range identitySources {
		list := present(identity.Get(n))
		if list != nil && !list.Is(tree.List) {
			return resourceError(api, "Property '%s.Identity.%s' should be a list.", at, n)
		}
		for i, v := range itemsOf(list) {
			if !v.Is(tree.String) {
				return resourceError(api, "Property '%s.Identity.%s[%d]' should be a string.", at, n, i)
			}
		}
	}
	return nil
}

// identified tells whether a REQUEST authorizer has what its answers are kept for, or keeps none.
func (x *authorizer) identified(identity *tree.Node) bool {
	for _, n := range identitySources {
		if identity.Get(n).Truthy() {
			return true
		}
	}
	ttl, err := strconv.Atoi(textOf(identity.Get("ReauthorizeEvery")))
	return err == nil && ttl <= 0
}

// definition is the authorizer in securityDefinitions.
func (x *authorizer) definition(t *translator) *tree.Node {
	identity := x.config.Get("Identity")
	header := tree.NewString("Authorization")
	if h := identity.Get("Header"); h.Truthy() {
		header = h.Clone()
	}
	n := dict("type", "apiKey", "name", header, "in", "header")
	kind := func(s string) { put(n, "x-amazon-apigateway-authtype", nil, tree.NewString(s)) }
	pools := x.config.Get("UserPoolArn")
	switch {
	case x.config == nil:
		kind("awsSigv4")
		return n
	case pools.Truthy():
		kind("cognito_user_pools")
		put(n, "x-amazon-apigateway-authorizer", nil, dict("type", "cognito_user_pools", "providerARNs", listOf(pools)))
	default:
		if x.payload() == "REQUEST" {
			put(n, "name", nil, tree.NewString("Unused"))
		}
		kind("custom")
		put(n, "x-amazon-apigateway-authorizer", nil, x.lambda(t, identity))
	}
	if v := identity.Get("ValidationExpression"); v.Truthy() && (pools.Truthy() || x.payload() == "TOKEN") {
		put(n.Get("x-amazon-apigateway-authorizer"), "identityValidationExpression", nil, v.Clone())
	}
	return n
}

func (x *authorizer) lambda(t *translator, identity *tree.Node) *tree.Node {
	typ := tree.NewString("token")
	if x.payload() == "REQUEST" {
		typ = tree.NewString("request")
	}
	function := tree.NewNull()
	if f := x.config.Get("FunctionArn"); f != nil {
		function = f.Clone()
	}
	n := dict("type", typ, "authorizerUri", dict("Fn::Sub", tree.NewList(
		tree.NewString("arn:"+t.options.Partition+":apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${__FunctionArn__}/invocations"),
		dict("__FunctionArn__", function))))
	if v := present(identity.Get("ReauthorizeEvery")); v != nil {
		put(n, "authorizerResultTtlInSeconds", nil, v.Clone())
	}
	if v := x.config.Get("FunctionInvokeRole"); v.Truthy() && !v.IsString("NONE") {
		put(n, "authorizerCredentials", nil, v.Clone())
	}
	if x.payload() != "REQUEST" {
		return n
	}
	var sources []string
	var from *tree.Node
	for _, s := range [][2]string{{"Headers", "method.request.header."}, {"QueryStrings", "method.request.querystring."}, {"StageVariables", "stageVariables."}, {"Context", "context."}} {
		for _, v := range itemsOf(identity.Get(s[0])) {
			sources = append(sources, s[1]+v.Text)
			from = v
		}
	}
	if len(sources) > 0 {
		put(n, "identitySource", nil, readString(strings.Join(sources, ", "), from))
	}
	return n
}

// permissions let the authorizers' functions be called.
func (a *restAPI) permissions() error {
	all, err := a.authorizers(false)
	if err != nil {
		return err
	}
	for _, x := range all {
		f := x.config.Get("FunctionArn")
		if !f.Truthy() || x.config.Get("DisableFunctionDefaultPermissions").Truthy() {
			continue
		}
		arn := "arn:" + a.t.options.Partition + ":execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/authorizers/*"
		a.add(a.make(a.id+x.name.Text+"AuthorizerPermission", "AWS::Lambda::Permission", dict(
			"Action", "lambda:InvokeFunction", "FunctionName", f.Clone(), "Principal", "apigateway.amazonaws.com",
			"SourceArn", dict("Fn::Sub", tree.NewList(tree.NewString(arn), dict("__ApiId__", ref(a.id)))))))
	}
	return nil
}

// sharedUsagePlan is what the APIs with CreateUsagePlan SHARED have in common.
type sharedUsagePlan struct {
	usagePlan
	conditions        map[string]bool
	deletion, replace string
}

// usagePlan makes the plan, its key and what ties them.
func (a *restAPI) usagePlan() error {
	plan := a.get("Auth").Get("UsagePlan")
	if present(plan) == nil {
		return nil
	}
	if !plan.Is(tree.Map) {
		return resourceError(a.id, "'UsagePlan' must be a dictionary")
	}
	for _, p := range plan.Pairs {
		if !slices.Contains(strings.Fields("CreateUsagePlan Description Quota Tags Throttle UsagePlanName"), p.Key) {
			return resourceError(a.id, "Invalid property for 'UsagePlan'")
		}
	}
	create := plan.Get("CreateUsagePlan")
	switch create.Str() {
	case "":
		return resourceError(a.id, "'CreateUsagePlan' is a required field for UsagePlan.")
	case "NONE":
		return nil
	case "PER_API", "SHARED":
	default:
		return resourceError(a.id, "'CreateUsagePlan' accepts one of ['SHARED', 'PER_API', 'NONE'].")
	}
	prefix, made := a.id, &usagePlan{}
	if create.Text == "SHARED" {
		prefix, made = "Serverless", &a.t.shared.usagePlan
	}
	made.add(a, prefix)
	for _, name := range []string{"UsagePlanName", "Description", "Quota", "Tags", "Throttle"} {
		if v := plan.Get(name); v.Truthy() {
			made.plan.props.Set(name, v.Clone())
		}
	}
	attributes := a.passthrough()
	if create.Text == "SHARED" {
		attributes = a.t.shared.attributes(a)
	}
	for i, r := range []*resource{made.plan, made.key, made.link} {
		r.attributes = attributes.Clone()
		a.add(r)
		a.t.rewriter.part(a.id, []string{"UsagePlan", "ApiKey", "UsagePlanKey"}[i], r.id)
	}
	return nil
}

// usagePlan is a plan, its key and what ties them.
type usagePlan struct{ plan, key, link *resource }

// add adds an API, to a new plan if need be.
func (u *usagePlan) add(a *restAPI, prefix string) {
	if u.plan == nil {
		u.plan = &resource{id: prefix + "UsagePlan", typ: "AWS::ApiGateway::UsagePlan", props: dict("ApiStages", tree.NewList()), dependsOn: tree.NewList()}
		u.key = &resource{id: prefix + "ApiKey", typ: "AWS::ApiGateway::ApiKey", props: dict("Enabled", true, "StageKeys", tree.NewList()), dependsOn: tree.NewStrings(u.plan.id)}
		u.link = &resource{id: prefix + "UsagePlanKey", typ: "AWS::ApiGateway::UsagePlanKey", dependsOn: tree.NewStrings(u.key.id),
			props: dict("KeyId", ref(u.key.id), "KeyType", "API_KEY", "UsagePlanId", ref(u.plan.id))}
	}
	u.plan.dependsOn.Append(tree.NewString(a.id))
	u.plan.props.Get("ApiStages").Append(dict("ApiId", ref(a.id), "Stage", ref(a.stage.id)))
	u.key.props.Get("StageKeys").Append(dict("RestApiId", ref(a.id), "StageName", ref(a.stage.id)))
}

// attributes are those of the shared resources: the strictest policies, and a condition if all APIs have one.
func (s *sharedUsagePlan) attributes(a *restAPI) *tree.Node {
	const name = "SharedUsagePlanCondition"
	own := a.passthrough()
	if v := own.Get("DeletionPolicy").Str(); v != "" && (s.deletion == "" || v == "Retain") {
		s.deletion = v
	}
	if v := own.Get("UpdateReplacePolicy").Str(); v != "" && (s.replace == "" || v == "Retain" || v == "Snapshot" && s.replace == "Delete") {
		s.replace = v
	}
	if s.conditions == nil {
		s.conditions = map[string]bool{}
	}
	s.conditions[own.Get("Condition").Str()] = true
	out := dict()
	if s.deletion != "" {
		out.Set("DeletionPolicy", tree.NewString(s.deletion))
	}
	if s.replace != "" {
		out.Set("UpdateReplacePolicy", tree.NewString(s.replace))
	}
	if s.conditions[""] {
		a.t.root.Get("Conditions").Delete(name)
		return out
	}
	var names []string
	for c := range s.conditions {
		names = append(names, c)
	}
	slices.Sort(names)
	if len(names) == 1 {
		a.t.addCondition(name, tree.NewString(names[0]))
	} else {
		a.t.addAnyOf(name, names)
	}
	out.Set("Condition", tree.NewString(name))
	return out
}
