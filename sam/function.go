package sam

import (
	"regexp"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// functionProperties are AWS::Serverless::Function's.
func functionProperties() map[string]kinds {
	known := map[string]kinds{
		"Handler": aString, "Runtime": aString, "CodeUri": anyValue, "ImageUri": aString, "PackageType": aString, "InlineCode": anyValue,
		"DeadLetterQueue": aMap, "VpcConfig": aMap, "Environment": aMap, "Events": aMap, "Tags": aMap, "Role": anyValue, "Policies": policies,
		"RolePath": anyValue, "PermissionsBoundary": anyValue, "AutoPublishCodeSha256": anyValue, "AutoPublishAlias": anyValue,
		"AutoPublishAliasAllProperties": {of: []tree.Kind{tree.Bool}, literal: true}, "DeploymentPreference": anyValue, "PropagateTags": {of: []tree.Kind{tree.Bool}},
	}
	for _, name := range strings.Fields(`FunctionName Description MemorySize Timeout Tracing KmsKeyArn AssumeRolePolicyDocument Layers
		VersionDescription ReservedConcurrentExecutions ProvisionedConcurrencyConfig FileSystemConfigs ImageConfig CodeSigningConfigArn
		Architectures SnapStart EphemeralStorage FunctionUrlConfig RuntimeManagementConfig LoggingConfig RecursiveLoop SourceKMSKeyArn
		EventInvokeConfig TenancyConfig DurableConfig CapacityProviderConfig FunctionScalingConfig PublishToLatestPublished VersionDeletionPolicy`) {
		known[name] = anyValue
	}
	return known
}

// function expands one AWS::Serverless::Function.
type function struct {
	base
	lambda  *resource
	alias   *resource // nil without AutoPublishAlias
	version *resource
	role    *resource // nil when the template brings one
	out     []*resource
}

func (f *function) expand() ([]*resource, error) {
	if err := checkProperties(f.id, f.typ, f.props, functionProperties()); err != nil {
		return nil, err
	}
	for _, step := range []func() error{
		f.checkTenancy, f.construct, f.publish, f.functionURL, f.deploymentPreference, f.invokeAndRole, f.events,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	propagateTags(f.out, f.get("Tags"), f.get("PropagateTags"))
	return f.out, nil
}

func (f *function) add(r *resource) { f.out = append(f.out, r) }

// construct makes the AWS::Lambda::Function.
func (f *function) construct() error {
	p := tree.NewMap()
	f.lambda = &resource{id: f.id, typ: "AWS::Lambda::Function", props: p, attributes: f.attributes(), dependsOn: f.node.Get("DependsOn").Clone()}
	copyAll(p, f.props, "FunctionName", "Handler", "Runtime", "Description", "MemorySize", "Timeout", "VpcConfig", "Role", "Environment",
		"KmsKeyArn", "ReservedConcurrentExecutions", "Layers", "FileSystemConfigs", "ImageConfig", "PackageType", "Architectures", "SnapStart",
		"EphemeralStorage", "CodeSigningConfigArn", "RuntimeManagementConfig", "LoggingConfig", "TenancyConfig", "RecursiveLoop",
		"DurableConfig", "FunctionScalingConfig", "PublishToLatestPublished")
	if c := f.get("CapacityProviderConfig"); c != nil {
		p.Set("CapacityProviderConfig", capacityProvider(c))
	}
	code, err := f.code()
	if err != nil {
		return err
	}
	if k := f.get("SourceKMSKeyArn"); k != nil {
		code.Set("SourceKMSKeyArn", k.Clone())
	}
	p.Set("Code", code)
	if f.traced() {
		p.Set("TracingConfig", tree.NewMap("Mode", f.get("Tracing").Clone()))
	}
	if q := f.get("DeadLetterQueue"); q != nil {
		if err := f.checkDeadLetterQueue(q); err != nil {
			return err
		}
		if !isIntrinsic(q) {
			p.Set("DeadLetterConfig", tree.NewMap("TargetArn", q.Get("TargetArn").Clone()))
		}
	}
	tags, err := f.tags("lambda:createdBy")
	if err != nil {
		return err
	}
	p.Set("Tags", tags)
	f.add(f.lambda)
	return nil
}

// traced tells whether the function has a tracing mode: Disabled is none.
func (f *function) traced() bool {
	v := f.values().resolve(f.get("Tracing"))
	return v.Truthy() && !v.IsString("Disabled")
}

func (f *function) checkDeadLetterQueue(q *tree.Node) error {
	for _, name := range []string{"Type", "TargetArn"} {
		if present(q.Get(name)) == nil {
			return resourceError(f.id, "'DeadLetterQueue' requires Type and TargetArn properties to be specified.")
		}
	}
	if t := q.Get("Type"); !t.Is(tree.String) {
		return resourceError(f.id, "Property 'DeadLetterQueue.Type' should be a string.")
	} else if t.Text != "SQS" && t.Text != "SNS" {
		return resourceError(f.id, "'DeadLetterQueue' requires Type of ['SNS', 'SQS']")
	}
	return nil
}

// capacityProvider renames SAM's flat members to Lambda's nested ones.
func capacityProvider(c *tree.Node) *tree.Node {
	inner := tree.NewMap()
	for _, p := range pairsOf(c) {
		name := p.Key
		if name == "Arn" {
			name = "CapacityProviderArn"
		}
		inner.Set(name, p.Value.Clone())
	}
	return tree.NewMap("LambdaManagedInstancesCapacityProviderConfig", inner)
}

// code makes the Code property, or refuses what is there.
func (f *function) code() (*tree.Node, error) {
	if f.values().resolve(f.get("PackageType")).IsString("Image") {
		if f.get("ImageUri") == nil {
			return nil, resourceError(f.id, "'ImageUri' must be set.")
		}
		return tree.NewMap("ImageUri", f.get("ImageUri").Clone()), nil
	}
	if !f.get("Runtime").Truthy() || !f.get("Handler").Truthy() {
		if f.get("PackageType") == nil || f.get("PackageType").IsString("Zip") {
			return nil, resourceError(f.id, "Runtime and Handler needs to be present when PackageType is of type `Zip`")
		}
	}
	if inline := f.get("InlineCode"); inline.Truthy() {
		return tree.NewMap("ZipFile", inline.Clone()), nil
	}
	if uri := f.get("CodeUri"); uri.Truthy() {
		return s3Location(f.id, "CodeUri", uri, "S3Bucket", "S3Key", "S3ObjectVersion")
	}
	return nil, resourceError(f.id, "Only one of 'InlineCode' or 'CodeUri' can be set.")
}

func (b *base) values() values { return b.t.values }

var s3URI = regexp.MustCompile(`^s3://([^/?\[\]]+)/([^?]+)(?:\?(.*))?$`)

// s3Location reads "s3://bucket/key?versionId=v" or {Bucket, Key, Version} into a map with the
// names that the target type uses.
func s3Location(id, property string, uri *tree.Node, bucket, key, version string) (*tree.Node, error) {
	out := tree.NewMap()
	if uri.Is(tree.Map) {
		if !uri.Get("Bucket").Truthy() || !uri.Get("Key").Truthy() {
			return nil, resourceError(id, "'%s' requires Bucket and Key properties to be specified.", property)
		}
		out.Set(bucket, uri.Get("Bucket").Clone())
		out.Set(key, uri.Get("Key").Clone())
		if v := uri.Get("Version"); v.Truthy() {
			out.Set(version, v.Clone())
		}
		return out, nil
	}
	m := s3URI.FindStringSubmatch(uri.Str())
	if m == nil {
		return nil, resourceError(id, "'%s' is not a valid S3 Uri of the form 's3://bucket/key' with optional versionId query parameter.", property)
	}
	out.Set(bucket, tree.NewString(m[1]))
	out.Set(key, tree.NewString(m[2]))
	for _, q := range strings.Split(m[3], "&") {
		if v, ok := strings.CutPrefix(q, "versionId="); ok && v != "" {
			out.Set(version, tree.NewString(v))
		}
	}
	return out, nil
}

// tags makes the Tags list: the transform's own tag first.
func (b *base) tags(own string) (*tree.Node, error) {
	list := tree.NewList(tree.NewMap("Key", own, "Value", "SAM"))
	for _, p := range pairsOf(b.get("Tags")) {
		if p.Key == own {
			return nil, resourceError(b.id, "%s is a reserved Tag key name and cannot be set on your resource. Please change the tag key in the input.", own)
		}
		list.Append(tree.NewMap("Key", p.Key, "Value", tagValue(p.Value)))
	}
	return list, nil
}

func tagValue(v *tree.Node) *tree.Node {
	if v.Kind == tree.Null {
		return tree.NewString("")
	}
	return v.Clone()
}

// propagateTags puts the tags on all that was generated, when PropagateTags is set: in place of the
// transform's own tag.
func propagateTags(rs []*resource, tags, propagate *tree.Node) {
	if !propagate.Bool() || tags.Len() == 0 {
		return
	}
	for _, r := range rs {
		if !takesTags(r.typ) {
			continue
		}
		list := tree.NewList()
		for _, p := range tags.Pairs {
			list.Append(tree.NewMap("Key", p.Key, "Value", tagValue(p.Value)))
		}
		r.props.Set("Tags", list)
	}
}

func takesTags(typ string) bool {
	switch typ {
	case "AWS::SNS::Topic", "AWS::SQS::Queue", "AWS::IAM::Role", "AWS::StepFunctions::StateMachine", "AWS::Lambda::Function",
		"AWS::Lambda::EventSourceMapping", "AWS::CodeDeploy::Application", "AWS::CodeDeploy::DeploymentGroup", "AWS::ApiGateway::RestApi",
		"AWS::ApiGateway::Stage", "AWS::ApiGateway::DomainName", "AWS::ApiGateway::ApiKey", "AWS::ApiGateway::UsagePlan":
		return true
	}
	return false
}

// checkTenancy refuses what does not go with TenancyConfig.
func (f *function) checkTenancy() error {
	if f.get("TenancyConfig") == nil {
		return nil
	}
	if f.get("ProvisionedConcurrencyConfig") != nil {
		return resourceError(f.id, "Provisioned concurrency is not supported for functions enabled with tenancy configuration.")
	}
	if f.get("FunctionUrlConfig") != nil {
		return resourceError(f.id, "Function URL is not supported for functions enabled with tenancy configuration.")
	}
	for _, e := range pairsOf(f.get("Events")) {
		if t := e.Value.Get("Type").Str(); t != "Api" && t != "HttpApi" {
			return resourceError(f.id, "Event source '%s' is not supported for functions enabled with tenancy configuration. Only Api and HttpApi event sources are supported.", t)
		}
	}
	return nil
}
