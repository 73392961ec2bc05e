package sam

import (
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// restAPI expands one AWS::Serverless::Api: the REST API, its deployment, its stage and what belongs to them.
type restAPI struct {
	base
	body    *tree.Node // the document, or nil
	version *tree.Node // OpenApiVersion, given or found in the document
	api     *resource
	stage   *resource
	out     []*resource
}

func restAPIProperties() map[string]kinds {
	known := map[string]kinds{"Tags": aMap, "DefinitionBody": aMap, "DefinitionUri": textOrMap, "CacheClusterEnabled": aBool, "CacheClusterSize": aString,
		"Variables": aMap, "EndpointConfiguration": textOrMap, "MethodSettings": {of: []tree.Kind{tree.List}}, "BinaryMediaTypes": {of: []tree.Kind{tree.List}},
		"MinimumCompressionSize": {of: []tree.Kind{tree.Number}}, "Cors": textOrMap, "Auth": anyValue, "GatewayResponses": aMap, "AccessLogSetting": aMap,
		"CanarySetting": aMap, "TracingEnabled": aBool, "OpenApiVersion": {of: []tree.Kind{tree.String, tree.Number}}, "Models": aMap, "Domain": aMap,
		"FailOnWarnings": aBool, "Description": aString, "Mode": aString, "DisableExecuteApiEndpoint": aBool, "ApiKeySourceType": aString,
		"Name": textOrMap, "StageName": textOrMap}
	for _, name := range strings.Fields("MergeDefinitions AlwaysDeploy PropagateTags SecurityPolicy EndpointAccessMode Policy") {
		known[name] = anyValue
	}
	return known
}

func (a *restAPI) expand() ([]*resource, error) {
	if err := checkProperties(a.id, a.typ, a.props, restAPIProperties(), "StageName"); err != nil {
		return nil, err
	}
	for _, name := range []string{"BinaryMediaTypes", "Domain", "Auth"} {
		if v := a.get(name); v != nil {
			a.props.Set(name, a.t.values.resolve(v))
		}
	}
	a.body, a.version = a.get("DefinitionBody"), a.get("OpenApiVersion")
	for _, step := range []func() error{a.consistent, a.restAPI, a.domain, a.deploy, a.permissions, a.usagePlan} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	propagateTags(a.out, a.get("Tags"), a.get("PropagateTags"))
	return a.out, nil
}

func (a *restAPI) add(r *resource) *resource {
	a.out = append(a.out, r)
	return r
}

func (a *restAPI) consistent() error {
	switch uri := a.get("DefinitionUri"); {
	case uri.Truthy() && a.body.Truthy():
		return resourceError(a.id, "Specify either 'DefinitionUri' or 'DefinitionBody' property and not both.")
	case uri.Truthy() && a.get("MergeDefinitions").Truthy():
		return resourceError(a.id, "Cannot set 'MergeDefinitions' to True when using `DefinitionUri`.")
	case a.get("MergeDefinitions").Truthy():
		return resourceError(a.id, "MergeDefinitions is not supported yet.")
	case a.get("AlwaysDeploy").Truthy():
		return resourceError(a.id, "AlwaysDeploy is not supported yet.")
	case a.version.Truthy() && !openAPIVersion.MatchString(textOf(a.version)):
		return resourceError(a.id, "The OpenApiVersion value must be of the format '3.0.0'.")
	}
	return nil
}

// restAPI makes the AWS::ApiGateway::RestApi.
func (a *restAPI) restAPI() error {
	p := dict()
	a.api = a.add(&resource{id: a.id, typ: "AWS::ApiGateway::RestApi", props: p, attributes: a.attributes(), dependsOn: a.node.Get("DependsOn").Clone()})
	copyAll(p, a.props, "BinaryMediaTypes", "MinimumCompressionSize")
	a.endpoint(p)
	for _, step := range []func() error{a.cors, a.auth, a.gatewayResponses, a.binaryMediaTypes, a.models, a.endpointExtension} {
		if err := step(); err != nil {
			return err
		}
	}
	if a.get("FailOnWarnings").Truthy() {
		copyAll(p, a.props, "FailOnWarnings")
	}
	if uri := a.get("DefinitionUri"); uri.Truthy() {
		at, err := s3Location(a.id, "DefinitionUri", uri, "Bucket", "Key", "Version")
		if err != nil {
			return err
		}
		for i, x := range at.Pairs {
			at.Pairs[i].Line = 0
			if uri.Is(tree.String) {
				x.Value.At(uri)
			}
		}
		p.Set("BodyS3Location", at)
	} else if a.body.Truthy() {
		if err := a.postprocess(); err != nil {
			return err
		}
		p.Set("Body", a.body)
	}
	for _, name := range strings.Fields("Name Description Mode ApiKeySourceType Policy SecurityPolicy EndpointAccessMode") {
		if a.get(name).Truthy() {
			copyAll(p, a.props, name)
		}
	}
	return nil
}

func (a *restAPI) endpoint(p *tree.Node) {
	v := a.get("EndpointConfiguration")
	if !v.Truthy() {
		if a.t.options.Partition == "aws" {
			return
		}
		v = tree.NewString("REGIONAL") // where there is no other kind
	}
	typ := v
	if v.Is(tree.Map) && v.Get("Type").Truthy() {
		typ = v.Get("Type")
	}
	p.Set("EndpointConfiguration", dict("Types", tree.NewList(typ.Clone())))
	p.Set("Parameters", dict("endpointConfigurationTypes", typ.Clone()))
	if typ != v {
		for _, x := range [][2]string{{"VPCEndpointIds", "VpcEndpointIds"}, {"IpAddressType", "IpAddressType"}} {
			if ids := v.Get(x[0]); ids != nil {
				p.Get("EndpointConfiguration").Set(x[1], ids.Clone())
			}
		}
	}
}

// edit changes the document for a property, which needs one.
func (a *restAPI) edit(property, what string, f func(s *swagger) error) error {
	if !a.body.Truthy() {
		return resourceError(a.id, "%s works only with inline Swagger specified in 'DefinitionBody' property.", property)
	}
	if !isSwagger(a.body) {
		return resourceError(a.id, "Unable to add %s because 'DefinitionBody' does not contain a valid Swagger definition.", what)
	}
	s, err := a.t.editSwagger(a.body)
	if err != nil {
		return err
	}
	if err := f(s); err != nil {
		return err
	}
	a.body = s.done()
	return nil
}

func (a *restAPI) binaryMediaTypes() error {
	types := a.get("BinaryMediaTypes")
	if !types.Truthy() || !a.body.Truthy() {
		return nil
	}
	s, err := a.t.editSwagger(a.body)
	if err != nil {
		return err
	}
	types = types.Clone()
	slashes(types)
	put(s.doc, "x-amazon-apigateway-binary-media-types", nil, types)
	a.body = s.done()
	return nil
}

// slashes writes "~1", which stands for a slash in a JSON pointer, as one.
func slashes(n *tree.Node) {
	if n.Is(tree.String) {
		n.Text = strings.ReplaceAll(n.Text, "~1", "/")
	}
	for _, i := range n.Items {
		slashes(i)
	}
	for i := range n.Pairs {
		n.Pairs[i].Key = strings.ReplaceAll(n.Pairs[i].Key, "~1", "/")
		slashes(n.Pairs[i].Value)
	}
}

func (a *restAPI) models() error {
	models := a.get("Models")
	if !models.Truthy() {
		return nil
	}
	err := a.edit("Models", "Models definitions", func(s *swagger) error {
		for _, m := range pythonOrder(models.Pairs) {
			if !m.Value.Is(tree.Map) {
				return resourceError(a.id, "Invalid value for 'Models' property")
			}
			if !m.Value.Get("type").Truthy() {
				return structureError("'Models' schema is missing 'type'.")
			}
			put(s.definitions, strings.ToLower(m.Key), keyNode(m), m.Value.Clone())
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.postprocess()
}

func (a *restAPI) endpointExtension() error {
	off := a.get("DisableExecuteApiEndpoint")
	if off == nil {
		return nil
	}
	if !a.body.Truthy() {
		return resourceError(a.id, "DisableExecuteApiEndpoint works only within 'DefinitionBody' property.")
	}
	if !isSwagger(a.body) {
		return structureError("Invalid Swagger document or the Swagger document is not explicitly defined in 'DefinitionBody'.")
	}
	s, err := a.t.editSwagger(a.body)
	if err != nil {
		return err
	}
	const key = "x-amazon-apigateway-endpoint-configuration"
	if have := present(s.doc.Get(key)); have != nil && !have.Is(tree.Map) {
		return structureError("Invalid OpenAPI definition: The value of '%s' should be a map.", key)
	}
	set := func(n *tree.Node) {
		if !n.Has(key) {
			put(n, key, nil, dict())
		}
		put(n.Get(key), "disableExecuteApiEndpoint", nil, off.Clone())
	}
	if openAPI3.MatchString(textOf(s.doc.Get("openapi"))) {
		servers := s.doc.Get("servers")
		if servers == nil {
			servers = tree.NewList(dict())
		}
		for _, x := range servers.Items {
			set(x)
		}
		put(s.doc, "servers", nil, servers)
	} else {
		set(s.doc)
	}
	a.body = s.done()
	return nil
}

// gatewayResponses sets what API Gateway itself answers.
func (a *restAPI) gatewayResponses() error {
	given := a.get("GatewayResponses")
	if !given.Truthy() {
		return nil
	}
	for _, r := range given.Pairs {
		if isIntrinsic(r.Value) {
			return resourceError(a.id, "Unable to set GatewayResponses attribute because intrinsic functions are not supported for this field.")
		}
		if !r.Value.Is(tree.Map) {
			return resourceError(a.id, "Invalid property type '%s' for GatewayResponses. Expected an object of type 'GatewayResponse'.", pythonType(r.Value))
		}
		for _, m := range r.Value.Pairs {
			if !slices.Contains([]string{"ResponseParameters", "ResponseTemplates", "StatusCode"}, m.Key) {
				return resourceError(a.id, "Invalid property '%s' in 'GatewayResponses' property '%s'.", m.Key, r.Key)
			}
		}
	}
	return a.edit("GatewayResponses", "Auth configuration", func(s *swagger) error {
		for _, r := range pythonOrder(given.Pairs) {
			params := dict()
			for _, m := range pairsOf(r.Value.Get("ResponseParameters")) {
				if !slices.Contains([]string{"Headers", "Paths", "QueryStrings"}, m.Key) {
					return resourceError(a.id, "Invalid gateway response parameter '%s'", m.Key)
				}
			}
			for _, x := range [][2]string{{"Headers", "header."}, {"Paths", "path."}, {"QueryStrings", "querystring."}} {
				for _, m := range pythonOrder(pairsOf(r.Value.Path("ResponseParameters", x[0]))) {
					put(params, "gatewayresponse."+x[1]+m.Key, keyNode(m), m.Value.Clone())
				}
			}
			templates := r.Value.Get("ResponseTemplates").Clone()
			if !templates.Truthy() {
				templates = dict()
			}
			response := dict("responseParameters", params, "responseTemplates", templates)
			if code := present(r.Value.Get("StatusCode")); code != nil {
				if _, err := strconv.Atoi(textOf(code)); err != nil {
					return resourceError(a.id, "Property 'StatusCode' must be numeric")
				}
				c := readString(textOf(code), code)
				if !code.Is(tree.String) {
					made(c)
				}
				put(response, "statusCode", nil, c)
			}
			put(s.responses, r.Key, keyNode(r), response)
		}
		return nil
	})
}

func pythonType(n *tree.Node) string {
	switch {
	case n.Is(tree.List):
		return "list"
	case n.Is(tree.Bool):
		return "bool"
	case n.Is(tree.Number):
		return "int"
	case n.Is(tree.String):
		return "Py27UniStr"
	}
	return "NoneType"
}

// postprocess writes the document as OpenAPI 3 has it, if it is one.
func (a *restAPI) postprocess() error {
	if a.body.Get("swagger").Truthy() || present(a.body.Get("swagger")) != nil {
		return nil
	}
	if v := present(a.body.Get("openapi")); v != nil && a.version == nil {
		a.version = v
	}
	if a.version == nil || !openAPI3.MatchString(textOf(a.version)) {
		return nil
	}
	for _, x := range [][2]string{{"securityDefinitions", "securitySchemes"}, {"definitions", "schemas"}} {
		v := a.body.Get(x[0])
		if !v.Truthy() {
			continue
		}
		components := a.body.Get("components")
		if !components.Truthy() {
			components = dict()
		}
		put(components, x[1], nil, v)
		put(a.body, "components", nil, components)
		a.t.orders.remove(a.body, x[0])
	}
	for _, p := range pairsOf(a.body.Get("paths")) {
		options := p.Value.Get("options")
		if !p.Value.Is(tree.Map) {
			return notAPath(p.Key)
		}
		a.t.orders.remove(options, "produces")
		a.t.orders.remove(options, "consumes")
		headers := options.Path("responses", "200", "headers")
		for i := range pairsOf(headers) {
			headers.Pairs[i].Value = dict("schema", headers.Pairs[i].Value)
		}
	}
	return nil
}

// deploy makes the deployment, whose logical id changes with what it deploys, and the stage.
func (a *restAPI) deploy() error {
	deployment := a.add(a.make(a.id+"Deployment", "AWS::ApiGateway::Deployment", dict("RestApiId", ref(a.id))))
	given := a.get("OpenApiVersion")
	if !given.Truthy() {
		deployment.props.Set("StageName", tree.NewString("Stage"))
	}
	name := a.get("StageName")
	id := a.id + "Stage"
	if name.Is(tree.String) {
		if id = a.id + name.Text + "Stage"; !logicalID.MatchString(name.Text) {
			id = a.id + "Stage" + hashText(name.Text, hashLength)
		}
	}
	p := dict("RestApiId", ref(a.id))
	a.stage = a.add(a.make(id, "AWS::ApiGateway::Stage", p))
	copyAll(p, a.props, "StageName", "CacheClusterEnabled", "CacheClusterSize", "Variables", "MethodSettings", "AccessLogSetting", "CanarySetting", "TracingEnabled")
	document := a.api.props.Get("Body")
	if document == nil {
		document = a.api.props.Get("BodyS3Location")
	}
	if document.Truthy() {
		text := a.t.orders.string(document)
		if given.Truthy() {
			text += "||" + textOf(given)
		}
		if d := a.hashedDomain(); d != "" {
			text += "||" + d
		}
		if names := a.t.deployed[a.id]; names != "" {
			text += "||" + names
		}
		digest := hashText(text, 40)
		deployment.id += digest[:hashLength]
		deployment.props.Set("Description", tree.NewString("RestApi deployment id: "+digest))
	}
	p.Set("DeploymentId", ref(deployment.id))
	if tags := a.get("Tags"); tags != nil {
		list := tree.NewList()
		for _, t := range tags.Pairs {
			list.Append(dict("Key", t.Key, "Value", tagValue(t.Value)))
		}
		p.Set("Tags", list)
	}
	a.t.rewriter.part(a.id, "Stage", a.stage.id)
	a.t.rewriter.part(a.id, "Deployment", deployment.id)
	return nil
}
