package sam

import (
	"regexp"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

var (
	aliasName = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)
	allDigits = regexp.MustCompile(`^[0-9]+$`)
)

// publish makes the version and the alias that AutoPublishAlias asks for.
func (f *function) publish() error {
	if f.get("ProvisionedConcurrencyConfig").Truthy() && !f.get("AutoPublishAlias").Truthy() {
		return resourceError(f.id, "To set ProvisionedConcurrencyConfig AutoPublishALias must be defined on the function")
	}
	if p := f.values().resolve(f.get("VersionDeletionPolicy")); p != nil && !p.IsString("Delete") && !p.IsString("Retain") {
		return resourceError(f.id, "Property 'VersionDeletionPolicy' should be a one of the strings: 'Delete' or 'Retain'.")
	}
	if !f.get("AutoPublishAlias").Truthy() {
		if f.get("VersionDeletionPolicy") != nil {
			return resourceError(f.id, "'VersionDeletionPolicy' requires 'AutoPublishAlias'.")
		}
		return nil
	}
	name, err := f.aliasName()
	if err != nil {
		return err
	}
	sha, err := f.codeSha256()
	if err != nil {
		return err
	}
	if sha != "" {
		f.describe(sha)
	}
	f.version = f.makeVersion(sha)
	f.alias = f.make(f.id+"Alias"+aliasSuffix(name), "AWS::Lambda::Alias", tree.NewMap(
		"Name", name, "FunctionName", ref(f.id), "FunctionVersion", getAtt(f.version.id, "Version"),
		"ProvisionedConcurrencyConfig", f.get("ProvisionedConcurrencyConfig").Clone()))
	f.add(f.version)
	f.add(f.alias)
	f.t.rewriter.part(f.id, "Version", f.version.id)
	f.t.rewriter.part(f.id, "Alias", f.alias.id)
	return nil
}

// aliasSuffix makes an alias's name fit for a logical id.
func aliasSuffix(name string) string {
	return strings.NewReplacer("-", "D", "_", "U").Replace(name)
}

func (f *function) aliasName() (string, error) {
	v := f.values().resolve(f.get("AutoPublishAlias"))
	if !v.Is(tree.String) {
		return "", resourceError(f.id, "'AutoPublishAlias' must be a string or a Ref to a template parameter")
	}
	if !aliasName.MatchString(v.Text) || allDigits.MatchString(v.Text) {
		return "", resourceError(f.id, "AutoPublishAlias name ('%s') must contain only alphanumeric characters, hyphens, or underscores "+
			"matching (?!^[0-9]+$)([a-zA-Z0-9-_]+) pattern.", v.Text)
	}
	return v.Text, nil
}

func (f *function) codeSha256() (string, error) {
	v := f.get("AutoPublishCodeSha256")
	if !v.Truthy() {
		return "", nil
	}
	v = f.values().resolve(v)
	if !v.Is(tree.String) {
		return "", resourceError(f.id, "AutoPublishCodeSha256 must be a string")
	}
	return v.Text, nil
}

// describe adds the code's hash to the function's description: Lambda publishes no second version
// of a function that has not changed, and the description is a change.
func (f *function) describe(sha string) {
	d := f.lambda.props.Get("Description")
	switch {
	case !d.Truthy():
		f.lambda.props.Set("Description", tree.NewString(sha))
	case d.Is(tree.String):
		f.lambda.props.Set("Description", tree.NewString(d.Text+" "+sha))
	default:
		f.lambda.props.Set("Description", tree.NewMap("Fn::Join", tree.NewList(tree.NewString(" "), tree.NewList(d, tree.NewString(sha)))))
	}
}

// makeVersion makes the version. Its logical id changes, and so a new version is published,
// exactly when the hashed properties change (FACTS-SAM 'AutoPublishAlias').
func (f *function) makeVersion(sha string) *resource {
	v := f.make("", "AWS::Lambda::Version", tree.NewMap("FunctionName", ref(f.id)))
	if d := f.get("VersionDescription"); d != nil {
		v.props.Set("Description", d.Clone())
	}
	policy := "Retain"
	if f.get("CapacityProviderConfig") != nil {
		policy = "Delete"
		copyAll(v.props, f.props, "FunctionScalingConfig")
	}
	if p := f.get("VersionDeletionPolicy"); p != nil {
		v.attributes.Set("DeletionPolicy", f.values().resolve(p))
	} else if !v.attributes.Has("DeletionPolicy") {
		v.attributes.Set("DeletionPolicy", tree.NewString(policy))
	}
	var suffix string
	if sha != "" {
		suffix = sha[:min(len(sha), hashLength)]
	} else {
		suffix = hashNode(f.hashed(), hashLength)
	}
	v.id = f.id + "Version" + suffix
	return v
}

// hashed is what a new version is published for.
func (f *function) hashed() *tree.Node {
	p := f.lambda.props
	if f.get("AutoPublishAliasAllProperties").Bool() {
		all := p.Clone()
		for _, l := range itemsOf(f.get("Layers")) {
			id := l.Get("Ref").Str()
			layer := f.t.source.Get(id)
			if layer.Get("Type").IsString("AWS::Serverless::LayerVersion") && layer.Path("Properties", "PublishLambdaVersion").Bool() {
				all.Set(id, layer.Get("Properties").Clone())
			}
		}
		return all
	}
	h := f.values().resolve(p.Get("Code"))
	for _, e := range pairsOf(p.Get("Environment")) {
		h.Set(e.Key, e.Value)
	}
	if m := p.Get("MemorySize"); m.Truthy() {
		h.Set("MemorySize", m)
	}
	if s := p.Get("SnapStart"); s.Truthy() && !s.Get("ApplyOn").IsString("None") {
		h.Set("SnapStart", s)
	}
	return h
}
