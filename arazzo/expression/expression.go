package expression

// undefined has one value only; see Undefined.
type undefined struct{}

func (undefined) String() string { return "undefined" }

// MarshalJSON writes null, since JSON knows nothing less.
func (undefined) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// Undefined is the value of an expression that names something never set: an
// input that was not given, the output of a step that did not run, a member
// that a body lacks. It is comparable: v == expression.Undefined.
var Undefined any = undefined{}

// IsUndefined tells whether v is Undefined.
func IsUndefined(v any) bool {
	_, is := v.(undefined)
	return is
}

// Root is the first word of an expression.
type Root uint8

// The roots of the grammar.
const (
	RootURL Root = iota + 1
	RootMethod
	RootStatusCode
	RootRequest
	RootResponse
	RootMessage
	RootInputs
	RootOutputs
	RootSteps
	RootWorkflows
	RootSourceDescriptions
	RootComponents
	RootSelf
)

// rootNames is in the order of the constants; index 0 is no root.
var rootNames = [...]string{
	"", "$url", "$method", "$statusCode", "$request", "$response", "$message", "$inputs",
	"$outputs", "$steps", "$workflows", "$sourceDescriptions", "$components", "$self",
}

func (r Root) String() string {
	if int(r) < len(rootNames) {
		return rootNames[r]
	}
	return ""
}

// Part is what of a request, response or message an expression names.
type Part uint8

// The parts of a message. PartNone is for every other root.
const (
	PartNone Part = iota
	PartHeader
	PartQuery
	PartPath
	PartBody
	PartPayload
)

var partNames = [...]string{"", "header", "query", "path", "body", "payload"}

func (p Part) String() string { return partNames[p] }

// Reference says what an expression names, before any pointer into it.
type Reference struct {
	Root Root
	Part Part
	// Owner is the step of $steps, the workflow of $workflows, the name of
	// $sourceDescriptions and the component type of $components.
	Owner string
	// Field is "inputs", "outputs" or "steps" for $workflows, "outputs" for
	// $steps.
	Field string
	// Step is the step of $workflows.<id>.steps.<step>.outputs.<name>, a form
	// that 1.0 allowed by its free grammar.
	Step string
	// Name is the header, parameter, input, output, component, operationId or
	// field. Empty names the whole ($inputs, $steps.a.outputs): a leniency.
	Name string
}

// Expression is one parsed runtime expression, immutable.
type Expression struct {
	Reference
	// Pointer is what follows '#', nil where there is none.
	Pointer *Pointer
	// Path is what follows by '.' and '[ ]' after a body or payload: a
	// leniency outside of simple conditions.
	Path []Segment

	text       string
	splits     []split
	deviations []Deviation
}

// Segment is a step of a Path: a member's name, or an index where Name is "".
type Segment struct {
	Name  string
	Index int
}

// split is another reading of a dotted name: $inputs.user.name may be the
// member "name" of the input "user" if no input is called "user.name".
type split struct {
	ref  Reference
	path []Segment
}

// String is the expression as it was written.
func (e *Expression) String() string { return e.text }

// Deviation is a departure from the grammar that Parse tolerated.
type Deviation struct {
	Rule    string // the id of the leniency, e.g. "lenient-body-path"
	Message string // in words
	Hint    string // the conforming spelling, where there is one
	// In10 is set where the free names of 1.0's grammar still covered it.
	In10 bool
}

// Conforms lists the departures from the grammar of version 1.minor.
func (e *Expression) Conforms(minor int) []Deviation {
	var out []Deviation
	for _, d := range e.deviations {
		if minor > 0 || !d.In10 {
			out = append(out, d)
		}
	}
	return out
}

// Environment knows the values that expressions name.
type Environment interface {
	// Lookup answers the value of ref, or Undefined where nothing is set. The
	// caller may keep the value but does not change it. An error means that
	// the value could not be had, for instance a body that cannot be decoded.
	Lookup(ref *Reference) (any, error)
}

// Lazy is a value that is computed when first needed, such as a body that is
// decoded only if an expression asks for it.
type Lazy interface {
	Value() (any, error)
}
