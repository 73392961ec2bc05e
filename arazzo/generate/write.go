package generate

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/headgate/headgate/arazzo/source"
)

// write puts the document together by hand, so that it has comments and the order that people write.
func (g *generator) write(api *source.Description) string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("arazzo: 1.0.1")
	p("info:")
	p("  title: %s", scalar(cmp.Or(g.o.Title, "Workflow of "+cmp.Or(api.Title, "an API"))))
	p("  version: 1.0.0")
	p("sourceDescriptions:")
	p("- name: %s", scalar(cmp.Or(g.o.Source, "api")))
	p("  url: %s", scalar(g.place()))
	p("  type: openapi")
	p("workflows:")
	p("- workflowId: %s", scalar(cmp.Or(g.o.WorkflowID, "workflow")))
	g.writeInputs(p)
	p("  steps:")
	for _, s := range g.steps {
		s.write(p)
	}
	g.writeOutputs(p)
	return b.String()
}

type printf = func(format string, args ...any)

func (g *generator) writeInputs(p printf) {
	if len(g.order) == 0 {
		return
	}
	var required []string
	for _, name := range g.order {
		if g.inputs[name].required {
			required = append(required, name)
		}
	}
	p("  inputs:")
	p("    type: object")
	if len(required) > 0 {
		p("    required: [%s]", strings.Join(required, ", "))
	}
	p("    properties:")
	for _, name := range g.order {
		if kind := g.inputs[name].kind; kind != "" {
			p("      %s: {type: %s}", scalar(name), kind)
		} else {
			p("      %s: {}", scalar(name))
		}
	}
}

func (s *step) write(p printf) {
	p("  - stepId: %s", scalar(s.id))
	if s.summary != "" {
		p("    description: %s", scalar(oneLine(s.summary)))
	}
	if s.op.ID != "" {
		p("    operationId: %s", scalar(s.op.ID))
	}
	if len(s.optional) > 0 {
		p("    # optional: %s", oneLine(strings.Join(s.optional, ", ")))
	}
	if len(s.parameters) > 0 {
		p("    parameters:")
		for _, a := range s.parameters {
			p("    - {name: %s, in: %s, value: %s}", scalar(a.name), a.in, a.value)
		}
	}
	if s.content != "" {
		p("    requestBody:")
		p("      contentType: %s", scalar(s.content))
		if s.payload != "" {
			p("      payload: %s", s.payload)
		} else {
			p("      payload:")
			for _, m := range s.members {
				p("        %s: %s", scalar(m.name), m.value)
			}
		}
	}
	if len(s.criteria) > 0 {
		p("    successCriteria:")
		for _, c := range s.criteria {
			p("    - condition: %s", scalar(c))
		}
	}
	if len(s.outputs) > 0 {
		p("    outputs:")
		for _, o := range s.outputs {
			p("      %s: %s", scalar(o.name), o.value)
		}
	}
}

// writeOutputs promises the outputs of all steps; where two have one of the same name, each under its step's.
func (g *generator) writeOutputs(p printf) {
	count := map[string]int{}
	for _, s := range g.steps {
		for _, o := range s.outputs {
			count[o.name]++
		}
	}
	if len(count) == 0 {
		return
	}
	p("  outputs:")
	for _, s := range g.steps {
		for _, o := range s.outputs {
			name := o.name
			if count[o.name] > 1 {
				name = s.id + "_" + o.name
			}
			p("    %s: $steps.%s.outputs.%s", scalar(name), s.id, o.name)
		}
	}
}

// plain are scalars that YAML reads as the text that they are, in blocks and in flow collections.
var plain = regexp.MustCompile(`^[A-Za-z$./_][A-Za-z0-9$./_#{}\-]*( [A-Za-z0-9$./_=<>|&\-]+)*$`)

// reserved are plain scalars that are no texts.
var reserved = regexp.MustCompile(`(?i)^(true|false|null|yes|no|on|off|y|n|~)$|^[.0-9]|[{}]`)

func scalar(s string) string {
	if plain.MatchString(s) && !reserved.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// oneLine folds white space, so that text cannot leave its line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
