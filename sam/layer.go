package sam

import (
	"slices"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// expandLayer makes an AWS::Lambda::LayerVersion. Its logical id carries a hash of the source, so
// that a change makes a new version; references to it are rewritten.
func (b *base) expandLayer() ([]*resource, error) {
	list := kinds{of: []tree.Kind{tree.List}}
	err := checkProperties(b.id, b.typ, b.props, map[string]kinds{
		"LayerName": anyValue, "Description": anyValue, "ContentUri": anyValue, "CompatibleArchitectures": list, "CompatibleRuntimes": list,
		"LicenseInfo": anyValue, "RetentionPolicy": anyValue, "PublishLambdaVersion": aBool,
	}, "ContentUri")
	if err != nil {
		return nil, err
	}
	props := b.props.Clone()
	for _, name := range []string{"LayerName", "LicenseInfo", "Description"} {
		v := b.values().resolve(props.Get(name))
		if v == nil {
			continue
		}
		if !v.Is(tree.String) && !isIntrinsic(v) {
			return nil, resourceError(b.id, "Property '%s' should be a string.", name)
		}
		props.Set(name, v)
	}
	retention, err := b.retention(props)
	if err != nil {
		return nil, err
	}
	source := b.node.Clone()
	for _, drop := range []string{"DeletionPolicy", "UpdateReplacePolicy", "Metadata"} {
		source.Delete(drop)
	}
	source.Set("Properties", props)
	id := b.id + hashNode(tree.NewMap(b.id, source), hashLength)
	for _, a := range itemsOf(props.Get("CompatibleArchitectures")) {
		if !isIntrinsic(a) && !slices.Contains([]string{"x86_64", "arm64"}, a.Str()) {
			return nil, resourceError(id, "CompatibleArchitectures needs to be a list of 'x86_64' or 'arm64'")
		}
	}
	content, err := s3Location(b.id, "ContentUri", props.Get("ContentUri"), "S3Bucket", "S3Key", "S3ObjectVersion")
	if err != nil {
		return nil, err
	}
	out := tree.NewMap("Content", content, "LayerName", b.id)
	copyAll(out, props, "LayerName", "Description", "CompatibleArchitectures", "CompatibleRuntimes", "LicenseInfo")
	r := &resource{id: id, typ: "AWS::Lambda::LayerVersion", props: out, attributes: b.attributes(), dependsOn: b.node.Get("DependsOn").Clone()}
	r.attributes.Delete("Metadata")
	if retention != "" {
		r.attributes.Set("DeletionPolicy", tree.NewString(retention))
	} else if !r.attributes.Has("DeletionPolicy") {
		r.attributes.Set("DeletionPolicy", tree.NewString("Retain"))
	}
	b.t.rewriter.renamed[b.id] = id
	return []*resource{r}, nil
}

// retention reads RetentionPolicy, in any case; "" when there is none.
func (b *base) retention(props *tree.Node) (string, error) {
	given := present(props.Get("RetentionPolicy"))
	if given == nil {
		return "", nil
	}
	v := b.values().resolve(given)
	switch {
	case isIntrinsic(v):
		return "", resourceError(b.id, "'RetentionPolicy' does not accept intrinsic functions, please use one of the following options: ['Retain', 'Delete']")
	case !v.Is(tree.String):
		return "", resourceError(b.id, "Could not resolve parameter for 'RetentionPolicy' or parameter is not a String.")
	}
	props.Set("RetentionPolicy", v)
	for _, option := range []string{"Retain", "Delete"} {
		if strings.EqualFold(v.Text, option) {
			return option, nil
		}
	}
	return "", resourceError(b.id, "'RetentionPolicy' must be one of the following options: ['Retain', 'Delete'].")
}
