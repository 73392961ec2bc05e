package sam

import (
	"github.com/headgate/headgate/internal/template/tree"
)

// expandCapacityProvider makes an AWS::Lambda::CapacityProvider, and the role that it acts in unless given.
func (b *base) expandCapacityProvider() ([]*resource, error) {
	literal := kinds{of: aMap.of, literal: true}
	err := checkProperties(b.id, b.typ, b.props, map[string]kinds{
		"CapacityProviderName": anyValue, "VpcConfig": literal, "OperatorRole": anyValue, "Tags": anyValue, "PropagateTags": aBool,
		"InstanceRequirements": literal, "ScalingConfig": literal, "KmsKeyArn": anyValue}, "VpcConfig")
	if err != nil {
		return nil, err
	}
	if v := b.get("Tags"); v != nil && !v.Is(tree.Map) {
		return nil, resourceError(b.id, "Property 'Tags' should be a map.")
	}
	p := tree.NewMap()
	tags, err := b.tags("lambda:createdBy")
	if err != nil {
		return nil, err
	}
	copyAll(p, b.props, "CapacityProviderName", "KmsKeyArn")
	vpc, err := b.renamed("VpcConfig", "SubnetIds", "SubnetIds", "SecurityGroupIds", "SecurityGroupIds")
	if err != nil {
		return nil, err
	}
	p.Set("VpcConfig", vpc)
	p.Set("Tags", tags)
	if c := b.get("InstanceRequirements"); c.Truthy() {
		if c.Get("AllowedTypes").Truthy() && c.Get("ExcludedTypes").Truthy() {
			return nil, resourceError(b.id, "Cannot specify 'InstanceRequirements.AllowedTypes' and 'InstanceRequirements.ExcludedTypes' together.")
		}
		to, err := b.renamed("InstanceRequirements", "Architectures", "Architectures", "AllowedTypes", "AllowedInstanceTypes", "ExcludedTypes", "ExcludedInstanceTypes")
		if err != nil {
			return nil, err
		}
		p.Set("InstanceRequirements", to)
	}
	if c := b.get("ScalingConfig"); c.Truthy() {
		to, err := b.renamed("ScalingConfig", "MaxVCpuCount", "MaxVCpuCount", "AverageCPUUtilization", "")
		if err != nil {
			return nil, err
		}
		to.Set("ScalingMode", tree.NewString("Auto"))
		if target := present(c.Get("AverageCPUUtilization")); target != nil {
			to.Set("ScalingMode", tree.NewString("Manual"))
			to.Set("ScalingPolicies", tree.NewList(tree.NewMap("PredefinedMetricType", "LambdaCapacityProviderAverageCPUUtilization", "TargetValue", target.Clone())))
		}
		p.Set("CapacityProviderScalingConfig", to)
	}
	main := &resource{id: b.id, typ: "AWS::Lambda::CapacityProvider", props: p, attributes: b.attributes(), dependsOn: b.node.Get("DependsOn").Clone()}
	out := []*resource{main}
	role := b.get("OperatorRole").Clone()
	if role == nil {
		id, own := b.id+"OperatorRole", tags.Clone()
		if !b.get("PropagateTags").Bool() {
			own = tree.NewList(own.Items[0])
		}
		out = append(out, b.make(id, "AWS::IAM::Role", tree.NewMap("AssumeRolePolicyDocument", assumeRole("lambda.amazonaws.com"),
			"ManagedPolicyArns", tree.NewStrings(b.t.awsPolicy("AWSLambdaManagedEC2ResourceOperator")), "Tags", own)))
		role = getAtt(id, "Arn")
	}
	p.Set("PermissionsConfig", tree.NewMap("CapacityProviderOperatorRoleArn", role))
	return out, nil
}

// renamed copies a property's members under CloudFormation's names ("": left out).
func (b *base) renamed(property string, names ...string) (*tree.Node, error) {
	given, out := b.get(property), tree.NewMap()
next:
	for _, m := range pairsOf(given) {
		for i := 0; i < len(names); i += 2 {
			if names[i] == m.Key {
				if names[i+1] != "" && present(m.Value) != nil {
					out.Set(names[i+1], m.Value.Clone())
				}
				continue next
			}
		}
		return nil, resourceError(b.id, "property %s not defined for %s of type %s", m.Key, property, b.typ)
	}
	return out, nil
}
