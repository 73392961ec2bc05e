package sam

import "github.com/headgate/headgate/internal/template/tree"

// functionURL makes the AWS::Lambda::Url and, for AuthType NONE, the permissions that make it
// public.
func (f *function) functionURL() error {
	c := f.get("FunctionUrlConfig")
	if !c.Truthy() {
		return nil
	}
	if !c.Is(tree.Map) {
		return resourceError(f.id, "Property 'FunctionUrlConfig' should be a map.")
	}
	auth := present(c.Get("AuthType"))
	if auth == nil || auth.Is(tree.String) && auth.Text != "AWS_IAM" && auth.Text != "NONE" {
		return resourceError(f.id, "AuthType is required to configure function property `FunctionUrlConfig`. Please provide either AWS_IAM or NONE.")
	}
	if err := f.checkCors(c.Get("Cors")); err != nil {
		return err
	}
	props := tree.NewMap("TargetFunctionArn", ref(f.id))
	copyAll(props, c, "AuthType", "Cors", "InvokeMode")
	url := f.make(f.id+"Url", "AWS::Lambda::Url", props)
	target := ref(f.id)
	if f.alias != nil {
		props.Set("Qualifier", f.alias.props.Get("Name").Clone())
		url.dependsOn = tree.NewStrings(f.alias.id)
		target = ref(f.alias.id)
	}
	f.add(url)
	if !auth.IsString("NONE") {
		return nil
	}
	f.add(f.make(f.id+"UrlPublicPermissions", "AWS::Lambda::Permission", tree.NewMap(
		"Action", "lambda:InvokeFunctionUrl", "FunctionName", target, "Principal", "*", "FunctionUrlAuthType", "NONE")))
	f.add(f.make(f.id+"URLInvokeAllowPublicAccess", "AWS::Lambda::Permission", tree.NewMap(
		"Action", "lambda:InvokeFunction", "FunctionName", target.Clone(), "Principal", "*", "InvokedViaFunctionUrl", true)))
	return nil
}

func (f *function) checkCors(cors *tree.Node) error {
	if present(cors) == nil || isIntrinsic(cors) {
		return nil
	}
	if !cors.Is(tree.Map) {
		return resourceError(f.id, "Property 'FunctionUrlConfig.Cors' should be a map.")
	}
	for _, p := range cors.Pairs {
		var want tree.Kind
		name := "list"
		switch p.Key {
		case "AllowOrigins", "AllowMethods", "AllowHeaders", "ExposeHeaders":
			want = tree.List
		case "AllowCredentials":
			want, name = tree.Bool, "bool"
		case "MaxAge":
			want, name = tree.Number, "int"
		default:
			return resourceError(f.id, "%s is not a valid property for configuring Cors.", p.Key)
		}
		if p.Value.Kind != want && !isIntrinsic(p.Value) {
			return resourceError(f.id, "%s must be of type %s.", p.Key, name)
		}
	}
	return nil
}
