package arazzo

import (
	"strings"
)

// step checks a step by itself and against its workflow.
func (v *validator) step(w *Workflow, s *Step) {
	sc := scope{w: w, s: s}
	v.target(s)
	v.async(s)
	v.stepDependsOn(w, s)
	v.parameters(sc, s.Parameters, s.WorkflowID != "")
	v.effective(w, s)
	if s.RequestBody != nil {
		v.requestBody(sc, s)
	}
	if s.Has("successCriteria") && len(s.SuccessCriteria) == 0 {
		v.fail("criteria-empty", s.field("successCriteria"), "leave the field away", "successCriteria must have at least one criterion")
	}
	after := scope{w: w, s: s, phase: afterStep}
	v.criteria(after, s.SuccessCriteria)
	v.actions(after, s.OnSuccess)
	v.actions(after, s.OnFailure)
	v.outputs(after, s.Outputs)
	if s.CorrelationID != nil {
		v.values(sc, s.CorrelationID)
	}
}

// target checks that the step has exactly one of the fields that say what it
// does.
func (v *validator) target(s *Step) {
	var given []string
	for _, name := range []string{"operationId", "operationPath", "channelPath", "workflowId"} {
		if s.Has(name) {
			given = append(given, name)
		}
	}
	switch {
	case len(given) == 0:
		v.fail("step-target", s.self(), "add operationId, operationPath, channelPath or workflowId", "the step %s does nothing", s.StepID)
	case len(given) > 1:
		v.fail("step-target", s.field(given[1]), "keep one of them", "the fields %s exclude each other", strings.Join(given, " and "))
	}
	if s.OperationID != "" {
		v.operationID(s)
	}
	if s.OperationPath != "" {
		v.descriptionPath(s, "operationPath", s.OperationPath)
	}
	if s.ChannelPath != "" {
		v.descriptionPath(s, "channelPath", s.ChannelPath)
	}
	if s.WorkflowID != "" {
		v.workflowReference(s.WorkflowID, s.field("workflowId"))
	}
	for _, name := range given {
		v.filled(&s.Object, name, map[string]string{"operationId": s.OperationID, "operationPath": s.OperationPath, "channelPath": s.ChannelPath, "workflowId": s.WorkflowID}[name])
	}
}

func (v *validator) operationID(s *Step) {
	where := s.field("operationId")
	ref, err := ParseOperationID(s.OperationID)
	if err != nil {
		v.fail("operation-reference", where, "", "%v", err)
		return
	}
	if ref.Source != "" {
		if source := v.source(ref.Source, where); source != nil && source.Type == SourceArazzo {
			v.fail("source-type", where, "use workflowId", "the source description %q is an Arazzo document: it has workflows, no operations", source.Name)
		}
		return
	}
	if n := v.apis(); n > 1 {
		v.lenient("ambiguous-operation", where, "write $sourceDescriptions.<name>."+ref.ID, "with %d source descriptions an operationId must say which one it is of", n)
	}
}

// apis counts the sources that have operations.
func (v *validator) apis() int {
	n := 0
	for _, s := range v.doc.SourceDescriptions {
		if s.Type != SourceArazzo {
			n++
		}
	}
	return n
}

// descriptionPath checks an operationPath or channelPath as far as the document
// says; whether the pointer leads anywhere shows when the source is loaded.
func (v *validator) descriptionPath(s *Step, name, text string) {
	where := s.field(name)
	path, err := ParseDescriptionPath(text)
	if err != nil {
		v.fail("operation-reference", where, "", "%v", err)
		return
	}
	if path.Source == "" {
		if name == "operationPath" {
			v.fail("operation-reference", where, "write operationId: "+text, "%q is no path: write '{$sourceDescriptions.<name>.url}#/<json pointer>'", text)
			return
		}
		v.lenient("lenient-operation-path", where, "write '{$sourceDescriptions.<name>.url}#/channels/"+text+"'", "%s names a channel without its source description", name)
		return
	}
	source := v.source(path.Source, where)
	switch {
	case path.ID != "":
		v.lenient("lenient-operation-path", where, "write operationId: "+text, "%s names an operation by its id, not by a JSON pointer", name)
	case path.Lenient:
		v.lenient("lenient-operation-path", where, "write '{$sourceDescriptions."+path.Source+".url}#"+path.Pointer.String()+"'", "the expression within %s must stand in braces", name)
	}
	if source == nil || source.Type == "" {
		return
	}
	if name == "channelPath" && source.Type != SourceAsyncAPI {
		v.fail("source-type", where, "use operationPath", "the source description %q is %s: channels are in one of the type asyncapi", source.Name, source.Type)
	} else if source.Type == SourceArazzo {
		v.fail("source-type", where, "use workflowId", "the source description %q is an Arazzo document: it has workflows, no operations", source.Name)
	}
}

// async checks the fields that only steps of AsyncAPI descriptions have.
func (v *validator) async(s *Step) {
	switch s.Action {
	case "":
		if s.ChannelPath != "" {
			v.fail("action-missing", s.field("channelPath"), "add action: send, or action: receive", "a step with a channelPath must say its action")
		}
	case ActionSend, ActionReceive:
	default:
		v.fail("action", s.field("action"), "send or receive", "%q is no action", s.Action)
	}
	if s.CorrelationID != nil && s.Action == ActionSend {
		v.fail("correlation-id", s.field("correlationId"), "", "a correlationId is for steps that receive")
	}
	if s.Timeout != nil && *s.Timeout < 0 {
		v.fail("timeout", s.field("timeout"), "", "a timeout is not negative: %d", *s.Timeout)
	}
	if s.Action == "" && s.CorrelationID == nil {
		return
	}
	if source := v.stepSource(s); s.WorkflowID != "" || source != nil && source.Type != SourceAsyncAPI && source.Type != "" {
		name := "action"
		if s.Action == "" {
			name = "correlationId"
		}
		v.fail("async-field", s.field(name), "", "the field %s is for steps of AsyncAPI descriptions", name)
	}
}

// stepSource answers the source that a step names, or the only one there is.
func (v *validator) stepSource(s *Step) *SourceDescription {
	name := ""
	if ref, err := ParseOperationID(s.OperationID); err == nil {
		name = ref.Source
	}
	for _, text := range []string{s.OperationPath, s.ChannelPath} {
		if path, err := ParseDescriptionPath(text); err == nil {
			name = path.Source
		}
	}
	if name == "" && s.WorkflowID == "" && len(v.doc.SourceDescriptions) == 1 {
		return v.doc.SourceDescriptions[0]
	}
	return v.doc.Source(name)
}

func (v *validator) requestBody(sc scope, s *Step) {
	body := s.RequestBody
	if s.WorkflowID != "" {
		v.lenient("request-body-of-workflow", s.field("requestBody"), "pass parameters", "a step that calls a workflow has no request body")
	}
	if body.Payload != nil {
		v.values(sc, body.Payload)
	}
	for _, r := range body.Replacements {
		v.replacement(sc, body, r)
	}
}

func (v *validator) replacement(sc scope, body *RequestBody, r *PayloadReplacement) {
	if r.Value != nil {
		v.values(sc, r.Value)
	}
	if r.TargetSelectorType != nil && !v.selectorType(r.TargetSelectorType) || !r.Has("target") {
		return
	}
	q, err := r.Query(body.ContentType)
	if err != nil {
		v.fail("replacement-target", r.field("target"), "", "%v", err)
		return
	}
	for _, w := range q.Warnings() {
		v.lenient(w.Rule, r.field("target"), w.Hint, "%s", w.Message)
	}
}
