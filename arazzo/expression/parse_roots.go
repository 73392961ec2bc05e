package expression

import "strings"

// message reads what follows $request, $response and $message.
func (p *parser) message(e *Expression) error {
	if !p.dot() {
		return p.errorf("for instance "+e.Root.String()+".body or "+e.Root.String()+".header.Name", "%s must name a part", e.Root)
	}
	start := p.at
	word := p.word()
	for i, name := range partNames {
		if i > 0 && name == word {
			e.Part = Part(i)
		}
	}
	if word == "headers" {
		e.Part = PartHeader
		p.deviate(e, Deviation{Rule: "lenient-headers", Message: "the part of a message is called header", Hint: "write " + e.Root.String() + ".header.<name>"})
	}
	switch e.Part {
	case PartBody, PartPayload:
		return p.tail(e, true)
	case PartHeader, PartQuery, PartPath:
		return p.parameter(e)
	}
	p.at = start
	hint := "the parts are header, query, path, body and payload"
	switch strings.ToLower(word) {
	case "status", "statuscode", "code":
		hint = "write $statusCode"
	case "method", "url":
		hint = "write $" + strings.ToLower(word)
	}
	return p.errorf(hint, "%s has no part %q", e.Root, clip(word))
}

// parameter reads the name of a header (a token), or of a query or path
// parameter (any characters but braces).
func (p *parser) parameter(e *Expression) error {
	part := e.Root.String() + "." + e.Part.String()
	if !p.dot() || p.rest() == "" {
		return p.errorf("for instance "+part+".name", "%s must name one", part)
	}
	e.Name = p.rest()
	if e.Part == PartHeader {
		if i := strings.Index(e.Name, "#/"); i >= 0 {
			return p.errorf("a header is text: no pointer leads into it", "%q is not the name of a header", clip(e.Name))
		}
		if !allBytes(e.Name, isToken) {
			return p.errorf("RFC 9110 allows letters, digits and !#$%&'*+-.^_`|~", "%q is not the name of a header", clip(e.Name))
		}
	} else if strings.ContainsAny(e.Name, "{}") {
		return p.errorf("", "the name of a parameter holds no braces: %q", clip(e.Name))
	}
	p.at = len(p.text)
	return nil
}

// isToken: a character of a field's name, RFC 9110 §5.6.2.
func isToken(c byte) bool {
	return c > ' ' && c < 0x7f && !strings.ContainsRune("\"(),/:;<=>?@[\\]{}", rune(c))
}

// named reads the name and pointer that follow $inputs, $outputs,
// $steps.<id>.outputs and $workflows.<id>.<field>.
func (p *parser) named(e *Expression) error {
	if !p.dot() {
		if p.at == len(p.text) || p.text[p.at] == '#' {
			p.deviate(e, Deviation{Rule: "lenient-whole-map", Message: "an expression must name one value, not all of " + p.text[:p.at]})
			return p.tail(e, false)
		}
		return p.errorf("", "%q cannot follow %s", clip(p.rest()), p.text[:p.at])
	}
	start := p.at
	for p.at < len(p.text) && p.text[p.at] != '#' && p.text[p.at] != '[' {
		p.at++
	}
	e.Name = p.text[start:p.at]
	switch {
	case e.Name == "" || strings.ContainsAny(e.Name, "{}"):
		p.at = start
		return p.errorf("letters, digits, '.', '-' and '_'", "%s must be followed by a name", strings.TrimSuffix(p.text[:start], "."))
	case !allBytes(e.Name, isIdentifier):
		p.deviate(e, Deviation{Rule: "lenient-name", In10: true, Message: "the name " + quote(e.Name) + " has characters that expressions do not allow",
			Hint: "letters, digits, '.', '-' and '_'"})
	}
	e.splits = splitsOf(e.Reference)
	return p.tail(e, false)
}

func isIdentifier(c byte) bool { return isStrict(c) || c == '.' }

// splitsOf lists the other readings of a dotted name, the longest name first.
func splitsOf(ref Reference) []split {
	var out []split
	name := ref.Name
	for {
		i := strings.LastIndexByte(name, '.')
		if i <= 0 || len(out) == 16 || len(ref.Name) > 1024 {
			return out
		}
		name = name[:i]
		s := split{ref: ref}
		s.ref.Name = name
		for member := range strings.SplitSeq(ref.Name[i+1:], ".") {
			s.path = append(s.path, Segment{Name: member})
		}
		out = append(out, s)
	}
}

// steps reads $steps.<id>.outputs.<name>; the id may have any characters of
// 1.0's names but "." and "#".
func (p *parser) steps(e *Expression) error {
	if err := p.owner(e, "a stepId", "$steps.<stepId>.outputs.<name>"); err != nil {
		return err
	}
	return p.outputs(e)
}

// outputs reads .outputs.<name> after a step.
func (p *parser) outputs(e *Expression) error {
	if !p.dot() {
		return p.errorf("write $steps.<stepId>.outputs.<name>", "%s must go on with .outputs", p.text[:p.at])
	}
	start := p.at
	if word := p.word(); word != "outputs" {
		p.at = start
		return p.errorf("write $steps.<stepId>.outputs.<name>", "a step has outputs, and no %q", clip(word))
	}
	if e.Field == "" {
		e.Field = "outputs"
	}
	return p.named(e)
}

// owner reads ".<id>" into Owner.
func (p *parser) owner(e *Expression, what, form string) error {
	if !p.dot() {
		return p.errorf("write "+form, "%s must name %s", e.Root, what)
	}
	e.Owner = p.word()
	if e.Owner == "" || strings.ContainsAny(e.Owner, "{}") {
		return p.errorf("write "+form, "%s must name %s", e.Root, what)
	}
	if !allBytes(e.Owner, isStrict) {
		p.deviate(e, Deviation{Rule: "lenient-name", In10: true, Message: "the name " + quote(e.Owner) + " has characters that expressions do not allow",
			Hint: "letters, digits, '-' and '_'"})
	}
	return nil
}

const workflowForm = "$workflows.<workflowId>.{inputs,outputs}.<name>"

// workflows reads $workflows.<id>.<field>.<name>.
func (p *parser) workflows(e *Expression) error {
	if err := p.owner(e, "a workflowId", workflowForm); err != nil {
		return err
	}
	if !p.dot() {
		return p.errorf("write "+workflowForm, "%s must go on with .inputs or .outputs", p.text[:p.at])
	}
	start := p.at
	switch e.Field = p.word(); e.Field {
	case "inputs", "outputs":
		return p.named(e)
	case "steps":
		p.deviate(e, Deviation{Rule: "lenient-workflow-steps", In10: true, Message: "only the inputs and outputs of a workflow can be named, not its steps",
			Hint: "declare an output of the workflow"})
		if !p.dot() {
			return p.errorf("write $workflows.<workflowId>.steps.<stepId>.outputs.<name>", "%s must name a stepId", p.text[:p.at])
		}
		if e.Step = p.word(); e.Step == "" {
			return p.errorf("", "%s must name a stepId", p.text[:p.at])
		}
		return p.outputs(e)
	}
	p.at = start
	return p.errorf("write "+workflowForm, "a workflow has inputs and outputs, and no %q", clip(e.Field))
}

// source reads $sourceDescriptions.<name>.<id or field>; ids have no
// restrictions in OpenAPI but braces end an embedded expression.
func (p *parser) source(e *Expression) error {
	const form = "$sourceDescriptions.<name>.<operationId, workflowId or field>"
	if err := p.owner(e, "a source description", form); err != nil {
		return err
	}
	if !p.dot() || p.rest() == "" || strings.ContainsAny(p.rest(), "{}") {
		return p.errorf("write "+form, "$sourceDescriptions.%s must go on with an id or a field", clip(e.Owner))
	}
	e.Name = p.rest()
	p.at = len(p.text)
	return nil
}

// components reads $components.<type>.<name>.
func (p *parser) components(e *Expression) error {
	const form = "$components.{parameters,successActions,failureActions}.<name>"
	if err := p.owner(e, "a type of component", form); err != nil {
		return err
	}
	switch e.Owner {
	case "parameters", "successActions", "failureActions":
	case "inputs":
		p.deviate(e, Deviation{Rule: "lenient-component-inputs", In10: true, Message: "inputs are referred to by JSON Schema's $ref, not by an expression",
			Hint: "$ref: '#/components/inputs/<name>'"})
	default:
		return p.errorf("write "+form, "there is no component type %q", clip(e.Owner))
	}
	if !p.dot() || !allBytes(p.rest(), isIdentifier) {
		return p.errorf("write "+form, "$components.%s must go on with a name of letters, digits, '.', '-' and '_'", e.Owner)
	}
	e.Name = p.rest()
	p.at = len(p.text)
	return nil
}

func quote(s string) string { return "'" + clip(s) + "'" }
