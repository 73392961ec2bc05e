package arazzo

import (
	"fmt"
	"net/url"
	"regexp"
)

// Strictness says how Validate treats leniencies.
type Strictness bool

// The two ways to read a document.
const (
	Lenient Strictness = false // a leniency is a warning
	Strict  Strictness = true  // a leniency is an error
)

// Validate checks what the specification demands beyond the form: that ids are
// unique, that references lead somewhere, that fields fit together, and that
// criteria, expressions, selectors and schemas can be read. Source
// descriptions are not loaded.
func Validate(d *Document, strict Strictness) []Finding {
	v := &validator{doc: d, strict: bool(strict), told: map[string]bool{}, jumping: map[*Workflow]bool{}}
	for _, f := range d.lenient {
		if v.strict {
			f.Severity = SeverityError
		}
		v.findings = append(v.findings, f)
	}
	v.document()
	return sortFindings(v.findings)
}

// validator collects the findings of one document.
type validator struct {
	doc      *Document
	strict   bool
	findings []Finding
	told     map[string]bool    // by rule, place and message
	jumping  map[*Workflow]bool // see jumps
}

// report notes a finding, each once and a thousand at most: a document of
// others must not fill the memory.
func (v *validator) report(severity Severity, rule string, at Pos, path, hint, format string, args ...any) {
	f := Finding{Rule: rule, Severity: severity, Message: fmt.Sprintf(format, args...), Line: at.Line, Column: at.Column, Path: path, Hint: hint}
	// A shared component is checked at every use: one finding a place will do.
	key := fmt.Sprint(f.Rule, f.Line, ":", f.Column, f.Message)
	if !v.told[key] && len(v.told) < maxFindings {
		v.told[key] = true
		v.findings = append(v.findings, f)
	}
}

// at is a place to report: a field of an object.
type at struct {
	pos  Pos
	path string
}

func (o *Object) field(name string) at { return at{o.At(name), o.Path + "/" + name} }
func (o *Object) self() at             { return at{o.Pos, o.Path} }

func (v *validator) fail(rule string, where at, hint, format string, args ...any) {
	v.report(SeverityError, rule, where.pos, where.path, hint, format, args...)
}

// warn reports what the specification recommends (SHOULD).
func (v *validator) warn(rule string, where at, hint, format string, args ...any) {
	v.report(SeverityWarning, rule, where.pos, where.path, hint, format, args...)
}

// lenient reports what the specification forbids and the world writes.
func (v *validator) lenient(rule string, where at, hint, format string, args ...any) {
	severity := SeverityWarning
	if v.strict {
		severity = SeverityError
	}
	v.report(severity, rule, where.pos, where.path, hint, format, args...)
}

var (
	idForm  = regexp.MustCompile(`^[A-Za-z0-9_\-]+$`)
	keyForm = regexp.MustCompile(`^[a-zA-Z0-9.\-_]+$`)
)

func (v *validator) document() {
	d := v.doc
	if d.Self != "" {
		v.self()
	}
	if d.Info != nil {
		v.filled(&d.Info.Object, "title", d.Info.Title)
		v.filled(&d.Info.Object, "version", d.Info.Version)
	}
	v.sources()
	if len(d.Workflows) == 0 && d.Has("workflows") {
		v.fail("workflows-empty", d.field("workflows"), "", "a document must have at least one workflow")
	}
	seen := map[string]*Workflow{}
	for _, w := range d.Workflows {
		if before := seen[w.WorkflowID]; before != nil && w.WorkflowID != "" {
			v.fail("duplicate-workflow-id", w.field("workflowId"), "", "the workflowId %q was given at line %d already", w.WorkflowID, before.At("workflowId").Line)
		}
		seen[w.WorkflowID] = w
		v.id(&w.Object, "workflowId", w.WorkflowID)
	}
	v.components()
	for _, w := range d.Workflows {
		v.workflow(w)
	}
	v.workflowCycles()
}

// filled demands that a required string is not empty.
func (v *validator) filled(o *Object, name, s string) bool {
	if s == "" && o.Has(name) && !o.fields[name].wrong {
		v.fail("empty-field", o.field(name), "", "the field %s must not be empty", name)
	}
	return s != ""
}

// id recommends the characters of ids (SHOULD), without which expressions
// cannot name the object.
func (v *validator) id(o *Object, name, id string) {
	if v.filled(o, name, id) && !idForm.MatchString(id) {
		v.warn("id-form", o.field(name), "letters, digits, '-' and '_'", "the %s %q should match [A-Za-z0-9_-]+, or expressions cannot name it", name, id)
	}
}

func (v *validator) self() {
	where := v.doc.field("$self")
	u, err := url.Parse(v.doc.Self)
	switch {
	case err != nil:
		v.fail("self", where, "", "$self is no URI reference: %v", err)
	case u.Fragment != "" || u.RawFragment != "":
		v.fail("self", where, "remove what follows #", "$self must not have a fragment")
	}
}

func (v *validator) sources() {
	d := v.doc
	if len(d.SourceDescriptions) == 0 && d.Has("sourceDescriptions") {
		v.fail("sources-empty", d.field("sourceDescriptions"), "", "a document must have at least one source description")
	}
	seen := map[string]*SourceDescription{}
	for _, s := range d.SourceDescriptions {
		if before := seen[s.Name]; before != nil && s.Name != "" {
			v.fail("duplicate-source", s.field("name"), "", "the source description %q was given at line %d already", s.Name, before.At("name").Line)
		}
		seen[s.Name] = s
		v.id(&s.Object, "name", s.Name)
		if v.filled(&s.Object, "url", s.URL) {
			if _, err := url.Parse(s.URL); err != nil {
				v.fail("source-url", s.field("url"), "", "the url is no URI reference: %v", err)
			}
		}
		v.sourceType(s)
	}
}

// sourceType checks a type. Where none is given, what the source is shows when
// it is loaded.
func (v *validator) sourceType(s *SourceDescription) {
	switch s.Type {
	case "", SourceOpenAPI, SourceArazzo:
	case SourceAsyncAPI:
		if v.doc.Minor == 0 {
			v.lenient("field-of-1.1", s.field("type"), "write arazzo: 1.1.0", "the type asyncapi is known since version 1.1, and the document says %s", v.doc.Version)
		}
	default:
		v.fail("source-type", s.field("type"), "openapi, asyncapi or arazzo", "%q is no type of source description", s.Type)
	}
}

// components checks the form of each component. What an expression or a target
// in it refers to depends on the workflow and is checked where it is used.
func (v *validator) components() {
	c := v.doc.Components
	if c == nil {
		return
	}
	componentKeys(v, c.Inputs)
	componentKeys(v, c.Parameters)
	componentKeys(v, c.SuccessActions)
	componentKeys(v, c.FailureActions)
	for _, s := range c.Inputs.All() {
		v.schema(s)
	}
	for _, p := range c.Parameters.All() {
		if v.noReusable(p.Reusable) {
			v.parameterForm(p)
			v.values(scope{}, p.Value)
		}
	}
	for _, list := range []*Map[*Action]{c.SuccessActions, c.FailureActions} {
		for _, a := range list.All() {
			if v.noReusable(a.Reusable) {
				v.actionForm(a)
				v.criteria(scope{}, a.Criteria)
			}
		}
	}
}

// componentKeys demands the form of keys (MUST).
func componentKeys[T any](v *validator, m *Map[T]) {
	for key := range m.All() {
		if !keyForm.MatchString(key) {
			v.fail("key-form", at{m.KeyAt(key), m.Path}, "letters, digits, '.', '-' and '_'", "the key %q must match ^[a-zA-Z0-9.\\-_]+$", key)
		}
	}
}

func (v *validator) noReusable(r *Reusable) bool {
	if r != nil {
		v.fail("reusable-in-components", r.self(), "write the object out", "a component cannot be a Reusable Object itself")
	}
	return r == nil
}
