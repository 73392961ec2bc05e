package arazzo

// Document is the Arazzo Specification Object, the root.
type Document struct {
	Object
	// Location is where the document was read from, as given to Parse.
	Location string
	// Version is the field arazzo, e.g. "1.0.1"; Minor its feature set: 0 or 1.
	Version string
	Minor   int
	// Self is the field $self (1.1).
	Self               string
	Info               *Info
	SourceDescriptions []*SourceDescription
	Workflows          []*Workflow
	Components         *Components // nil where absent

	root    *Value // the whole document, for JSON Schema's references
	schemas schemas
	lenient []Finding // leniencies of the form, which Validate reports
}

// Info is the Info Object.
type Info struct {
	Object
	Title, Summary, Description, Version string
}

// The types of source descriptions.
const (
	SourceOpenAPI  = "openapi"
	SourceAsyncAPI = "asyncapi"
	SourceArazzo   = "arazzo"
)

// SourceDescription is the Source Description Object.
type SourceDescription struct {
	Object
	Name, URL string
	Type      string // openapi, asyncapi (1.1), arazzo, or "" where not said
}

// Workflow is the Workflow Object.
type Workflow struct {
	Object
	WorkflowID, Summary, Description string
	Inputs                           *Schema  // nil where absent
	DependsOn                        []String // see expression.ParseWorkflowReference
	Steps                            []*Step
	SuccessActions                   []*SuccessAction
	FailureActions                   []*FailureAction
	Outputs                          *Map[*Value]
	Parameters                       []*Parameter

	doc *Document
	// index is where the steps were when the document was read, by stepId. It may be stale (Steps is the caller's to
	// change), so that what it says is checked.
	index map[string]int
}

// Document is the document that the workflow stands in.
func (w *Workflow) Document() *Document { return w.doc }

// Step answers the step with that id, or nil, and its index. Every expression that names a step asks for it, so that a
// search from the first step on would make the time that a document takes grow with the square of its size.
func (w *Workflow) Step(id string) (*Step, int) {
	if i, ok := w.index[id]; ok && i < len(w.Steps) && w.Steps[i].StepID == id {
		return w.Steps[i], i
	}
	for i, s := range w.Steps {
		if s.StepID == id {
			return s, i
		}
	}
	return nil, -1
}

// The values of a step's field action.
const (
	ActionSend    = "send"
	ActionReceive = "receive"
)

// Step is the Step Object. Exactly one of OperationID, OperationPath,
// ChannelPath and WorkflowID is set in a valid document.
type Step struct {
	Object
	Description, StepID string
	OperationID         string // see OperationReference
	OperationPath       string // see ParseDescriptionPath
	ChannelPath         string // 1.1; see ParseDescriptionPath
	WorkflowID          string // see expression.ParseWorkflowReference
	Parameters          []*Parameter
	RequestBody         *RequestBody // nil where absent
	SuccessCriteria     []*Criterion
	OnSuccess           []*SuccessAction
	OnFailure           []*FailureAction
	Outputs             *Map[*Value]
	Timeout             *int64   // 1.1; milliseconds
	CorrelationID       *Value   // 1.1; nil where absent
	Action              string   // 1.1; send or receive, or ""
	DependsOn           []String // 1.1; see expression.ParseStepReference
}

// String is a string of a list, with its place.
type String struct {
	Pos
	Text string
}

// The values of a parameter's field in.
const (
	InPath        = "path"
	InQuery       = "query"
	InQuerystring = "querystring" // 1.1
	InHeader      = "header"
	InCookie      = "cookie"
)

// Parameter is the Parameter Object, or the Reusable Object in its place:
// Document.Parameter resolves it.
type Parameter struct {
	Object
	Reusable *Reusable // set: the rest is empty
	Name, In string
	Value    *Value
}

// Reusable is the Reusable Object.
type Reusable struct {
	Object
	Reference string
	Value     *Value // nil where absent; for parameters only
}

// The types of actions.
const (
	ActionEnd   = "end"
	ActionGoto  = "goto"
	ActionRetry = "retry" // of failure actions only
)

// Action is a Success Action Object or a Failure Action Object, or the
// Reusable Object in its place: Document.Action resolves it.
type Action struct {
	Object
	Reusable           *Reusable // set: the rest is empty
	Failure            bool      // a Failure Action Object
	Name, Type         string
	WorkflowID, StepID string
	Parameters         []*Parameter // 1.1; inputs of WorkflowID
	// RetryAfter in seconds and RetryLimit apply to retry only; nil where
	// absent: the limit is then 1.
	RetryAfter *float64
	RetryLimit *int
	Criteria   []*Criterion
}

// SuccessAction is the Success Action Object.
type SuccessAction = Action

// FailureAction is the Failure Action Object.
type FailureAction = Action

// Components is the Components Object.
type Components struct {
	Object
	Inputs         *Map[*Schema]
	Parameters     *Map[*Parameter]
	SuccessActions *Map[*SuccessAction]
	FailureActions *Map[*FailureAction]
}

// Criterion is the Criterion Object.
type Criterion struct {
	Object
	Context, Condition string
	Type               *ExpressionType // nil where absent: simple

	quoted bool // the condition stands in quotes
}

// ExpressionType is the Expression Type Object of 1.1 (Criterion Expression
// Type Object in 1.0), or the plain string in its place.
type ExpressionType struct {
	Object
	Type    string // simple, regex, jsonpath, xpath, jsonpointer
	Version string // "" where the plain string was written
}

// CriterionExpressionType is 1.0's name of ExpressionType.
type CriterionExpressionType = ExpressionType

// Selector is the Selector Object (1.1).
type Selector struct {
	Object
	Context, Selector string
	Type              *ExpressionType
}

// RequestBody is the Request Body Object.
type RequestBody struct {
	Object
	ContentType  string
	Payload      *Value // nil where absent
	Replacements []*PayloadReplacement
}

// PayloadReplacement is the Payload Replacement Object.
type PayloadReplacement struct {
	Object
	Target             string
	TargetSelectorType *ExpressionType // 1.1; nil where absent
	Value              *Value
}

// Schema is a JSON Schema 2020-12, as it was written.
type Schema struct {
	*Value
	compiled *compiled
}
