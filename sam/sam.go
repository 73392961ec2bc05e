package sam

import (
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// TransformName is the macro's name in a template's Transform section.
const TransformName = "AWS::Serverless-2016-10-31"

// Options say where and with which parameters a template is translated.
type Options struct {
	Region    string // default us-east-1
	Partition string // default: by the region's prefix
	// Parameters are the stack's parameter values; the template's defaults fill the rest.
	Parameters map[string]string
	// ManagedPolicies maps names of managed policies to ARNs, beside those that are built in.
	ManagedPolicies map[string]string
	// PassthroughMetadata copies a resource's Metadata to what it expands to.
	PassthroughMetadata bool
}

// Result is a CloudFormation template.
type Result struct{ root *tree.Node }

// JSON returns the template, its members in order, indented by two spaces.
func (r *Result) JSON() []byte { return r.root.Indent("  ") }

// Tree returns the template itself. Nodes that were taken over from the source keep their place.
func (r *Result) Tree() *tree.Node { return r.root }

// Translate expands a template, YAML or JSON. What is wrong with the template comes as an *Error
// that lists everything found; what is wrong with its text as another error that says where.
func Translate(template []byte, o Options) (*Result, error) {
	doc, err := tree.Parse(template)
	if err != nil {
		return nil, err
	}
	return TranslateTree(doc.Root, o)
}

// TranslateTree is Translate for a template that has been read already; root is left as it is.
func TranslateTree(root *tree.Node, o Options) (*Result, error) {
	out, err := newTranslator(root.Clone(), o).run()
	if err != nil {
		return nil, err
	}
	return &Result{out}, nil
}

// NeedsTransform tells whether a template asks for this transform.
func NeedsTransform(root *tree.Node) bool {
	t := root.Get("Transform")
	if t.IsString(TransformName) {
		return true
	}
	if t.Is(tree.List) {
		for _, n := range t.Items {
			if n.IsString(TransformName) {
				return true
			}
		}
	}
	return false
}

func partitionOf(region string) string {
	for _, p := range [][2]string{{"cn-", "aws-cn"}, {"us-gov", "aws-us-gov"}, {"us-isob-", "aws-iso-b"}, {"us-isof-", "aws-iso-f"},
		{"us-iso-", "aws-iso"}, {"eu-isoe-", "aws-iso-e"}, {"eusc-", "aws-eusc"}} {
		if strings.HasPrefix(region, p[0]) {
			return p[1]
		}
	}
	return "aws"
}
