package sam

import (
	"regexp"
	"slices"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// webSocketAPI expands one AWS::Serverless::WebSocketApi: the API, its stage, and each route with its integration.
type webSocketAPI struct {
	httpAPI
	stageName string
	routes    []string // their logical ids
}

const invocations = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"

var webSocketRoute = regexp.MustCompile(`^([A-Za-z0-9]+|\$connect|\$disconnect|\$default)$`)

func (a *webSocketAPI) expand() ([]*resource, error) {
	known := map[string]kinds{"Domain": aMap, "Auth": aMap, "Routes": aMap, "StageName": aString}
	for _, name := range strings.Fields(`AccessLogSettings ApiKeySelectionExpression DefaultRouteSettings Description DisableExecuteApiEndpoint
		DisableSchemaValidation IpAddressType Name PropagateTags RouteSelectionExpression RouteSettings StageVariables Tags`) {
		known[name] = anyValue
	}
	if err := checkProperties(a.id, a.typ, a.props, known, "RouteSelectionExpression", "Routes"); err != nil {
		return nil, err
	}
	for _, name := range []string{"AccessLogSettings", "DefaultRouteSettings", "RouteSettings", "StageVariables", "Tags", "Routes"} {
		if v := a.get(name); v != nil && !v.Is(tree.Map) {
			return nil, resourceError(a.id, "Property '%s' should be a map.", name)
		}
	}
	if v := a.get("IpAddressType"); v.Is(tree.String) && !v.IsString("ipv4") && !v.IsString("dualstack") {
		return nil, resourceError(a.id, "IpAddressType must be 'ipv4' or 'dualstack'.")
	}
	if a.stageName = "default"; a.get("StageName") != nil {
		if a.stageName = a.get("StageName").Str(); !logicalID.MatchString(a.stageName) {
			return nil, resourceError(a.id, "Property 'StageName' should be an alphanumeric string.")
		}
	}
	p := tree.NewMap("Name", a.id, "ProtocolType", "WEBSOCKET")
	copyAll(p, a.props, "Name", "ApiKeySelectionExpression", "Description", "DisableExecuteApiEndpoint", "DisableSchemaValidation",
		"IpAddressType", "RouteSelectionExpression")
	own := tree.NewMap("websocketapi:createdBy", "SAM")
	all := tree.NewMap()
	for _, t := range append(slices.Clone(pairsOf(a.get("Tags"))), own.Pairs...) {
		all.Set(t.Key, t.Value.Clone())
	}
	p.Set("Tags", all)
	if a.tags = own; a.get("PropagateTags").Bool() {
		a.tags = all
	}
	a.add(&resource{id: a.id, typ: "AWS::ApiGatewayV2::Api", props: p, attributes: a.attributes(), dependsOn: a.node.Get("DependsOn").Clone()})
	a.t.rewriter.part(a.id, "Stage", a.stageID())
	for _, step := range []func() error{a.authorizer, a.addRoutes, a.domain} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	a.addStage()
	return a.out, nil
}

func (a *webSocketAPI) stageID() string {
	return a.id + strings.ToUpper(a.stageName[:1]) + a.stageName[1:] + "Stage"
}

func (a *webSocketAPI) addStage() {
	p := tree.NewMap("ApiId", ref(a.id), "AutoDeploy", true, "StageName", a.stageName, "Tags", a.tags.Clone())
	copyAll(p, a.props, "AccessLogSettings", "DefaultRouteSettings", "RouteSettings", "StageVariables")
	stage := a.add(a.make(a.stageID(), "AWS::ApiGatewayV2::Stage", p))
	if a.get("RouteSettings").Truthy() { // of routes that must exist
		stage.dependsOn = tree.NewStrings(a.routes...)
	}
}

// routeID is the logical id's part for a route: Connect for $connect.
func (a *webSocketAPI) routeID(key string) string {
	key = strings.TrimPrefix(key, "$")
	return a.id + strings.ToUpper(key[:1]) + key[1:]
}

func (a *webSocketAPI) addRoutes() error {
	for _, r := range a.get("Routes").Pairs {
		if !webSocketRoute.MatchString(r.Key) {
			return resourceError(a.id, "Route key '%s' must be alphanumeric. Only $connect, $disconnect, and $default special routes are supported.", r.Key)
		}
		if !r.Value.Is(tree.Map) {
			return resourceError(a.id, "Property 'Routes.%s' should be a map.", r.Key)
		}
		f, id := present(r.Value.Get("FunctionArn")), a.routeID(r.Key)
		if f == nil {
			return resourceError(a.id, "Route must have associated function.")
		}
		route := tree.NewMap("ApiId", ref(a.id), "RouteKey", r.Key, "Target",
			tree.NewMap("Fn::Join", tree.NewList(tree.NewString("/"), tree.NewList(tree.NewString("integrations"), ref(id+"Integration")))))
		integration := tree.NewMap("ApiId", ref(a.id), "IntegrationType", "AWS_PROXY", "IntegrationUri",
			tree.NewMap("Fn::Sub", tree.NewList(tree.NewString(invocations+"${FunctionArn}/invocations"), tree.NewMap("FunctionArn", f.Clone()))))
		for _, m := range r.Value.Pairs {
			switch m.Key {
			case "FunctionArn":
			case "IntegrationTimeout":
				integration.Set("TimeoutInMillis", m.Value.Clone())
			case "ApiKeyRequired", "ModelSelectionExpression", "OperationName", "RequestModels", "RequestParameters", "RouteResponseSelectionExpression":
				route.Set(m.Key, m.Value.Clone())
			default:
				return resourceError(a.id, "property %s not defined for route %s", m.Key, r.Key)
			}
		}
		if auth := a.get("Auth"); auth.Truthy() && r.Key == "$connect" {
			route.Set("AuthorizationType", auth.Get("AuthType").Clone())
			if auth.Get("AuthType").IsString("CUSTOM") {
				route.Set("AuthorizerId", ref(id+"Authorizer"))
			}
		}
		a.add(a.make(id+"Route", "AWS::ApiGatewayV2::Route", route))
		a.add(a.make(id+"Integration", "AWS::ApiGatewayV2::Integration", integration))
		a.allow(id+"Permission", f, sub("arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${"+a.id+".ApiId}/"+a.stageName+"/"+r.Key))
		a.routes = append(a.routes, id+"Route")
	}
	return nil
}

// allow lets the API call a function.
func (a *webSocketAPI) allow(id string, function, source *tree.Node) {
	a.add(a.make(id, "AWS::Lambda::Permission", tree.NewMap("Action", "lambda:InvokeFunction", "FunctionName", function.Clone(),
		"Principal", "apigateway.amazonaws.com", "SourceArn", source)))
}

// authorizer makes what decides over connections.
func (a *webSocketAPI) authorizer() error {
	auth := a.get("Auth")
	if !auth.Truthy() {
		return nil
	}
	if !a.get("Routes").Has("$connect") {
		return resourceError(a.id, "Authorization is only available if there is a $connect route.")
	}
	typ, function := auth.Get("AuthType"), present(auth.Get("AuthArn"))
	switch {
	case present(typ) == nil:
		return resourceError(a.id, "AuthType must be specified for additional auth configurations.")
	case typ.IsString("AWS_IAM") || typ.IsString("NONE"):
		if auth.Len() > 1 {
			return resourceError(a.id, "No additional configurations supported for AuthType %s.", typ.Text)
		}
		return nil
	case !typ.IsString("CUSTOM"):
		return resourceError(a.id, "AuthType is not one of AWS_IAM, CUSTOM or NONE.")
	case function == nil:
		return resourceError(a.id, "AuthArn must be specified if AuthType is CUSTOM.")
	}
	for _, m := range auth.Pairs {
		if !slices.Contains([]string{"AuthType", "AuthArn", "IdentitySource", "InvokeRole", "Name"}, m.Key) {
			return resourceError(a.id, "property %s not defined for Auth", m.Key)
		}
	}
	id := a.routeID("$connect") + "Authorizer"
	p := tree.NewMap("ApiId", ref(a.id), "AuthorizerType", "REQUEST", "Name", id, "AuthorizerUri",
		tree.NewMap("Fn::Sub", tree.NewList(tree.NewString(invocations+"${AuthArn}/invocations"), tree.NewMap("AuthArn", function.Clone()))))
	copyAll(p, auth, "Name", "IdentitySource")
	a.add(a.make(id, "AWS::ApiGatewayV2::Authorizer", p))
	if role := present(auth.Get("InvokeRole")); role != nil {
		p.Set("AuthorizerCredentialsArn", role.Clone())
		return nil
	}
	a.allow(a.id+"AuthorizerPermission", function, tree.NewMap("Fn::Sub", tree.NewList(
		tree.NewString("arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/authorizers/*"), tree.NewMap("__ApiId__", ref(a.id)))))
	return nil
}
