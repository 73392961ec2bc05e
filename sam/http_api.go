package sam

import (
	"regexp"
	"slices"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// httpAPI expands one AWS::Serverless::HttpApi: the API, its stage and what belongs to them.
type httpAPI struct {
	base
	body *tree.Node
	api  *resource
	tags *tree.Node // with the transform's own; nil without a document to write them in
	out  []*resource
}

func (a *httpAPI) add(r *resource) *resource {
	a.out = append(a.out, r)
	return r
}

func (a *httpAPI) expand() ([]*resource, error) {
	known := map[string]kinds{"Name": anyValue, "StageName": textOrMap, "Tags": aMap, "DefinitionBody": aMap, "DefinitionUri": textOrMap,
		"StageVariables": aMap, "CorsConfiguration": {of: []tree.Kind{tree.Bool, tree.Map}}, "AccessLogSettings": aMap, "DefaultRouteSettings": aMap,
		"Auth": aMap, "RouteSettings": aMap, "Domain": aMap, "FailOnWarnings": aBool, "Description": aString, "DisableExecuteApiEndpoint": aBool,
		"PropagateTags": anyValue}
	if err := checkProperties(a.id, a.typ, a.props, known); err != nil {
		return nil, err
	}
	for _, name := range []string{"CorsConfiguration", "Domain"} {
		if v := a.get(name); v != nil {
			a.props.Set(name, a.t.values.resolve(v))
		}
	}
	a.body = a.get("DefinitionBody")
	for _, step := range []func() error{a.construct, a.domain, a.permissions} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	a.stage()
	if a.get("PropagateTags").Bool() {
		for _, r := range a.out {
			if r.typ == "AWS::ApiGatewayV2::Stage" || r.typ == "AWS::ApiGatewayV2::DomainName" {
				r.props.Set("Tags", a.tags.Clone())
			}
		}
	}
	return a.out, nil
}

// construct makes the AWS::ApiGatewayV2::Api.
func (a *httpAPI) construct() error {
	p := tree.NewMap()
	a.api = a.add(&resource{id: a.id, typ: "AWS::ApiGatewayV2::Api", props: p, attributes: a.attributes(), dependsOn: a.node.Get("DependsOn").Clone()})
	uri := a.get("DefinitionUri")
	if uri.Truthy() && a.body.Truthy() {
		return resourceError(a.id, "Specify either 'DefinitionUri' or 'DefinitionBody' property and not both.")
	}
	for _, step := range []func() error{a.cors, a.auth, a.writeTags, a.endpoint, a.title, a.description} {
		if err := step(); err != nil {
			return err
		}
	}
	if a.get("FailOnWarnings").Truthy() {
		copyAll(p, a.props, "FailOnWarnings")
		paths := a.body.Get("paths")
		for i := range pairsOf(paths) { // a path without a slash would be a warning
			if paths.Pairs[i].Key == defaultRoute {
				paths.Pairs[i].Key = "/" + defaultRoute
			}
		}
	}
	switch {
	case uri.Truthy():
		at, err := s3Location(a.id, "DefinitionUri", uri, "Bucket", "Key", "Version")
		if err != nil {
			return err
		}
		p.Set("BodyS3Location", at)
	case a.body.Truthy():
		p.Set("Body", a.body)
	default:
		return resourceError(a.id, "'DefinitionUri' or 'DefinitionBody' are required properties of an 'AWS::Serverless::HttpApi'. "+
			"Add a value for one of these properties or add a 'HttpApi' event to an 'AWS::Serverless::Function'.")
	}
	return nil
}

func (a *httpAPI) edit(f func(o *openAPI) error) error {
	o, err := a.t.editOpenAPI(a.body)
	if err != nil {
		return err
	}
	if err := f(o); err != nil {
		return err
	}
	a.body = o.finished()
	return nil
}

var corsHeaders = []string{"AllowOrigins", "AllowHeaders", "AllowMethods", "ExposeHeaders", "MaxAge", "AllowCredentials"}

func (a *httpAPI) cors() error {
	c := a.get("CorsConfiguration")
	if !c.Truthy() {
		return nil
	}
	if !a.body.Truthy() {
		return resourceError(a.id, "Cors works only with inline OpenApi specified in 'DefinitionBody' property.")
	}
	given := tree.NewMap()
	switch {
	case c.Is(tree.Bool):
		given.Set("AllowOrigins", tree.NewStrings("*"))
	case isIntrinsic(c):
	case c.Is(tree.Map):
		for _, p := range c.Pairs {
			if !slices.Contains(corsHeaders, p.Key) {
				return resourceError(a.id, "Invalid value for 'Cors' property.")
			}
		}
		given = c
	default:
		return resourceError(a.id, "Invalid value for 'Cors' property.")
	}
	if !isOpenAPI(a.body) {
		return resourceError(a.id, "Unable to add Cors configuration because 'DefinitionBody' does not contain a valid OpenApi definition.")
	}
	if origins := given.Get("AllowOrigins"); given.Get("AllowCredentials").Bool() && origins.Equal(tree.NewStrings("*")) {
		return resourceError(a.id, `Unable to add Cors configuration because 'AllowCredentials' can not be true when 'AllowOrigin' is "'*'" or not set.`)
	}
	return a.edit(func(o *openAPI) error {
		const key = "x-amazon-apigateway-cors"
		out := o.doc.Get(key)
		if out == nil {
			out = dict()
		}
		if !out.Is(tree.Map) {
			return structureError("Value of '%s' must be a dictionary according to Swagger spec.", key)
		}
		if isIntrinsic(c) {
			lowered := c.Clone()
			lowerMembers(lowered)
			for _, p := range lowered.Pairs {
				out.Set(p.Key, p.Value)
			}
		}
		for _, name := range corsHeaders {
			v := present(given.Get(name))
			if v != nil && (v.Truthy() || name == "MaxAge") && (name != "AllowCredentials" || v.Bool()) {
				out.Set(strings.ToLower(name[:1])+name[1:], v.Clone())
			}
		}
		o.doc.Set(key, out)
		return nil
	})
}

// lowerMembers writes the properties of a configuration that a function chooses as OpenAPI spells them.
func lowerMembers(n *tree.Node) {
	for i, p := range n.Pairs {
		if slices.Contains(corsHeaders, p.Key) {
			n.Pairs[i].Key = strings.ToLower(p.Key[:1]) + p.Key[1:]
		}
		lowerMembers(p.Value)
	}
	for _, i := range n.Items {
		lowerMembers(i)
	}
}

func (a *httpAPI) writeTags() error {
	given := a.get("Tags")
	if given.Truthy() && !a.body.Truthy() {
		return resourceError(a.id, "Tags works only with inline OpenApi specified in the 'DefinitionBody' property.")
	}
	if !isOpenAPI(a.body) {
		if given.Truthy() && a.body.Truthy() {
			return resourceError(a.id, "Unable to add `Tags` because 'DefinitionBody' does not contain a valid OpenApi definition.")
		}
		a.tags = given
		return nil
	}
	a.tags = tree.NewMap()
	for _, p := range pairsOf(given) {
		a.tags.Set(p.Key, p.Value.Clone())
	}
	a.tags.Set("httpapi:createdBy", tree.NewString("SAM"))
	return a.edit(func(o *openAPI) error { return o.addTags(a.tags) })
}

func (a *httpAPI) endpoint() error {
	off := a.get("DisableExecuteApiEndpoint")
	if off == nil {
		return nil
	}
	if !a.body.Truthy() {
		return resourceError(a.id, "DisableExecuteApiEndpoint works only within 'DefinitionBody' property.")
	}
	return a.edit(func(o *openAPI) error {
		servers := o.doc.Get("servers")
		if servers == nil {
			servers = tree.NewList(dict())
		}
		const key = "x-amazon-apigateway-endpoint-configuration"
		for _, s := range servers.Items {
			if !s.Is(tree.Map) {
				return structureError("Value of 'servers' item must be a dictionary according to Swagger spec.")
			}
			if !s.Has(key) {
				s.Set(key, dict())
			}
			s.Get(key).Set("disableExecuteApiEndpoint", off.Clone())
		}
		o.doc.Set("servers", servers)
		return nil
	})
}

func (a *httpAPI) title() error {
	name := a.get("Name")
	if !name.Truthy() {
		return nil
	}
	if !a.body.Truthy() {
		return resourceError(a.id, "Name works only with inline OpenApi specified in the 'DefinitionBody' property.")
	}
	if !a.body.Path("info", "title").Equal(ref("AWS::StackName")) {
		return resourceError(a.id, "Unable to set Name because it is already defined within inline OpenAPI specified in the 'DefinitionBody' property.")
	}
	return a.edit(func(o *openAPI) error {
		o.info.Set("title", name.Clone())
		return nil
	})
}

func (a *httpAPI) description() error {
	d := a.get("Description")
	if !d.Truthy() {
		return nil
	}
	if !a.body.Truthy() {
		return resourceError(a.id, "Description works only with inline OpenApi specified in the 'DefinitionBody' property.")
	}
	if a.body.Path("info", "description").Truthy() {
		return resourceError(a.id, "Unable to set Description because it is already defined within inline OpenAPI specified in the 'DefinitionBody' property.")
	}
	return a.edit(func(o *openAPI) error {
		o.info.Set("description", d.Clone())
		return nil
	})
}

func (a *httpAPI) stage() {
	name := a.get("StageName")
	if !name.Truthy() {
		name = tree.NewString(defaultRoute)
	}
	id := a.id + "Stage"
	switch {
	case !name.Is(tree.String):
	case name.Text == defaultRoute:
		id = a.id + "ApiGatewayDefaultStage"
	case logicalID.MatchString(name.Text):
		id = a.id + name.Text + "Stage"
	default:
		id = a.id + "Stage" + hashText(name.Text, hashLength)
	}
	p := tree.NewMap("ApiId", ref(a.id), "StageName", name.Clone(), "AutoDeploy", true)
	copyAll(p, a.props, "StageVariables", "AccessLogSettings", "DefaultRouteSettings", "RouteSettings")
	if a.tags != nil {
		p.Set("Tags", a.tags.Clone())
	}
	a.add(a.make(id, "AWS::ApiGatewayV2::Stage", p))
	a.t.rewriter.part(a.id, "Stage", id)
}

var badBasePath = regexp.MustCompile(`[^0-9a-zA-Z/\-_]`)

func (a *httpAPI) domain() error {
	d := a.get("Domain")
	if d == nil {
		return nil
	}
	name, certificate := present(d.Get("DomainName")), present(d.Get("CertificateArn"))
	if name == nil || certificate == nil {
		return resourceError(a.id, "Custom Domains only works if both DomainName and CertificateArn are provided.")
	}
	endpoint := present(d.Get("EndpointConfiguration"))
	if endpoint == nil {
		endpoint = tree.NewString("REGIONAL")
	}
	if !endpoint.IsString("REGIONAL") {
		return resourceError(a.id, "EndpointConfiguration for Custom Domains must be one of ['REGIONAL'].")
	}
	config := tree.NewMap("CertificateArn", certificate.Clone(), "EndpointType", endpoint.Clone())
	for _, n := range []string{"OwnershipVerificationCertificateArn", "SecurityPolicy", "IpAddressType"} {
		if v := d.Get(n); v.Truthy() {
			config.Set(n, v.Clone())
		}
	}
	id := "ApiGatewayDomainNameV2" + hashNode(name, hashLength)
	p := tree.NewMap("DomainName", name.Clone(), "DomainNameConfigurations", tree.NewList(config))
	if a.tags != nil {
		p.Set("Tags", a.tags.Clone())
	}
	if m := d.Get("MutualTlsAuthentication"); m.Truthy() {
		if err := a.mutualTLS(p, m); err != nil {
			return err
		}
	}
	a.add(a.make(id, "AWS::ApiGatewayV2::DomainName", p))
	a.t.rewriter.part(a.id, "DomainName", id)
	if err := a.basePaths(d.Get("BasePath"), id); err != nil {
		return err
	}
	records := domainRecords{base: &a.base, add: func(r *resource) { a.add(r) }, domain: d, id: id, regional: true}
	return records.route53()
}

func (a *httpAPI) mutualTLS(p, m *tree.Node) error {
	const fields = "['TruststoreUri', 'TruststoreVersion']"
	if !m.Is(tree.Map) {
		return resourceError(a.id, "MutualTlsAuthentication must be a map with at least one of the following fields %s.", fields)
	}
	var wrong []string
	out := tree.NewMap()
	for _, x := range m.Pairs {
		if x.Key != "TruststoreUri" && x.Key != "TruststoreVersion" {
			wrong = append(wrong, x.Key)
		} else if x.Value.Truthy() {
			out.Set(x.Key, x.Value.Clone())
		}
	}
	if len(wrong) > 0 {
		return resourceError(strings.Join(sortedUnique(wrong), ","), "Available MutualTlsAuthentication fields are %s.", fields)
	}
	p.Set("MutualTlsAuthentication", out)
	return nil
}

func (a *httpAPI) basePaths(given *tree.Node, domain string) error {
	mapping := func(suffix string) *tree.Node {
		p := tree.NewMap("DomainName", ref(domain), "ApiId", ref(a.id), "Stage", ref(a.id+".Stage"))
		a.add(a.make(a.id+suffix+"ApiMapping", "AWS::ApiGatewayV2::ApiMapping", p))
		return p
	}
	if !given.Truthy() || !given.Is(tree.String) && !given.Is(tree.List) {
		mapping("")
		return nil
	}
	for _, v := range listOf(given).Items {
		if !v.Is(tree.String) {
			return resourceError(a.id, "Basepath must be a string.")
		}
		if badBasePath.MatchString(v.Text) {
			return resourceError(a.id, "Invalid Basepath name provided.")
		}
		mapping(strings.NewReplacer("-", "", "_", "", "/", "").Replace(v.Text)).Set("ApiMappingKey", tree.NewString(strings.Trim(v.Text, "/")))
	}
	return nil
}
