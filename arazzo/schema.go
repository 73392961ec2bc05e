package arazzo

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// documentURI is what the document is called among its schemas: references
// with a fragment alone lead into it.
const documentURI = "arazzo:///document"

// schemas compiles the schemas of a document, all with one compiler.
type schemas struct {
	mu       sync.Mutex
	compiler *jsonschema.Compiler // nil until it is needed
	current  *compiled            // whose patterns are being compiled
	err      error                // why none is compiled
}

// compiled is a schema, compiled when first needed.
type compiled struct {
	once    sync.Once
	schema  *jsonschema.Schema
	err     error
	lenient bool     // its references were read as if it stood alone
	skipped []string // patterns that RE2 cannot read, which match anything
}

// compile reads the schema as JSON Schema 2020-12. References lead into the
// document only: nothing is loaded.
func (s *Schema) compile(d *Document) *compiled {
	c := s.compiled
	c.once.Do(func() {
		d.schemas.mu.Lock()
		defer d.schemas.mu.Unlock()
		d.schemas.compile(d, s, c)
		var missing *jsonschema.JSONPointerNotFoundError
		if !errors.As(c.err, &missing) {
			return
		}
		// The world writes #/$defs/x, meaning the schema itself.
		alone := &schemas{current: c}
		alone.prepare(s.data)
		if schema, err := alone.at(""); err == nil {
			c.schema, c.err, c.lenient = schema, nil, true
		}
	})
	return c
}

// maxSchemaValues bounds the values of all schemas of a document: to compile
// them takes time by the square of their number.
const maxSchemaValues = 20_000

func (d *Document) schemaValues() int {
	n := 0
	for _, w := range d.Workflows {
		if w.Inputs != nil {
			n += w.Inputs.size()
		}
	}
	if d.Components != nil {
		for _, s := range d.Components.Inputs.All() {
			n += s.size()
		}
	}
	return n
}

// size counts a value and all values inside.
func (v *Value) size() int {
	n := 1
	for _, item := range v.Items {
		n += item.size()
	}
	for _, m := range v.Members {
		n += m.Value.size()
	}
	return n
}

// compile fills c. The caller holds the lock.
func (s *schemas) compile(d *Document, schema *Schema, c *compiled) {
	if s.compiler == nil && s.err == nil && d.schemaValues() > maxSchemaValues {
		s.err = fmt.Errorf("the schemas of the document hold more than %d values", maxSchemaValues)
	}
	if s.err != nil {
		c.err = s.err
		return
	}
	if s.compiler == nil {
		s.prepare(d.root.data)
		// Anchors are known once their schema was read.
		if d.Components != nil {
			for _, reusable := range d.Components.Inputs.All() {
				s.current = reusable.compiled
				_, _ = s.at(reusable.Path) // reported where it stands
			}
		}
	}
	s.current = c
	c.schema, c.err = s.at(schema.Path)
}

// prepare makes a compiler that knows one resource and loads no other.
func (s *schemas) prepare(root any) {
	s.compiler = jsonschema.NewCompiler()
	s.compiler.DefaultDraft(jsonschema.Draft2020)
	s.compiler.UseLoader(noLoader{})
	s.compiler.UseRegexpEngine(func(text string) (jsonschema.Regexp, error) { return s.current.pattern(text) })
	// It fails for a name that was given already, or one that is no URI.
	_ = s.compiler.AddResource(documentURI, root)
}

func (s *schemas) at(path string) (schema *jsonschema.Schema, err error) {
	// Foreign code on a text of others: a defect in it must not end the process.
	defer func() {
		if p := recover(); p != nil {
			schema, err = nil, fmt.Errorf("the schema cannot be read: %v", p)
		}
	}()
	return s.compiler.Compile(documentURI + "#" + fragment(path))
}

// fragment escapes a JSON pointer for a URI.
func fragment(pointer string) string { return (&url.URL{Fragment: pointer}).EscapedFragment() }

// noLoader refuses to load: a schema may not read files or the network.
type noLoader struct{}

func (noLoader) Load(uri string) (any, error) {
	return nil, fmt.Errorf("%s is not loaded: schemas refer within the document", uri)
}

// pattern compiles a pattern of the schema. Patterns are ECMAScript's; what
// RE2 cannot read matches anything, which Validate tells.
func (c *compiled) pattern(s string) (jsonschema.Regexp, error) {
	re, err := regexp.Compile(s)
	if err == nil {
		return re, nil
	}
	if strings.Contains(s, "(?") || strings.Contains(s, `\`) {
		c.skipped = append(c.skipped, s)
		return anything(s), nil
	}
	return nil, err
}

// anything stands for a pattern that cannot be read.
type anything string

func (anything) MatchString(string) bool { return true }
func (a anything) String() string        { return string(a) }

// schema checks that a schema is one.
func (v *validator) schema(s *Schema) {
	where := at{s.Pos, s.Path}
	if s.Kind != KindObject && s.Kind != KindBool {
		v.fail("schema", where, "", "inputs must be a JSON Schema, not %s", s.Kind)
		return
	}
	c := s.compile(v.doc)
	for _, pattern := range c.skipped {
		v.warn("schema-pattern", where, "", "the pattern %q needs a regular expression that RE2 lacks: it is not checked", pattern)
	}
	if c.lenient {
		v.lenient("lenient-schema-reference", where, "write '#"+s.Path+"/$defs/…' or move it to '#/components/inputs/…'", "a reference into the schema must start at the document's root")
	}
	if c.err != nil {
		v.schemaError(s, c.err)
	}
	// A schema that is nothing but a reference which leads back to it compiles, and refuses whatever it is given. One that comes back
	// through a keyword such as properties is recursive, as trees are.
	seen := map[*jsonschema.Schema]bool{}
	for ref := c.schema; ref != nil && ref.Ref != nil; ref = ref.Ref {
		if seen[ref] {
			v.fail("schema", where, "", "the schema is not valid: its references lead back to where they start")
			return
		}
		seen[ref] = true
	}
}

// schemaError reports each fault at its place in the schema.
func (v *validator) schemaError(s *Schema, err error) {
	var invalid *jsonschema.ValidationError
	var fault *jsonschema.SchemaValidationError
	if errors.As(err, &fault) && errors.As(fault.Err, &invalid) {
		base := v.doc.root
		if _, path, found := strings.Cut(fault.URL, "#"); found {
			if plain, err := url.PathUnescape(path); err == nil && base.find(plain) != nil {
				base = base.find(plain)
			}
		}
		for _, leaf := range leaves(invalid) {
			place := base.along(leaf.InstanceLocation)
			v.fail("schema", at{place.Pos, place.Path}, "", "the schema is not valid: %s", describeError(leaf))
		}
		return
	}
	v.fail("schema", at{s.Pos, s.Path}, "", "the schema is not valid: %s", strings.ReplaceAll(err.Error(), documentURI, ""))
}

// find answers the value at a JSON pointer, nil if there is none.
func (v *Value) find(pointer string) *Value {
	if pointer == "" {
		return v
	}
	var tokens []string
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		tokens = append(tokens, strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~"))
	}
	found := v.along(tokens)
	if found.Path != v.Path+pointer {
		return nil
	}
	return found
}

// along follows the tokens as far as they lead.
func (v *Value) along(tokens []string) *Value {
	for _, token := range tokens {
		next := v.Member(token)
		if v.Kind == KindArray {
			for i, item := range v.Items {
				if fmt.Sprint(i) == token {
					next = item
				}
			}
		}
		if next == nil {
			break
		}
		v = next
	}
	return v
}
