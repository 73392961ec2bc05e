package sam

import (
	"fmt"
	"slices"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// globalProperties lists what the Globals section may set, per type, in the order that the
// transform's error text shows.
func globalProperties(section string) []string {
	switch section {
	case "Function":
		return strings.Fields(`Handler Runtime CodeUri DeadLetterQueue Description MemorySize Timeout VpcConfig Environment Tags
			PropagateTags Tracing KmsKeyArn AutoPublishAlias AutoPublishAliasAllProperties Layers DeploymentPreference RolePath
			PermissionsBoundary ReservedConcurrentExecutions ProvisionedConcurrencyConfig AssumeRolePolicyDocument EventInvokeConfig
			FileSystemConfigs CodeSigningConfigArn Architectures SnapStart EphemeralStorage FunctionUrlConfig RuntimeManagementConfig
			LoggingConfig RecursiveLoop SourceKMSKeyArn TenancyConfig DurableConfig CapacityProviderConfig FunctionScalingConfig
			PublishToLatestPublished VersionDeletionPolicy`)
	case "Api":
		return strings.Fields(`Auth Name DefinitionUri CacheClusterEnabled CacheClusterSize MergeDefinitions Variables EndpointConfiguration
			MethodSettings BinaryMediaTypes MinimumCompressionSize Cors GatewayResponses AccessLogSetting CanarySetting TracingEnabled
			OpenApiVersion Domain AlwaysDeploy PropagateTags SecurityPolicy EndpointAccessMode`)
	case "HttpApi":
		return strings.Fields(`Auth AccessLogSettings StageVariables Tags CorsConfiguration DefaultRouteSettings Domain RouteSettings
			FailOnWarnings PropagateTags`)
	case "WebSocketApi":
		return strings.Fields(`AccessLogSettings ApiKeySelectionExpression DefaultRouteSettings DisableExecuteApiEndpoint
			DisableSchemaValidation Domain IpAddressType PropagateTags RouteSettings RouteSelectionExpression StageVariables Tags`)
	case "SimpleTable":
		return []string{"SSESpecification"}
	case "StateMachine":
		return []string{"PropagateTags"}
	case "LayerVersion":
		return []string{"PublishLambdaVersion"}
	case "CapacityProvider":
		return strings.Fields(`VpcConfig OperatorRole Tags InstanceRequirements ScalingConfig KmsKeyArn PropagateTags`)
	}
	return nil
}

var globalSections = []string{"Api", "CapacityProvider", "Function", "HttpApi", "LayerVersion", "SimpleTable", "StateMachine", "WebSocketApi"}

func globalsError(format string, args ...any) error {
	p := &problem{text: "'Globals' section is invalid. " + fmt.Sprintf(format, args...)}
	return p
}

// checkGlobals tests the section's shape.
func checkGlobals(g *tree.Node) error {
	if !g.Is(tree.Map) {
		return globalsError("It must be a non-empty dictionary")
	}
	for _, s := range g.Pairs {
		if !slices.Contains(globalSections, s.Key) {
			return globalsError("'%s' is not supported. Must be one of the following values - %s", s.Key, pythonList(globalSections))
		}
		if !s.Value.Is(tree.Map) {
			return globalsError("Value of ${%s} must be a dictionary", s.Key)
		}
		known := globalProperties(s.Key)
		for _, p := range s.Value.Pairs {
			if !slices.Contains(known, p.Key) {
				return globalsError("'%s' is not a supported property of '%s'. Must be one of the following values - %s", p.Key, s.Key, pythonList(known))
			}
		}
	}
	return nil
}

// mergeGlobals gives every resource the properties of its type's section, but for those that it
// names in IgnoreGlobals ("*" or a list).
func mergeGlobals(root *tree.Node) error {
	g := root.Get("Globals")
	if g != nil {
		if err := checkGlobals(g); err != nil {
			return err
		}
	}
	for _, r := range pairsOf(root.Get("Resources")) {
		section := strings.TrimPrefix(r.Value.Get("Type").Str(), "AWS::Serverless::")
		ignore := r.Value.Get("IgnoreGlobals")
		own := r.Value.Get("Properties")
		global := g.Get(section)
		if !slices.Contains(globalSections, section) {
			continue
		}
		r.Value.Delete("IgnoreGlobals")
		global, err := withoutIgnored(r.Key, section, global.Clone(), ignore)
		if err != nil {
			return err
		}
		if global.Len() == 0 || own != nil && own.Kind != tree.Null && own.Kind != tree.Map {
			continue
		}
		if present(own) == nil {
			own = tree.NewMap().At(r.Value)
		}
		r.Value.Set("Properties", merge(global, own))
	}
	root.Delete("Globals")
	return nil
}

// openAPIs turns the documents that the transform manages into OpenAPI 3 where OpenApiVersion asks for it.
func (t *translator) openAPIs() {
	for _, p := range t.root.Get("Resources").Pairs {
		props := p.Value.Get("Properties")
		version, body := props.Get("OpenApiVersion"), props.Get("DefinitionBody")
		if !t.managed[p.Key] || version == nil || !openAPI3.MatchString(textOf(version)) || !body.Is(tree.Map) {
			continue
		}
		number := tree.NewString(textOf(version))
		if version.Is(tree.String) {
			number.At(version)
		}
		put(body, "openapi", nil, number)
		t.orders.remove(body, "swagger")
	}
}

func withoutIgnored(id, section string, global, ignore *tree.Node) (*tree.Node, error) {
	switch {
	case ignore == nil:
	case ignore.IsString("*"):
		return nil, nil
	case ignore.Is(tree.List):
		for _, name := range ignore.Items {
			if !slices.Contains(globalProperties(section), name.Str()) {
				return nil, resourceError(id, "Resource %s has invalid resource attribute 'IgnoreGlobals' on item '%s'.", id, textOf(name))
			}
			global.Delete(name.Str())
		}
	default:
		return nil, resourceError(id, "Resource %s has invalid resource attribute 'IgnoreGlobals'.", id)
	}
	return global, nil
}

// merge puts a resource's own value over the global one: maps member by member, lists one after
// the other, anything else (intrinsic calls too) as the resource has it.
func merge(global, own *tree.Node) *tree.Node {
	switch {
	case global.Is(tree.List) && own.Is(tree.List):
		l := global.Clone()
		l.Append(own.Items...)
		return l
	case global.Is(tree.Map) && own.Is(tree.Map) && !isIntrinsic(global) && !isIntrinsic(own):
		m := global.Clone().At(own)
		for _, p := range own.Pairs {
			if g := m.Get(p.Key); g != nil {
				m.Set(p.Key, merge(g, p.Value))
			} else {
				m.Pairs = append(m.Pairs, p)
			}
		}
		return m
	}
	return own
}
