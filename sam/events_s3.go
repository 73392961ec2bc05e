package sam

import (
	"slices"

	"github.com/headgate/headgate/internal/template/tree"
)

// s3 lets a bucket of the same template invoke the function: the bucket itself is changed, and
// waits for the permission.
func (e *event) s3() error {
	if err := e.known("Bucket Events Filter", "Bucket", "Events"); err != nil {
		return err
	}
	id := e.get("Bucket").Get("Ref").Str()
	bucket := e.f.t.source.Get(id)
	if id == "" || !bucket.Get("Type").IsString("AWS::S3::Bucket") {
		return e.fail("S3 events must reference an S3 bucket in the same template.")
	}
	permission := e.permission("s3.amazonaws.com", "SourceAccount", ref("AWS::AccountId"))
	if err := e.dependOn(id, bucket, permission.id); err != nil {
		return err
	}
	configs, err := lambdaConfigurations(id, bucket)
	if err != nil {
		return err
	}
	names := []*tree.Node{e.get("Events")}
	if names[0].Is(tree.List) {
		names = names[0].Items
	}
	for _, name := range names {
		c := tree.NewMap("Function", e.functionARN(), "Event", name.Clone())
		copyAll(c, e.props, "Filter")
		if condition := e.f.node.Get("Condition").Str(); condition != "" {
			c = tree.NewMap("Fn::If", tree.NewList(tree.NewString(condition), c, ref("AWS::NoValue")))
		}
		if !slices.ContainsFunc(configs.Items, c.Equal) {
			configs.Append(c)
		}
	}
	return nil
}

// dependOn makes the bucket wait for the permission. One that exists only under a condition cannot
// stand in DependsOn: a tag that mentions it has the same effect.
func (e *event) dependOn(id string, bucket *tree.Node, permission string) error {
	if condition := e.f.node.Get("Condition").Str(); condition != "" {
		props, err := propertiesOf(id, bucket)
		if err != nil {
			return err
		}
		tags := present(props.Get("Tags"))
		if tags == nil {
			tags = tree.NewList()
			props.Set("Tags", tags)
		}
		if !tags.Is(tree.List) {
			return resourceError(id, "Property 'Tags' should be a list.")
		}
		tags.Append(tree.NewMap("Key", "sam:ConditionalDependsOn:"+permission, "Value", tree.NewMap("Fn::If",
			tree.NewList(tree.NewString(condition), ref(permission), tree.NewString("no dependency")))))
		return nil
	}
	needs := tree.NewStrings(permission)
	switch have := bucket.Get("DependsOn"); {
	case have == nil:
	case have.Is(tree.String):
		needs.Append(have)
	case have.Is(tree.List) && !slices.ContainsFunc(have.Items, func(n *tree.Node) bool { return !n.Is(tree.String) }):
		needs.Append(have.Items...)
	default:
		return resourceError(e.id, "Invalid type for field 'DependsOn'. Expected a string or list of strings.")
	}
	bucket.Set("DependsOn", needs)
	return nil
}

func propertiesOf(id string, r *tree.Node) (*tree.Node, error) {
	p := present(r.Get("Properties"))
	if p == nil {
		p = tree.NewMap()
		r.Set("Properties", p)
	}
	if !p.Is(tree.Map) {
		return nil, resourceError(id, "Properties should be a map.")
	}
	return p, nil
}

// lambdaConfigurations returns the bucket's list of them, made if need be.
func lambdaConfigurations(id string, bucket *tree.Node) (*tree.Node, error) {
	n, err := propertiesOf(id, bucket)
	if err != nil {
		return nil, err
	}
	for _, step := range []struct {
		name string
		make func() *tree.Node
		kind tree.Kind
		text string
	}{
		{"NotificationConfiguration", func() *tree.Node { return tree.NewMap() }, tree.Map, "a map"},
		{"LambdaConfigurations", func() *tree.Node { return tree.NewList() }, tree.List, "a list"},
	} {
		next := present(n.Get(step.name))
		if next == nil {
			next = step.make()
			n.Set(step.name, next)
		}
		if !next.Is(step.kind) {
			return nil, resourceError(id, "Property '%s' should be %s.", step.name, step.text)
		}
		n = next
	}
	return n, nil
}
