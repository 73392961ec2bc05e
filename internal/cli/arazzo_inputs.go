package cli

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/charmbracelet/x/term"
	"go.yaml.in/yaml/v4"

	"github.com/headgate/headgate/arazzo"
)

// gather collects the inputs of the workflows that will run, by workflowId. A nearer place wins: flag, environment, file, and last the
// question at a terminal.
func (c *ArazzoRun) gather(e *env, d *document) (map[string]map[string]any, error) {
	file, err := readInputs(c.Inputs)
	if err != nil {
		return nil, err
	}
	flags, err := pairs(slices.Concat(c.Input, c.Given))
	if err != nil {
		return nil, err
	}
	all := map[string]map[string]any{}
	used := map[string]bool{}
	for _, w := range d.Workflows {
		if !c.All && w.WorkflowID != c.Workflow {
			continue
		}
		schemas := inputSchemas(d.Document, w)
		in := map[string]any{}
		maps.Copy(in, file)
		if own, ok := file[w.WorkflowID].(map[string]any); ok && c.All && schemas[w.WorkflowID] == nil {
			in = maps.Clone(own)
		}
		for name, schema := range schemas {
			if text, ok := os.LookupEnv("ARAZZO_INPUT_" + variable(name)); ok {
				in[name] = typed(text, schema)
			}
		}
		for name, text := range flags {
			schema, declared := schemas[name]
			if c.All && !declared && len(schemas) > 0 {
				continue // another workflow's
			}
			used[name] = true
			in[name] = typed(text, schema)
		}
		if err := ask(e, w, schemas, in); err != nil {
			return nil, err
		}
		all[w.WorkflowID] = in
	}
	for name := range flags {
		if !used[name] {
			return nil, usagef("--input %s: no workflow has such an input", name)
		}
	}
	return all, nil
}

// pairs reads NAME=VALUE.
func pairs(list []string) (map[string]string, error) {
	out := map[string]string{}
	for _, p := range list {
		name, value, ok := strings.Cut(p, "=")
		if !ok || name == "" {
			return nil, usagef("input %q is not NAME=VALUE", p)
		}
		value, err := content(value)
		if err != nil {
			return nil, usagef("input %s: %w", name, err)
		}
		out[name] = value
	}
	return out, nil
}

// content resolves @FILE and @base64:FILE; @@ stands for a @ at the beginning.
func content(value string) (string, error) {
	name, file := strings.CutPrefix(value, "@")
	if !file || strings.HasPrefix(name, "@") {
		return name, nil
	}
	name, encode := strings.CutPrefix(name, "base64:")
	b, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	if encode {
		return base64.StdEncoding.EncodeToString(b), nil
	}
	return string(b), nil
}

// readInputs reads an object from a JSON or YAML file.
func readInputs(name string) (map[string]any, error) {
	if name == "" {
		return nil, nil
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, usage{err}
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var in map[string]any
	if err := d.Decode(&in); err == nil {
		return in, nil
	}
	var tree map[string]any
	if err := yaml.Load(b, &tree); err != nil {
		return nil, usagef("%s holds no inputs: %w", name, err)
	}
	text, err := json.Marshal(tree) // to plain JSON values
	if err != nil {
		return nil, usagef("%s holds no inputs: %w", name, err)
	}
	d = json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return in, d.Decode(&in)
}

// inputSchemas are the schemas of a workflow's inputs by name, as far as they are named.
func inputSchemas(d *arazzo.Document, w *arazzo.Workflow) map[string]*arazzo.Value {
	out := map[string]*arazzo.Value{}
	if w.Inputs != nil {
		collectSchemas(d, w.Inputs.Value, out, 0)
	}
	return out
}

func collectSchemas(d *arazzo.Document, v *arazzo.Value, out map[string]*arazzo.Value, depth int) {
	if v = resolved(d, v); v == nil || depth > 16 {
		return
	}
	if properties := v.Member("properties"); properties != nil {
		for _, m := range properties.Members {
			out[m.Name] = resolved(d, m.Value)
		}
	}
	for _, keyword := range []string{"allOf", "anyOf", "oneOf"} {
		if list := v.Member(keyword); list != nil {
			for _, item := range list.Items {
				collectSchemas(d, item, out, depth+1)
			}
		}
	}
}

// resolved follows a reference to the components' inputs.
func resolved(d *arazzo.Document, v *arazzo.Value) *arazzo.Value {
	for range 16 {
		ref := v.Member("$ref")
		if ref == nil {
			return v
		}
		text, _ := ref.Scalar.(string)
		name, ok := strings.CutPrefix(text, "#/components/inputs/")
		if !ok || d.Components == nil {
			return v
		}
		s, found := d.Components.Inputs.Get(name)
		if !found {
			return v
		}
		v = s.Value
	}
	return v
}

// typed reads a text as the value that a schema asks for. Without a schema it is JSON if it looks like it, else text.
func typed(text string, schema *arazzo.Value) any {
	if slices.Contains(schemaTypes(schema), "string") {
		return text
	}
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err == nil && !d.More() {
		return v // whether it is the right one is for the schema to say
	}
	return text // which the schema refuses, together with whatever else is wrong
}

func schemaTypes(schema *arazzo.Value) []string {
	t := schema.Member("type")
	if t == nil {
		return nil
	}
	if one, ok := t.Scalar.(string); ok {
		return []string{one}
	}
	var out []string
	for _, item := range t.Items {
		if one, ok := item.Scalar.(string); ok {
			out = append(out, one)
		}
	}
	return out
}

// ask asks for required inputs at a terminal; anywhere else the run says what is missing.
func ask(e *env, w *arazzo.Workflow, schemas map[string]*arazzo.Value, in map[string]any) error {
	tty, ok := e.stdin.(*os.File)
	if !ok || w.Inputs == nil || !term.IsTerminal(tty.Fd()) || e.json {
		return nil
	}
	required := resolved(w.Document(), w.Inputs.Value).Member("required")
	if required == nil {
		return nil
	}
	withDefaults := w.WithDefaults(in)
	for _, item := range required.Items {
		name, _ := item.Scalar.(string)
		if _, given := withDefaults[name]; given || name == "" {
			continue
		}
		text, err := prompt(e, tty, name, schemas[name])
		if err != nil {
			return err
		}
		in[name] = typed(text, schemas[name])
	}
	return nil
}

// prompt asks one question; what is typed for a password does not show.
func prompt(e *env, tty *os.File, name string, schema *arazzo.Value) (string, error) {
	about := ""
	if description := schema.Member("description"); description != nil {
		about, _ = description.Scalar.(string)
	}
	fmt.Fprintf(e.stderr, "%s%s: ", name, after(", ", strings.TrimSuffix(about, ".")))
	if format := schema.Member("format"); format != nil && format.Scalar == "password" {
		b, err := term.ReadPassword(tty.Fd())
		fmt.Fprintln(e.stderr)
		return string(b), err
	}
	var line []byte
	for b := make([]byte, 1); ; { // byte by byte: what follows the line is the next question's
		n, err := tty.Read(b)
		if n == 0 && err != nil {
			return "", usagef("input %s is missing", name)
		}
		if b[0] == '\n' {
			return strings.TrimRight(string(line), "\r"), nil
		}
		line = append(line, b[0])
	}
}
