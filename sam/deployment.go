package sam

import (
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// Logical ids that a template has once.
const (
	deploymentApplication = "ServerlessDeploymentApplication"
	deploymentRole        = "CodeDeployServiceRole"
	deploymentCondition   = "ServerlessCodeDeployCondition"
)

// preference is one function's enabled DeploymentPreference.
type preference struct {
	function  string
	settings  *tree.Node
	typ       *tree.Node
	condition string // put on the deployment group; "" without PassthroughCondition
	tags      *tree.Node
}

// deployments collects what gradual deployments need once for the whole stack.
type deployments struct {
	t   *translator
	all []preference
}

// predefinedTypes are the values of Type that name CodeDeploy's own configurations.
func predefinedTypes() []string {
	return []string{"AllAtOnce", "Canary10Percent5Minutes", "Canary10Percent10Minutes", "Canary10Percent15Minutes", "Canary10Percent30Minutes",
		"Linear10PercentEvery1Minute", "Linear10PercentEvery2Minutes", "Linear10PercentEvery3Minutes", "Linear10PercentEvery10Minutes"}
}

// deploymentPreference checks the function's preference, collects it and gives the alias its
// update policy.
func (f *function) deploymentPreference() error {
	p := f.get("DeploymentPreference")
	if p == nil {
		return nil
	}
	if !p.Is(tree.Map) {
		return resourceError(f.id, "Property 'DeploymentPreference' should be a map.")
	}
	enabled := f.values().lookup(p.Get("Enabled"))
	if isOff(enabled) {
		return nil
	}
	if f.alias == nil {
		return resourceError(f.id, "'DeploymentPreference' requires AutoPublishAlias property to be specified.")
	}
	pref := preference{function: f.id, settings: p, typ: f.values().lookup(p.Get("Type"))}
	if !pref.typ.Truthy() {
		return resourceError(f.id, "'DeploymentPreference' requires 'Type' to be specified.")
	}
	if h := p.Get("Hooks"); h != nil && !h.Is(tree.Map) {
		return resourceError(f.id, "'Hooks' property of 'DeploymentPreference' must be a dictionary")
	}
	through, err := f.passthroughCondition(p.Get("PassthroughCondition"))
	if err != nil {
		return err
	}
	if through {
		pref.condition = f.node.Get("Condition").Str()
	}
	if f.get("PropagateTags").Bool() && f.get("Tags").Len() > 0 {
		pref.tags = f.get("Tags")
	}
	f.t.deploys.all = append(f.t.deploys.all, pref)
	update := tree.NewMap("ApplicationName", ref(deploymentApplication), "DeploymentGroupName", ref(groupID(f.id)))
	for _, h := range [][2]string{{"BeforeAllowTrafficHook", "PreTraffic"}, {"AfterAllowTrafficHook", "PostTraffic"}} {
		if v := present(p.Path("Hooks", h[1])); v.Truthy() {
			update.Set(h[0], v.Clone())
		}
	}
	f.alias.attributes.Set("UpdatePolicy", tree.NewMap("CodeDeployLambdaAliasUpdate", update))
	return nil
}

// isOff tells whether Enabled switches off; what cannot be resolved counts as on.
func isOff(n *tree.Node) bool {
	return n.Is(tree.Bool) && n.Text == "false" || n.IsString("false") || n.IsString("False") || n.Is(tree.Null)
}

func (f *function) passthroughCondition(n *tree.Node) (bool, error) {
	if n == nil {
		return false, nil
	}
	v := f.values().lookup(n)
	switch {
	case v.Is(tree.Bool):
		return v.Bool(), nil
	case v.Is(tree.String) && strings.EqualFold(v.Text, "true"):
		return true, nil
	case v.Is(tree.String) && strings.EqualFold(v.Text, "false"):
		return false, nil
	case isIntrinsic(v):
		return false, resourceError(f.id, "Unsupported intrinsic: the only intrinsic functions supported for property PassthroughCondition are FindInMap and parameter Refs.")
	}
	return false, resourceError(f.id, "Invalid value for property PassthroughCondition.")
}

func groupID(function string) string { return function + "DeploymentGroup" }

// resources makes the application, the role and the groups, in that order.
func (d *deployments) resources() []*resource {
	if len(d.all) == 0 {
		return nil
	}
	condition := d.sharedCondition()
	out := []*resource{d.conditioned(&resource{id: deploymentApplication, typ: "AWS::CodeDeploy::Application",
		props: tree.NewMap("ComputePlatform", "Lambda"), attributes: tree.NewMap()}, condition)}
	if slices.ContainsFunc(d.all, func(p preference) bool { return !p.settings.Get("Role").Truthy() }) {
		out = append(out, d.conditioned(d.role(), condition))
	}
	for _, p := range d.all {
		group, err := d.group(p)
		if err != nil {
			d.t.problems.add(err)
			continue
		}
		out = append(out, d.conditioned(group, p.condition))
	}
	return out
}

func (d *deployments) conditioned(r *resource, condition string) *resource {
	if condition != "" {
		r.attributes.Set("Condition", tree.NewString(condition))
	}
	return r
}

func (d *deployments) role() *resource {
	policy := "AWSCodeDeployRoleForLambda"
	if p := d.t.options.Partition; p == "aws-iso" || p == "aws-iso-b" {
		policy += "Limited"
	}
	return &resource{id: deploymentRole, typ: "AWS::IAM::Role", attributes: tree.NewMap(), props: tree.NewMap(
		"AssumeRolePolicyDocument", assumeRole("codedeploy.amazonaws.com"),
		"ManagedPolicyArns", tree.NewStrings(d.t.awsPolicy("service-role/"+policy)))}
}

// sharedCondition is the condition of the application and the role. Only if every preference has
// one do they take any: the same, or a new one that holds if any of them does.
func (d *deployments) sharedCondition() string {
	var names []string
	for _, p := range d.all {
		if p.condition == "" {
			return ""
		}
		if !slices.Contains(names, p.condition) {
			names = append(names, p.condition)
		}
	}
	if len(names) == 1 {
		return names[0]
	}
	slices.Sort(names)
	if d.t.root.Get("Conditions") == nil {
		return ""
	}
	d.t.addAnyOf(deploymentCondition, names)
	return deploymentCondition
}

// addAnyOf adds a condition that holds if one of the names does. Fn::Or takes ten arguments at most: more
// go through numbered ones in between.
func (t *translator) addAnyOf(id string, names []string) {
	for n := (len(names) - 2) / 9; n > 0; n-- {
		part := id + strconv.Itoa(n)
		t.addCondition(part, anyOf(names[:10]))
		names = append(slices.Clone(names[10:]), part)
	}
	t.addCondition(id, anyOf(names))
}

func anyOf(names []string) *tree.Node {
	if len(names) == 1 {
		return tree.NewMap("Condition", names[0])
	}
	l := tree.NewList()
	for _, n := range names {
		l.Append(tree.NewMap("Condition", n))
	}
	return tree.NewMap("Fn::Or", l)
}

func (d *deployments) group(p preference) (*resource, error) {
	props := tree.NewMap()
	alarms, err := alarmConfiguration(p.function, p.settings.Get("Alarms"))
	if err != nil {
		return nil, err
	}
	if alarms != nil {
		props.Set("AlarmConfiguration", alarms)
	}
	props.Set("ApplicationName", ref(deploymentApplication))
	props.Set("AutoRollbackConfiguration", tree.NewMap("Enabled", true, "Events",
		tree.NewStrings("DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST")))
	props.Set("DeploymentConfigName", configName(p.typ))
	props.Set("DeploymentStyle", tree.NewMap("DeploymentType", "BLUE_GREEN", "DeploymentOption", "WITH_TRAFFIC_CONTROL"))
	role := getAtt(deploymentRole, "Arn")
	if r := p.settings.Get("Role"); r.Truthy() {
		role = r.Clone()
	}
	props.Set("ServiceRoleArn", role)
	if tr := p.settings.Get("TriggerConfigurations"); tr.Truthy() {
		props.Set("TriggerConfigurations", tr.Clone())
	}
	group := &resource{id: groupID(p.function), typ: "AWS::CodeDeploy::DeploymentGroup", props: props, attributes: tree.NewMap()}
	propagateTags([]*resource{group}, p.tags, tree.NewBool(true))
	return group, nil
}

// configName names the deployment configuration: CodeDeploy's own get their prefix, also inside of
// intrinsic calls; others stay.
func configName(n *tree.Node) *tree.Node {
	switch {
	case n.Is(tree.String) && slices.Contains(predefinedTypes(), n.Text):
		return tree.NewMap("Fn::Sub", tree.NewList(tree.NewString("CodeDeployDefault.Lambda${ConfigName}"), tree.NewMap("ConfigName", n.Clone())))
	case n.Is(tree.Map):
		out := tree.NewMap()
		for _, p := range n.Pairs {
			out.Set(p.Key, configName(p.Value))
		}
		return out
	case n.Is(tree.List):
		out := tree.NewList()
		for _, v := range n.Items {
			out.Append(configName(v))
		}
		return out
	}
	return n.Clone()
}

// alarmConfiguration converts the list of names, branch by branch of a Fn::If; nil leaves it out.
func alarmConfiguration(id string, n *tree.Node) (*tree.Node, error) {
	switch {
	case present(n) == nil || isNoValue(n):
		return nil, nil
	case isIf(n):
		args := n.Get("Fn::If").Items
		out := tree.NewList(args[0].Clone())
		for _, branch := range args[1:] {
			if isNoValue(branch) {
				out.Append(branch.Clone())
				continue
			}
			v, err := alarmConfiguration(id, branch)
			if err != nil {
				return nil, err
			}
			if v == nil {
				v = tree.NewMap()
			}
			out.Append(v)
		}
		return tree.NewMap("Fn::If", out), nil
	case !n.Is(tree.List):
		return nil, resourceError(id, "Alarms must be a list")
	case len(n.Items) == 0:
		return tree.NewMap(), nil
	}
	list := tree.NewList()
	for _, a := range n.Items {
		list.Append(tree.NewMap("Name", a.Clone()))
	}
	return tree.NewMap("Enabled", true, "Alarms", list), nil
}
