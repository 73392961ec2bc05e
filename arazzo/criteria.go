package arazzo

import "github.com/headgate/headgate/arazzo/criterion"

// Compile reads the criterion in its language, once for all evaluations. In
// strict, leniencies are errors.
func (c *Criterion) Compile(d *Document, strict bool) (*criterion.Criterion, error) {
	return criterion.Compile(c.spec(d, strict))
}

func (c *Criterion) spec(d *Document, strict bool) criterion.Spec {
	spec := criterion.Spec{Context: c.Context, Condition: c.Condition, Minor: d.Minor, Strict: strict}
	if c.Type != nil {
		spec.Type, spec.Version = c.Type.Type, c.Type.Version
	}
	return spec
}

// Query compiles what the replacement's target selects. The media type of the
// payload decides where the document does not: a JSON pointer for JSON, XPath
// for XML.
func (r *PayloadReplacement) Query(contentType string) (*criterion.Query, error) {
	kind, version := "", ""
	if r.TargetSelectorType != nil {
		kind, version = r.TargetSelectorType.Type, r.TargetSelectorType.Version
	}
	return criterion.CompileTarget(kind, version, r.Target, contentType)
}
