package sam

import (
	"regexp"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// apiEvent is an Api event's method of its API.
type apiEvent struct {
	*source
	path, method, auth *tree.Node
	id                 string     // of the API
	api                *tree.Node // its properties; nil when RestApiId refers to nothing here
	stage              *tree.Node // for resource policies
	suffix             string     // of the permission's logical id
}

const apiEventProperties = "Path Method RestApiId Stage Auth"

var trailingSlash = regexp.MustCompile(`^(.+)/$`)

// apiMethod reads an Api event.
func (e *source) apiMethod(more string) (*apiEvent, error) {
	if err := e.known(apiEventProperties+" "+more, "Path", "Method", "RestApiId"); err != nil {
		return nil, err
	}
	a := &apiEvent{source: e, path: e.get("Path"), auth: e.get("Auth"), suffix: "AllStages", stage: tree.NewString("*")}
	a.method = readString(strings.ToLower(e.get("Method").Str()), e.get("Method"))
	if a.auth != nil && !a.auth.Is(tree.Map) {
		return nil, e.fail("Property 'Auth' should be a map.")
	}
	id := apiID(e.get("RestApiId"))
	if !id.Is(tree.String) {
		return a, nil
	}
	a.id = id.Text
	r := e.b.t.source.Get(a.id)
	stage := present(r.Path("Properties", "StageName"))
	if stage == nil {
		return nil, e.fail("RestApiId property of Api event must reference a valid resource in the same template.")
	}
	a.api = r.Get("Properties")
	if a.stage, a.suffix = stage, "Stage"; stage.Is(tree.String) {
		if a.suffix = stage.Text; stage.Text == "" {
			return nil, resourceError(a.id, "StageName cannot be empty.")
		}
	}
	return a, nil
}

// edit has f integrate the method into the API's document, if the transform manages it.
func (a *apiEvent) edit(stage *tree.Node, f func(s *swagger, condition, apiAuth *tree.Node) error) error {
	body := a.api.Get("DefinitionBody")
	if present(body) == nil {
		return nil
	}
	if a.api.Get("MergeDefinitions").Truthy() {
		return a.fail("MergeDefinitions is not supported yet.")
	}
	s, err := a.b.t.editSwagger(body)
	if err != nil {
		return err
	}
	if s.hasIntegration(a.path, a.method) {
		return a.fail("API method \"%s\" defined multiple times for path \"%s\".", a.method.Text, a.path.Text)
	}
	apiAuth := a.api.Get("Auth")
	if present(apiAuth) != nil && !apiAuth.Is(tree.Map) {
		return resourceError(a.id, "Property 'Auth' should be a map.")
	}
	apiAuth = a.b.t.values.resolve(apiAuth)
	if err := f(s, present(a.b.node.Get("Condition")), apiAuth); err != nil {
		return err
	}
	if a.auth.Truthy() {
		if err := a.authorize(s, apiAuth, stage); err != nil {
			return err
		}
	}
	a.api.Set("DefinitionBody", s.done())
	return nil
}

// override applies an Auth with OverrideApiAuth to a document that the template wrote.
func (a *apiEvent) override(stage *tree.Node) error {
	body := a.api.Get("DefinitionBody")
	if !body.Truthy() || !a.auth.Get("OverrideApiAuth").Truthy() {
		return nil
	}
	if !a.auth.Get("Authorizer").Truthy() && present(a.auth.Get("ApiKeyRequired")) == nil && !a.auth.Get("ResourcePolicy").Truthy() {
		return a.fail("Must define one of: Authorizer, ApiKeyRequired or ResourcePolicy when using the OverrideApiAuth property.")
	}
	s, err := a.b.t.editSwagger(body)
	if err != nil {
		return err
	}
	if err := a.authorize(s, a.b.t.values.resolve(a.api.Get("Auth")), stage); err != nil {
		return err
	}
	a.api.Set("DefinitionBody", s.done())
	return nil
}

// authorize applies the event's Auth.
func (a *apiEvent) authorize(s *swagger, apiAuth, stage *tree.Node) error {
	name, authorizers := a.auth.Get("Authorizer"), apiAuth.Get("Authorizers")
	unable := func(format string, args ...any) error {
		args = append([]any{textOf(name), a.method.Text, a.path.Text}, args...)
		return a.fail("Unable to set Authorizer [%s] on API method [%s] for path [%s] because "+format, args...)
	}
	switch {
	case !name.Truthy() || name.IsString("AWS_IAM"):
	case !name.Is(tree.String):
		return a.fail("Unable to set Authorizer on API method [%s] for path [%s] because the Authorizer is not a string.", a.method.Text, a.path.Text)
	case name.Text == "NONE":
		if !apiAuth.Get("DefaultAuthorizer").Truthy() {
			return a.fail("Unable to set Authorizer on API method [%s] for path [%s] because 'NONE' is only a valid value when a DefaultAuthorizer on the API is specified.",
				a.method.Text, a.path.Text)
		}
	case !authorizers.Truthy():
		return unable("the related API does not define any Authorizers.")
	case !authorizers.Is(tree.Map):
		return resourceError(a.id, "Property 'Auth.Authorizers' should be a map.")
	case !authorizers.Get(name.Text).Truthy():
		return unable("it wasn't defined in the API's Authorizers.")
	}
	if scopes := a.auth.Get("AuthorizationScopes"); scopes.Truthy() {
		if !scopes.Is(tree.List) {
			return a.fail("Property 'Auth.AuthorizationScopes' should be a list.")
		}
		if !name.Truthy() && !apiAuth.Get("DefaultAuthorizer").Truthy() {
			return a.fail("AuthorizationScopes works only when Authorizer is set")
		}
	}
	if key := present(a.auth.Get("ApiKeyRequired")); key != nil && !key.Truthy() && !apiAuth.Get("ApiKeyRequired").Truthy() {
		return a.fail("Unable to set ApiKeyRequired [False] on API method [%s] for path [%s] because the related API does not specify any ApiKeyRequired.",
			a.method.Text, a.path.Text)
	}
	if err := s.methodAuth(a.path, a.method, a.auth, apiAuth); err != nil {
		return err
	}
	if p := a.auth.Get("ResourcePolicy"); p.Truthy() {
		if !p.Is(tree.Map) {
			return a.fail("Property 'Auth.ResourcePolicy' should be a map.")
		}
		if err := s.resourcePolicy(p, a.path, stage); err != nil {
			return err
		}
		s.customStatements(p.Get("CustomStatements"))
	}
	return nil
}

// api lets a function answer for a method.
func (e *event) api() error {
	a, err := e.apiMethod("RequestModel RequestParameters TimeoutInMillis ResponseTransferMode")
	if err != nil {
		return err
	}
	e.namesForDeployment(a.id)
	method := strings.ToUpper(a.method.Text)
	if method == "ANY" {
		method = "*"
	}
	resource := "arn:" + e.f.t.options.Partition + ":execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/${__Stage__}/" + method +
		starred(trailingSlash.ReplaceAllString(a.path.Text, "$1"))
	suffix := a.suffix
	if !logicalID.MatchString(suffix) {
		suffix = hashText(suffix, hashLength)
	}
	p := e.permission("apigateway.amazonaws.com", "SourceArn", dict("Fn::Sub", tree.NewList(tree.NewString(resource),
		dict("__ApiId__", e.get("RestApiId").Clone(), "__Stage__", "*"))))
	p.id += suffix
	stage := tree.NewString(a.suffix)
	if a.stage.Is(tree.String) {
		stage = a.stage
	}
	if !e.f.t.managed[a.id] {
		return a.override(stage)
	}
	return a.edit(stage, func(s *swagger, condition, apiAuth *tree.Node) error {
		auth := a.auth
		if auth == nil {
			auth = dict()
		}
		if err := s.addFunction(a.path, a.method, e.integrationURI(), condition, auth, apiAuth); err != nil {
			return err
		}
		for _, d := range s.methods(a.path.Text, a.method) {
			if v := e.get("TimeoutInMillis"); v != nil {
				put(d.Get(integrationKey), "timeoutInMillis", nil, v.Clone())
			}
			if e.get("ResponseTransferMode").IsString("RESPONSE_STREAM") {
				put(d.Get(integrationKey), "responseTransferMode", nil, tree.NewString("STREAM"))
			}
		}
		if err := a.requestModel(s); err != nil {
			return err
		}
		return a.requestParameters(s)
	})
}

// integrationURI is how API Gateway names the function. A function's own logical id was read; an alias's was not.
func (e *event) integrationURI() *tree.Node {
	name, from := "${"+e.f.id+".Arn}", e.f.node
	if e.f.alias != nil {
		name, from = "${"+e.f.alias.id+"}", nil
	}
	path := "2015-03-31/functions/" + name + "/invocations"
	if e.get("ResponseTransferMode").IsString("RESPONSE_STREAM") {
		path = "2021-11-15/functions/" + name + "/response-streaming-invocations"
	}
	text := readString("arn:"+e.f.t.options.Partition+":apigateway:${AWS::Region}:lambda:path/"+path, from)
	return dict("Fn::Sub", text)
}

// namesForDeployment notes the function's name: a change of it deploys the API anew.
func (e *event) namesForDeployment(api string) {
	if name := e.f.t.values.resolve(present(e.f.props.Get("FunctionName"))); name.Truthy() && api != "" {
		if name.Is(tree.String) {
			e.f.t.deployed[api] += name.Text
		} else {
			e.f.t.deployed[api] += e.f.t.orders.string(name)
		}
	}
}

// api lets a method start an execution.
func (e *machineEvent) api() error {
	a, err := e.apiMethod("UnescapeMappingTemplate")
	if err != nil {
		return err
	}
	role := e.startRole("apigateway.amazonaws.com")
	if !e.m.t.managed[a.id] {
		return nil
	}
	target := e.m.target().Get("Ref").Text
	template := `{"input": "$util.escapeJavaScript($input.json('$'))", "stateMachineArn": "${` + target + `}"}`
	if e.get("UnescapeMappingTemplate").Truthy() {
		template = `{"input": "$util.escapeJavaScript($input.json('$')).replaceAll("\\'","'")", "stateMachineArn": "${` + target + `}"}`
	}
	return a.edit(e.get("Stage"), func(s *swagger, condition, _ *tree.Node) error {
		return s.addStateMachine(a.path, a.method, condition, getAtt(role.id, "Arn"), dict("application/json", sub(template)))
	})
}
