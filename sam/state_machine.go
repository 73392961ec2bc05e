package sam

import (
	"strconv"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// stateMachine expands one AWS::Serverless::StateMachine.
type stateMachine struct {
	base
	alias *resource // nil without AutoPublishAlias
	out   []*resource
}

func (m *stateMachine) expand() ([]*resource, error) {
	known := map[string]kinds{"Definition": anyValue, "DefinitionUri": textOrMap, "Events": aMap, "Tags": aMap, "Policies": policies}
	for _, name := range strings.Fields(`DefinitionSubstitutions Logging Role RolePath Name Type Tracing PermissionsBoundary AutoPublishAlias
		DeploymentPreference UseAliasAsEventTarget PropagateTags`) {
		known[name] = anyValue
	}
	if err := checkProperties(m.id, m.typ, m.props, known); err != nil {
		return nil, err
	}
	props := tree.NewMap()
	if err := m.definition(props); err != nil {
		return nil, err
	}
	tags, err := m.tags("stateMachine:createdBy")
	if err != nil {
		return nil, err
	}
	main := &resource{id: m.id, typ: "AWS::StepFunctions::StateMachine", props: props, attributes: m.attributes(), dependsOn: m.node.Get("DependsOn").Clone()}
	for _, n := range [][2]string{{"Name", "StateMachineName"}, {"Type", "StateMachineType"}, {"Logging", "LoggingConfiguration"}, {"Tracing", "TracingConfiguration"}} {
		if v := m.get(n[0]); v != nil {
			props.Set(n[1], v.Clone())
		}
	}
	m.out = append(m.out, main)
	if err := m.role(props, tags); err != nil {
		return nil, err
	}
	props.Set("Tags", tags)
	if err := m.publish(); err != nil {
		return nil, err
	}
	if m.get("UseAliasAsEventTarget").Truthy() && m.alias == nil {
		return nil, resourceError(m.id, "'UseAliasAsEventTarget' requires 'AutoPublishAlias' property to be specified.")
	}
	if err := m.events(); err != nil {
		return nil, err
	}
	propagateTags(m.out, m.get("Tags"), m.get("PropagateTags"))
	return m.out, nil
}

func (m *stateMachine) role(props, tags *tree.Node) error {
	given, made := m.get("Role"), m.get("Policies").Truthy()
	switch {
	case given.Truthy() && made:
		return resourceError(m.id, "Specify either 'Role' or 'Policies' (but not both at the same time) or neither of them")
	case given.Truthy():
		props.Set("RoleArn", given.Clone())
		return nil
	}
	managed := tree.NewList()
	if t := m.get("Tracing"); t.Is(tree.Map) && t.Get("Enabled").Bool() {
		managed.Append(tree.NewString(m.t.xrayPolicy()))
	}
	r, err := m.buildRole("states.amazonaws.com", managed, nil, tags.Clone())
	if err != nil {
		return err
	}
	props.Set("RoleArn", getAtt(r.id, "Arn"))
	m.out = append(m.out, r)
	return nil
}

// definition sets DefinitionString or DefinitionS3Location, and the substitutions.
func (m *stateMachine) definition(props *tree.Node) error {
	inline, uri := m.get("Definition"), m.get("DefinitionUri")
	subs := m.get("DefinitionSubstitutions").Clone()
	switch {
	case inline.Truthy() && uri.Truthy():
		return resourceError(m.id, "Specify either 'Definition' or 'DefinitionUri' property and not both.")
	case inline.Truthy():
		if !inline.Is(tree.Map) {
			return resourceError(m.id, "Property 'Definition' should be a map.")
		}
		inline = inline.Clone()
		if subs == nil {
			subs = tree.NewMap()
		}
		extractIntrinsics(inline, subs)
		lines := strings.Split(string(inline.Python("    ", true)), "\n")
		props.Set("DefinitionString", tree.NewMap("Fn::Join", tree.NewList(tree.NewString("\n"), tree.NewStrings(lines...))))
	case uri.Truthy():
		at, err := s3Location(m.id, "DefinitionUri", uri, "Bucket", "Key", "Version")
		if err != nil {
			return err
		}
		props.Set("DefinitionS3Location", at)
	default:
		return resourceError(m.id, "Either 'Definition' or 'DefinitionUri' property must be specified.")
	}
	if subs.Len() > 0 {
		props.Set("DefinitionSubstitutions", subs)
	}
	return nil
}

// extractIntrinsics replaces the intrinsic calls in a definition by ${definition_substitution_N}:
// the definition becomes text, in which they would not be evaluated.
func extractIntrinsics(n, subs *tree.Node) {
	replace := func(v *tree.Node) *tree.Node {
		if !isIntrinsic(v) || v.Has("Condition") {
			extractIntrinsics(v, subs)
			return v
		}
		name := "definition_substitution_" + strconv.Itoa(len(subs.Pairs)+1)
		subs.Set(name, v)
		return tree.NewString("${" + name + "}")
	}
	for i, v := range n.Items {
		n.Items[i] = replace(v)
	}
	for i := range n.Pairs {
		n.Pairs[i].Value = replace(n.Pairs[i].Value)
	}
}

// publish makes the version and the alias. CloudFormation itself shifts a state machine's alias:
// there is no CodeDeploy here.
func (m *stateMachine) publish() error {
	alias := m.values().resolve(m.get("AutoPublishAlias"))
	pref := m.get("DeploymentPreference")
	if !alias.Truthy() {
		if pref.Truthy() {
			return resourceError(m.id, "'DeploymentPreference' requires 'AutoPublishAlias' property to be specified.")
		}
		return nil
	}
	if !alias.Is(tree.String) {
		return resourceError(m.id, "'AutoPublishAlias' must be a string or a Ref to a template parameter")
	}
	version := m.make(m.id+"Version", "AWS::StepFunctions::StateMachineVersion", tree.NewMap(
		"StateMachineArn", ref(m.id), "StateMachineRevisionId", getAtt(m.id, "StateMachineRevisionId")))
	for _, p := range []string{"DeletionPolicy", "UpdateReplacePolicy"} {
		version.attributes.Set(p, tree.NewString("Retain"))
	}
	shift := tree.NewMap("StateMachineVersionArn", ref(version.id))
	if pref.Truthy() {
		for _, p := range pref.Pairs {
			shift.Set(p.Key, p.Value.Clone())
		}
	}
	if !shift.Has("Type") {
		shift.Set("Type", tree.NewString("ALL_AT_ONCE"))
	}
	a := m.make(m.id+"Alias"+aliasSuffix(alias.Text), "AWS::StepFunctions::StateMachineAlias", tree.NewMap("Name", alias.Text, "DeploymentPreference", shift))
	m.t.rewriter.part(m.id, "Version", version.id)
	m.t.rewriter.part(m.id, "Alias", a.id)
	m.alias = a
	m.out = append(m.out, version, a)
	return nil
}
