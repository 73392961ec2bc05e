package runner

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/expression"
	"github.com/headgate/headgate/arazzo/source"
)

// document is an Arazzo document with what its workflows need to run.
type document struct {
	*arazzo.Document
	run       *run
	sources   []*apiSource // in the document's order
	workflows map[string]*workflowPlan
	self      string // $self, resolved as far as the location allows
}

// apiSource is a source description, loaded when first needed.
type apiSource struct {
	model  *arazzo.SourceDescription
	loaded bool
	err    error
	api    *source.Description // openapi, asyncapi
	doc    *document           // arazzo
}

// document prepares a document and refuses one that is not valid.
func (r *run) document(doc *arazzo.Document) (*document, error) {
	for _, d := range r.docs {
		if d.Document == doc {
			return d, nil
		}
	}
	if len(r.docs) >= r.limits.Documents {
		return nil, &InvalidError{What: doc.Location, Err: fmt.Errorf("more than %d documents take part", r.limits.Documents)}
	}
	findings := arazzo.Validate(doc, arazzo.Lenient)
	if arazzo.HasErrors(findings) {
		return nil, &InvalidError{What: name(doc), Findings: findings}
	}
	if r.Strict {
		if beyond := beyondCriteria(arazzo.Validate(doc, arazzo.Strict)); arazzo.HasErrors(beyond) {
			return nil, &InvalidError{What: name(doc), Findings: beyond}
		}
	}
	for _, f := range findings {
		if r.Strict && f.Severity == arazzo.SeverityWarning && inCriteria(f) {
			continue // planning says what becomes of it strictly
		}
		r.warn(f)
	}
	d := &document{Document: doc, run: r, workflows: map[string]*workflowPlan{}, self: doc.Self}
	if doc.Self != "" {
		d.self = resolveURI(doc.Location, doc.Self)
	}
	for _, s := range doc.SourceDescriptions {
		d.sources = append(d.sources, &apiSource{model: s})
	}
	r.docs = append(r.docs, d)
	return d, nil
}

func name(doc *arazzo.Document) string {
	if doc.Location != "" {
		return doc.Location
	}
	return "the document"
}

// beyondCriteria drops what is wrong with conditions: they do not make a document impossible to run, they fail (1.1, "Evaluation Errors").
func beyondCriteria(findings []arazzo.Finding) []arazzo.Finding {
	var out []arazzo.Finding
	for _, f := range findings {
		if !inCriteria(f) {
			out = append(out, f)
		}
	}
	return out
}

func inCriteria(f arazzo.Finding) bool {
	return strings.Contains(strings.ToLower(f.Path), "criteria/")
}

// source finds a source description by name and loads it.
func (d *document) source(ctx context.Context, name string) (*apiSource, error) {
	for _, s := range d.sources {
		if s.model.Name == name {
			return s, d.load(ctx, s)
		}
	}
	return nil, fmt.Errorf("there is no source description %q", name)
}

// load reads a source description once. Planning is the work of one goroutine.
func (d *document) load(ctx context.Context, s *apiSource) error {
	if !s.loaded {
		s.loaded = true
		s.err = d.fetch(ctx, s)
	}
	return s.err
}

func (d *document) fetch(ctx context.Context, s *apiSource) error {
	r := d.run
	base := source.Base{Location: d.Location, Self: d.Self}
	override, replaced := r.Sources[s.model.Name]
	if s.model.Type == arazzo.SourceOpenAPI || s.model.Type == arazzo.SourceAsyncAPI {
		var err error
		if replaced {
			s.api, err = r.Loader.Open(ctx, override)
		} else {
			s.api, err = r.Loader.Load(ctx, base, s.model.URL)
		}
		return d.loaded(s, err)
	}
	if known := r.bySelf(base, s.model.URL); known != nil && !replaced {
		return d.arazzo(s, known)
	}
	var file *source.Document
	var err error
	if replaced {
		file, err = r.Loader.OpenDocument(ctx, override)
	} else {
		file, err = r.Loader.Fetch(ctx, base, s.model.URL)
	}
	if err != nil {
		return d.loaded(s, err)
	}
	if s.model.Type == "" && !isArazzo(file.Data) {
		s.api, err = r.Loader.Parse(ctx, file.Location, file.Data)
		return d.loaded(s, err)
	}
	for _, known := range r.docs {
		if known.Location == file.Location && known.Location != "" {
			s.doc = known
			return nil
		}
	}
	doc, findings := arazzo.Parse(file.Data, file.Location)
	if arazzo.HasErrors(findings) {
		return &InvalidError{What: file.Location, Findings: findings}
	}
	return d.arazzo(s, doc)
}

func (d *document) loaded(s *apiSource, err error) error {
	if err != nil {
		return fmt.Errorf("source description %s: %w", s.model.Name, err)
	}
	for _, note := range s.api.Notes {
		d.run.warn(arazzo.Finding{Rule: "source-note", Severity: arazzo.SeverityInfo, Message: s.model.Name + ": " + note, Line: s.model.Line, Column: s.model.Column})
	}
	return nil
}

func (d *document) arazzo(s *apiSource, doc *arazzo.Document) error {
	var err error
	s.doc, err = d.run.document(doc)
	return err
}

// bySelf finds an Arazzo document by its identity among those at hand.
func (r *run) bySelf(base source.Base, ref string) *arazzo.Document {
	want := resolveURI(resolveURI(base.Location, base.Self), ref)
	for _, d := range r.docs {
		if d.self != "" && d.self == want {
			return d.Document
		}
	}
	for _, doc := range r.Documents {
		if doc.Self != "" && doc.Self == want {
			return doc
		}
	}
	return nil
}

// resolveURI resolves a reference as RFC 3986 does, or gives it back where it cannot.
func resolveURI(base, ref string) string {
	b, err := url.Parse(base)
	if err != nil {
		return ref
	}
	u, err := b.Parse(ref)
	if err != nil {
		return ref
	}
	return u.String()
}

// isArazzo looks for the field arazzo at the start of a line or as a first member, which is enough to tell it from openapi and asyncapi.
func isArazzo(data []byte) bool {
	for line := range bytes.Lines(data) {
		line = bytes.TrimLeft(line, " \t{\"")
		if bytes.HasPrefix(line, []byte("arazzo:")) || bytes.HasPrefix(line, []byte("arazzo\"")) {
			return true
		}
	}
	return false
}

// sourceField answers $sourceDescriptions.<name>.<ref>: an id that the description has wins over a field.
func (d *document) sourceField(name, ref string) (any, bool) {
	for _, s := range d.sources {
		if s.model.Name != name {
			continue
		}
		if s.has(ref) {
			return ref, true
		}
		switch ref {
		case "name":
			return s.model.Name, true
		case "url":
			return s.model.URL, true
		case "type":
			return s.model.Type, s.model.Type != ""
		}
	}
	return nil, false
}

// has tells whether the loaded description defines an operation or workflow of that id.
func (s *apiSource) has(id string) bool {
	switch {
	case s.doc != nil:
		return s.doc.Workflow(id) != nil
	case s.api != nil && s.api.Kind == source.AsyncAPI:
		_, err := s.api.AsyncOperation(id)
		return err == nil
	case s.api != nil:
		op, err := s.api.Operation(id)
		return err == nil && op.ID == id
	}
	return false
}

// component answers $components.<kind>.<name> as it was written.
func (d *document) component(kind, name string) (any, bool) {
	if d.Components == nil || kind != "parameters" {
		return nil, false
	}
	p, found := d.Components.Parameters.Get(name)
	if !found || p.Value == nil {
		return nil, false
	}
	return p.Value.Data(), true
}

// ref reads the name of a workflow and finds its plan.
func (d *document) workflowRef(ctx context.Context, text string) (*workflowPlan, error) {
	ref, err := expression.ParseWorkflowReference(text)
	if err != nil {
		return nil, err
	}
	if ref.Source == "" {
		return d.plan(ctx, ref.Workflow)
	}
	s, err := d.source(ctx, ref.Source)
	if err != nil {
		return nil, err
	}
	if s.doc == nil {
		return nil, fmt.Errorf("source description %s is no Arazzo document, so it has no workflow %q", ref.Source, ref.Workflow)
	}
	return s.doc.plan(ctx, ref.Workflow)
}
