// Package generate writes the skeleton of an Arazzo document: one step for each of some operations of an OpenAPI description, in order.
//
//	required parameters, members of bodies ─► inputs, or the outputs of the same name of an earlier step
//	codes from 200 to 299                  ─► successCriteria
//	members of the answers                 ─► outputs
//
// What it writes is valid to the letter and finds no fault with lint; what an author may want to add stands in comments.
package generate

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/arazzo/source"
)

// Options say what to write.
type Options struct {
	Operations []string // operationIds, in the order of the steps
	URL        string   // where the description is: a path or a URL
	File       string   // where the document will be, so that a path to the description can be relative to it; empty: here
	Source     string   // name of the source description; empty: api
	WorkflowID string   // empty: workflow
	Title      string   // empty: made of the description's
}

// most bounds the outputs of a step, those that later steps need excepted.
const most = 8

// Document writes the skeleton as YAML.
func Document(api *source.Description, o Options) ([]byte, error) {
	if len(o.Operations) == 0 {
		return nil, errors.New("no operations were named")
	}
	if api.Kind == source.AsyncAPI {
		return nil, fmt.Errorf("%s is an AsyncAPI description; only operations of OpenAPI become steps", api.Location)
	}
	g := &generator{o: o, inputs: map[string]*input{}, stepIDs: map[string]bool{}}
	for _, id := range o.Operations {
		op, err := api.Operation(id)
		if err != nil {
			return nil, err
		}
		g.operations = append(g.operations, op)
	}
	for i, op := range g.operations {
		g.steps = append(g.steps, g.step(i, op))
	}
	return []byte(g.write(api)), nil
}

type generator struct {
	o          Options
	operations []*source.Operation
	steps      []*step
	inputs     map[string]*input
	order      []string // of inputs
	stepIDs    map[string]bool
}

type input struct {
	name     string
	kind     string // JSON type; empty: any
	required bool
}

type step struct {
	id, summary string
	op          *source.Operation
	parameters  []binding
	content     string    // of the body; empty: none
	members     []binding // of the body
	payload     string    // instead of members
	optional    []string  // what could be given, too
	criteria    []string
	outputs     []output
}

// binding is a parameter or a member with its value.
type binding struct{ name, in, value string }

type output struct{ name, value string }

func (g *generator) step(i int, op *source.Operation) *step {
	s := &step{id: g.stepID(op), op: op, summary: op.Summary}
	for _, p := range op.Parameters {
		if !p.Required || p.HasDefault {
			s.optional = append(s.optional, p.Name+" ("+p.In+")")
			continue
		}
		s.parameters = append(s.parameters, binding{p.Name, p.In, g.value(i, p.Name, p.Schema)})
	}
	g.body(i, s)
	s.criteria = criteria(op)
	s.outputs = g.outputs(i, op)
	return s
}

// stepID is the operation's id with a small first letter, or one made of its method and path.
func (g *generator) stepID(op *source.Operation) string {
	id := op.ID
	if id == "" {
		id = strings.ToLower(op.Method) + op.Path
	}
	id = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '_'
	}, id)
	id = strings.ToLower(id[:1]) + id[1:]
	unique := id
	for n := 2; g.stepIDs[unique]; n++ {
		unique = id + strconv.Itoa(n)
	}
	g.stepIDs[unique] = true
	return unique
}

// value is where a parameter or member comes from: the latest earlier step with an output of that name, else an input.
func (g *generator) value(i int, name string, schema *source.Schema) string {
	for k := i - 1; k >= 0; k-- {
		for _, o := range g.steps[k].outputs {
			if strings.EqualFold(o.name, key(name)) {
				return "$steps." + g.steps[k].id + ".outputs." + o.name
			}
		}
	}
	return g.input(name, typeOf(schema), true)
}

func (g *generator) input(name, kind string, required bool) string {
	name = key(name)
	in := g.inputs[name]
	if in == nil {
		in = &input{name: name, kind: kind}
		g.inputs[name] = in
		g.order = append(g.order, name)
	}
	in.required = in.required || required
	return "$inputs." + name
}

// key makes a name fit the grammar of expressions and of keys of outputs.
func key(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '_'
	}, name)
}

// body takes the required members of an object. A body without such is one input as a whole, if it is required.
func (g *generator) body(i int, s *step) {
	b := s.op.Body
	if b == nil || len(b.Content) == 0 {
		return
	}
	media := b.Content[0]
	for _, m := range b.Content {
		if m.Type == "application/json" {
			media = m
		}
	}
	var required []string
	if media.Schema != nil {
		list := requiredOf(media.Schema)
		for _, name := range media.Schema.Properties() {
			if slices.Contains(list, any(name)) {
				required = append(required, name)
			} else {
				s.optional = append(s.optional, name)
			}
		}
	}
	s.content = media.Type
	if len(required) == 0 {
		s.optional = nil
		s.payload = g.input(s.id+"Body", typeOf(media.Schema), b.Required)
		return
	}
	for _, name := range required {
		inner, _ := media.Schema.At("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
		s.members = append(s.members, binding{name: name, value: g.value(i, name, inner)})
	}
}

// requiredOf lists the members that a schema demands.
func requiredOf(schema *source.Schema) []any {
	data, _ := schema.Data().(map[string]any)
	defs, _ := data["$defs"].(map[string]any)
	for range 8 { // the schema may be a reference to one of its definitions
		ref, ok := data["$ref"].(string)
		if !ok {
			break
		}
		data, _ = defs[strings.NewReplacer("~1", "/", "~0", "~").Replace(strings.TrimPrefix(ref, "#/$defs/"))].(map[string]any)
	}
	list, _ := data["required"].([]any)
	return list
}

func typeOf(schema *source.Schema) string {
	if schema == nil {
		return ""
	}
	if types := schema.Types(); len(types) == 1 {
		return types[0]
	}
	return ""
}

// criteria is what the description calls success, and, where it names the header of errors that come with 200, that there is none.
func criteria(op *source.Operation) []string {
	var codes []string
	errorHeader := false
	for _, r := range op.Responses {
		switch {
		case strings.EqualFold(r.Status, "2XX"):
			codes = append(codes, "$statusCode >= 200 && $statusCode < 300")
		case len(r.Status) == 3 && r.Status[0] == '2':
			codes = append(codes, "$statusCode == "+r.Status)
		}
		errorHeader = errorHeader || slices.ContainsFunc(r.Headers, func(h *source.Parameter) bool { return strings.EqualFold(h.Name, "X-Amz-Function-Error") })
	}
	if len(codes) == 0 {
		return nil
	}
	out := []string{strings.Join(codes, " || ")}
	if errorHeader {
		out = append(out, "$response.header.X-Amz-Function-Error == null")
	}
	return out
}

// outputs are members of the answer: those that later operations ask for by name, and the first few others.
func (g *generator) outputs(i int, op *source.Operation) []output {
	for _, r := range op.Responses {
		status, err := strconv.Atoi(r.Status)
		if strings.EqualFold(r.Status, "2XX") {
			status, err = 200, nil
		}
		if err != nil || status/100 != 2 || len(r.Content) == 0 {
			continue
		}
		schema := op.ResponseSchema(status, "")
		var properties []string
		if schema != nil {
			properties = schema.Properties()
		}
		if len(properties) == 0 {
			return []output{{"body", "$response.body"}}
		}
		var out []output
		for n, name := range properties {
			if key(name) != name || n >= most && !g.wanted(i, name) {
				continue
			}
			out = append(out, output{name, "$response.body#/" + name})
		}
		return out
	}
	return nil
}

// wanted tells whether an operation after the i-th needs a value of this name.
func (g *generator) wanted(i int, name string) bool {
	for _, op := range g.operations[i+1:] {
		for _, p := range op.Parameters {
			if p.Required && strings.EqualFold(p.Name, name) {
				return true
			}
		}
	}
	return false
}

// place is where the document finds the description.
func (g *generator) place() string {
	if u, err := url.Parse(g.o.URL); err == nil && (u.Scheme == "http" || u.Scheme == "https") || g.o.File == "" || g.o.File == "-" {
		return g.o.URL
	}
	from, err1 := filepath.Abs(filepath.Dir(g.o.File))
	to, err2 := filepath.Abs(g.o.URL)
	if err1 != nil || err2 != nil {
		return g.o.URL
	}
	rel, err := filepath.Rel(from, to)
	if err != nil {
		return g.o.URL
	}
	return filepath.ToSlash(rel)
}
