package lint

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/source"
)

//go:embed lambda.openapi.yaml
var lambdaDescription []byte

// builtIn is the location of the built-in description.
const builtIn = "aws-lambda.openapi.yaml"

// Lambda is the built-in description of AWS Lambda's operations on functions, versions, aliases and
// event source mappings.
func Lambda() (*source.Description, error) {
	return source.Loader{}.Parse(context.Background(), builtIn, lambdaDescription)
}

// Sources are loaded descriptions by the name of the source description.
type Sources map[string]*source.Description

func (s Sources) clone() Sources {
	if s == nil {
		return Sources{}
	}
	return maps.Clone(s)
}

// Load reads the descriptions that a document names, as far as they can be read; the errors of the others are by name, too. instead
// names other places for some sources, which the user has chosen.
func Load(ctx context.Context, from source.Loader, d *arazzo.Document, instead map[string]string) (Sources, map[string]error) {
	sources, errs := Sources{}, map[string]error{}
	for _, sd := range d.SourceDescriptions {
		if sd.Type == arazzo.SourceArazzo {
			continue
		}
		var err error
		if place, ok := instead[sd.Name]; ok {
			sources[sd.Name], err = from.Open(ctx, place)
		} else {
			sources[sd.Name], err = from.Load(ctx, source.Base{Location: d.Location, Self: d.Self}, sd.URL)
		}
		if err != nil {
			delete(sources, sd.Name)
			errs[sd.Name] = err
		}
	}
	return sources, errs
}

// Operation finds the operation that a step calls; an error says why there is none.
func (s Sources) Operation(d *arazzo.Document, step *arazzo.Step) (*source.Operation, error) {
	op, _, err := s.find(d, step)
	return op, err
}

// find is Operation with the description. Both are nil without an error for steps that call something else, or whose source is
// not at hand.
func (s Sources) find(d *arazzo.Document, step *arazzo.Step) (*source.Operation, *source.Description, error) {
	switch {
	case step.OperationID != "":
		ref, err := arazzo.ParseOperationID(step.OperationID)
		if err != nil {
			return nil, nil, err
		}
		return s.byID(d, ref)
	case step.OperationPath != "":
		path, err := arazzo.ParseDescriptionPath(step.OperationPath)
		if err != nil {
			return nil, nil, err
		}
		if path.ID != "" {
			return s.byID(d, arazzo.OperationReference{Source: path.Source, ID: path.ID})
		}
		desc := s[path.Source]
		if desc == nil || desc.Kind == source.AsyncAPI {
			return nil, nil, nil
		}
		op, err := desc.OperationAt("#" + path.Pointer.String())
		return op, desc, err
	}
	return nil, nil, nil
}

func (s Sources) byID(d *arazzo.Document, ref arazzo.OperationReference) (*source.Operation, *source.Description, error) {
	var firstErr error
	complete := true
	for _, sd := range d.SourceDescriptions {
		if ref.Source != "" && sd.Name != ref.Source || sd.Type == arazzo.SourceArazzo {
			continue
		}
		desc := s[sd.Name]
		if desc == nil {
			complete = false
			continue
		}
		if desc.Kind == source.AsyncAPI {
			if _, err := desc.AsyncOperation(ref.ID); err == nil {
				return nil, nil, nil
			}
			continue
		}
		op, err := desc.Operation(ref.ID)
		if err == nil {
			return op, desc, nil
		}
		if firstErr == nil {
			firstErr = err
		}
	}
	if !complete || firstErr == nil {
		return nil, nil, nil // it may be in the one that is not at hand
	}
	return nil, nil, firstErr
}

// near finds an operation by its id without regard to letter case.
func (s Sources) near(ref arazzo.OperationReference) *source.Operation {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if ref.Source != "" && name != ref.Source || s[name] == nil {
			continue
		}
		for _, op := range s[name].Operations() {
			if strings.EqualFold(op.ID, ref.ID) {
				return op
			}
		}
	}
	return nil
}

// substitute puts the built-in description in the place of sources that could not be read and whose operations are Lambda's.
func (l *linter) substitute() {
	for _, sd := range l.doc.SourceDescriptions {
		if l.sources[sd.Name] != nil || sd.Type == arazzo.SourceArazzo || sd.Type == arazzo.SourceAsyncAPI {
			continue
		}
		fix, because := "name a description that can be read, or give one with --source "+sd.Name+"=URL_OR_PATH", "is not at hand"
		if err := l.unreadable[sd.Name]; err != nil {
			because = "could not be read: " + err.Error()
		}
		if l.speaksLambda(sd) {
			l.sources[sd.Name] = l.builtIn
			l.report("source-unreadable", sd.At("url"), sd.Path, fix, "%s %s; its operations are AWS Lambda's, and are checked against the built-in description", sd.URL, because)
			continue
		}
		l.report("source-unreadable", sd.At("url"), sd.Path, fix, "%s %s; what depends on it is not checked", sd.URL, because)
	}
}

// speaksLambda tells whether all operationIds that may be from this source are Lambda's, in any letter case.
func (l *linter) speaksLambda(sd *arazzo.SourceDescription) bool {
	if l.builtIn == nil {
		var err error
		if l.builtIn, err = Lambda(); err != nil {
			return false // it is ours: a test reads it
		}
	}
	known := map[string]bool{}
	for _, op := range l.builtIn.Operations() {
		for _, id := range append([]string{op.ID}, op.Aliases...) {
			known[strings.ToLower(id)] = true
		}
	}
	found := 0
	for _, w := range l.doc.Workflows {
		for _, s := range w.Steps {
			ref, err := arazzo.ParseOperationID(s.OperationID)
			if s.OperationID == "" || err != nil || ref.Source != "" && ref.Source != sd.Name {
				continue
			}
			if !known[strings.ToLower(ref.ID)] {
				return false
			}
			found++
		}
	}
	return found > 0
}

// ownName is the name that an operation has from its service: descriptions that know several spellings tell it.
func ownName(op *source.Operation) string {
	if name, ok := op.Extensions["x-aws-operation"].(string); ok {
		return name
	}
	return op.ID
}

// operation checks what a step calls.
func (l *linter) operation(s *stepView) {
	_, _, err := l.sources.find(l.doc, s.Step)
	if err != nil {
		field, ref := "operationPath", arazzo.OperationReference{}
		if s.OperationID != "" {
			field = "operationId"
			ref, _ = arazzo.ParseOperationID(s.OperationID)
		}
		if near := l.sources.near(ref); near != nil && ref.ID != "" {
			f := l.report("operation-id-case", s.At(field), s.Path, "write "+near.ID, "no operation is called %q; one is called %q", ref.ID, near.ID)
			f.Edits = l.text.replacePart(s.At(field), s.OperationID, ref.ID, near.ID)
			return
		}
		l.report("operation-unknown", s.At(field), s.Path, "use an operation of the source", "%v", err)
		return
	}
	if s.op == nil {
		return
	}
	if ref, err := arazzo.ParseOperationID(s.OperationID); s.OperationID != "" && err == nil && ref.ID != ownName(s.op) && ownName(s.op) != "" {
		own := ownName(s.op)
		f := l.report("operation-id-alias", s.At("operationId"), s.Path,
			fmt.Sprintf("write %s, or name the operation by operationPath: {$sourceDescriptions.<name>.url}#%s", own, s.op.Pointer),
			"%q is one of several names in use for this operation, whose own is %q: not every description has it", ref.ID, own)
		if _, err := s.desc.Operation(own); err == nil && s.desc.Location != builtIn { // what the author's own description says is not known
			f.Edits = l.text.replacePart(s.At("operationId"), s.OperationID, ref.ID, own)
		}
	}
	if name := lambdaOperation(s.op); name != "" && !strings.Contains(s.op.Path, "/2015-03-31/") && !slices.ContainsFunc(s.op.Servers, func(v source.Server) bool { return strings.Contains(v.URL, "2015-03-31") }) {
		l.report("lambda-path-prefix", s.At("operationId"), s.Path, "take a description whose paths begin with /2015-03-31",
			"the description gives %s the path %s; Lambda's is /2015-03-31%s", s.op.ID, s.op.Path, s.op.Path)
	}
}
