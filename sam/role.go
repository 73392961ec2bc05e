package sam

import (
	"github.com/headgate/headgate/internal/template/tree"
)

// assumeRole is the trust policy for AWS services.
func assumeRole(services ...string) *tree.Node {
	return tree.NewMap("Version", "2012-10-17", "Statement", tree.NewList(tree.NewMap(
		"Action", tree.NewStrings("sts:AssumeRole"), "Effect", "Allow",
		"Principal", tree.NewMap("Service", tree.NewStrings(services...)))))
}

// awsPolicy is the ARN of a policy that AWS manages; path may have a folder.
func (t *translator) awsPolicy(path string) string {
	return "arn:" + t.options.Partition + ":iam::aws:policy/" + path
}

func (t *translator) xrayPolicy() string {
	if t.options.Partition == "aws" {
		return t.awsPolicy("AWSXrayWriteOnlyAccess")
	}
	return t.awsPolicy("AWSXRayDaemonWriteAccess")
}

// invokeAndRole makes the event invoke config, whose destinations need permissions, and then the
// role, unless the template brings one.
func (f *function) invokeAndRole() error {
	inline, err := f.eventInvokeConfig()
	if err != nil {
		return err
	}
	given := f.lambda.props.Get("Role")
	condition := ""
	if isIf(given) {
		// Role: !If [c, NoValue, arn] wants a role of its own in one branch only.
		args := given.Get("Fn::If").Items
		switch {
		case isNoValue(args[1]) && isNoValue(args[2]):
			given = nil
		case isNoValue(args[1]):
			args[1], condition = getAtt(f.id+"Role", "Arn"), args[0].Str()
		case isNoValue(args[2]):
			args[2], condition = getAtt(f.id+"Role", "Arn"), f.t.negate(args[0].Str(), "")
		}
	}
	if given != nil && !isNoValue(given) && condition == "" {
		return nil
	}
	if f.role, err = f.makeRole(inline); err != nil {
		return err
	}
	if condition != "" {
		if own := f.node.Get("Condition").Str(); own != "" {
			condition = f.t.both(own, condition, f.id+"Role")
		}
		f.role.attributes.Set("Condition", tree.NewString(condition))
	} else {
		f.lambda.props.Set("Role", getAtt(f.role.id, "Arn"))
	}
	f.add(f.role)
	return nil
}

func (f *function) makeRole(inline []*tree.Node) (*resource, error) {
	basic := "service-role/AWSLambdaBasicExecutionRole"
	if f.get("DurableConfig") != nil {
		basic = "service-role/AWSLambdaBasicDurableExecutionRolePolicy"
	}
	managed := tree.NewStrings(f.t.awsPolicy(basic))
	if f.traced() {
		managed.Append(tree.NewString(f.t.xrayPolicy()))
	}
	if f.get("VpcConfig").Truthy() {
		managed.Append(tree.NewString(f.t.awsPolicy("service-role/AWSLambdaVPCAccessExecutionRole")))
	}
	if q := f.get("DeadLetterQueue"); q.Is(tree.Map) && !isIntrinsic(q) {
		action := map[string]string{"SQS": "sqs:SendMessage", "SNS": "sns:Publish"}[q.Get("Type").Str()]
		inline = append([]*tree.Node{tree.NewMap("PolicyName", "DeadLetterQueuePolicy", "PolicyDocument", tree.NewMap(
			"Version", "2012-10-17", "Statement", tree.NewList(tree.NewMap("Action", action, "Resource", q.Get("TargetArn").Clone(), "Effect", "Allow"))))}, inline...)
	}
	tags, err := f.tags("lambda:createdBy")
	if err != nil {
		return nil, err
	}
	return f.buildRole("lambda.amazonaws.com", managed, inline, tags)
}

// buildRole makes <id>Role with the resource's Policies added to what is given.
func (b *base) buildRole(service string, managed *tree.Node, inline []*tree.Node, tags *tree.Node) (*resource, error) {
	id := b.id + "Role"
	p := tree.NewMap()
	if doc := b.get("AssumeRolePolicyDocument"); doc.Truthy() {
		p.Set("AssumeRolePolicyDocument", doc.Clone())
	} else {
		p.Set("AssumeRolePolicyDocument", assumeRole(service))
	}
	list := &policyList{t: b.t, resource: b.id, role: id, managed: managed, inline: inline}
	if err := list.addAll(b.get("Policies")); err != nil {
		return nil, err
	}
	if path := b.get("RolePath"); path != nil {
		p.Set("Path", path.Clone())
	}
	p.Set("ManagedPolicyArns", list.managed)
	if len(list.inline) > 0 {
		p.Set("Policies", tree.NewList(list.inline...))
	}
	if bound := b.get("PermissionsBoundary"); bound != nil {
		p.Set("PermissionsBoundary", bound.Clone())
	}
	p.Set("Tags", tags)
	return b.make(id, "AWS::IAM::Role", p), nil
}

// negate returns the name of the condition that holds when name does not, made if need be. The
// hash of seed, unless empty, keeps apart what different owners make.
func (t *translator) negate(name, seed string) string {
	id := "NOT" + name
	if seed != "" {
		id += hashText(seed, hashLength)
	}
	t.addCondition(id, tree.NewMap("Fn::Not", tree.NewList(tree.NewMap("Condition", name))))
	return id
}

// both returns the name of the condition that holds when both do.
func (t *translator) both(a, b, seed string) string {
	id := "AND" + a + b + hashText(seed, hashLength)
	t.addCondition(id, tree.NewMap("Fn::And", tree.NewList(tree.NewMap("Condition", a), tree.NewMap("Condition", b))))
	return id
}

func (t *translator) addCondition(id string, n *tree.Node) {
	all := t.root.Get("Conditions")
	if all == nil {
		all = tree.NewMap()
		t.root.Set("Conditions", all)
	}
	all.Set(id, n)
}
