package template

import (
	"github.com/headgate/headgate/internal/template/tree"
)

// Error is a problem with a template. Its text is CloudFormation's; Detail adds the place.
type Error = tree.Error

// Limits of a template (CloudFormation quotas).
const (
	MaxResources  = 500
	MaxParameters = 200
	MaxOutputs    = 200
	MaxMappings   = 200
)

// Template is a template that was read and whose structure is sound.
type Template struct {
	Description string
	Transforms  []string // names in Transform; a macro is the caller's to run, before FromTree
	Parameters  []*Parameter
	Resources   []*Resource
	Outputs     []*Output
	Mappings    *tree.Node
	Conditions  *tree.Node
	Metadata    *tree.Node
	Root        *tree.Node
	Warnings    []*Error // what is accepted but probably not meant: duplicate keys, Rules that are not checked

	byID map[string]*Resource
}

// Resource is one member of Resources, not evaluated.
type Resource struct {
	ID, Type            string
	Properties          *tree.Node // nil when absent
	UpdatePolicy        *tree.Node
	CreationPolicy      *tree.Node
	Metadata            *tree.Node
	DependsOn           []string
	Condition           string
	DeletionPolicy      string // Delete, Retain, RetainExceptOnCreate, Snapshot or ""
	UpdateReplacePolicy string
	Node                *tree.Node
}

// Output is one member of Outputs, not evaluated.
type Output struct {
	Name, Description, Condition string
	Value, ExportName            *tree.Node // ExportName is nil when nothing is exported
	Node                         *tree.Node
}

// OutputValue is an evaluated output.
type OutputValue struct {
	Name, Value, Description, ExportName string
}

// ParameterValue is a parameter as a stack shows it.
type ParameterValue struct {
	Name, Value string
	NoEcho      bool
}

// Resource returns the resource with the logical id, or nil.
func (t *Template) Resource(id string) *Resource { return t.byID[id] }

// HasTransform tells whether the template names the macro.
func (t *Template) HasTransform(name string) bool {
	for _, n := range t.Transforms {
		if n == name {
			return true
		}
	}
	return false
}

// Env is where a template is evaluated.
type Env struct {
	Partition, Region, AccountID string
	StackName, StackID           string
	NotificationARNs             []string
	AvailabilityZones            []string          // of Region, for Fn::GetAZs; empty: Region + a, b, c
	Parameters                   map[string]string // as given; the template's defaults fill the rest
	// Import returns the value of another stack's export; nil means that there are none.
	Import func(name string) (string, error)
}

// Resolver tells what Ref and Fn::GetAtt give for the stack's own resources. It may answer an
// Unknown for what does not exist yet.
type Resolver interface {
	Ref(logicalID string) (any, error)
	GetAtt(logicalID, attribute string) (any, error)
}

// Unknown stands for a value that is known only once a resource exists. Whatever is computed of it
// is Unknown too.
type Unknown struct {
	ID, Attribute string // Attribute is empty for a Ref
}

// String shows it as the console shows values known after apply.
func (u Unknown) String() string {
	if u.Attribute == "" {
		return "{{" + u.ID + "}}"
	}
	return "{{" + u.ID + "." + u.Attribute + "}}"
}

// Pending is a Resolver that knows nothing.
type Pending struct{}

// Ref implements Resolver.
func (Pending) Ref(id string) (any, error) { return Unknown{ID: id}, nil }

// GetAtt implements Resolver.
func (Pending) GetAtt(id, attribute string) (any, error) { return Unknown{id, attribute}, nil }
