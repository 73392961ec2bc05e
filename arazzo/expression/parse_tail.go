package expression

import "strings"

// tail reads what may follow a value: a JSON pointer, or the lenient path.
// Within a condition '.' and '[' belong to the condition's own operators.
func (p *parser) tail(e *Expression, body bool) error {
	if p.at == len(p.text) {
		return nil
	}
	switch p.text[p.at] {
	case '#':
		pointer := p.text[p.at+1:]
		if strings.ContainsAny(pointer, "{}") {
			return p.errorf("", "a JSON pointer within an expression holds no braces")
		}
		parsed, err := ParsePointer(pointer)
		if err != nil {
			return p.errorf("for instance #/items/0/id", "%v", err)
		}
		e.Pointer = parsed
		p.at = len(p.text)
		return nil
	case '.', '[':
		if p.operand {
			return nil
		}
		return p.path(e)
	}
	if body {
		return p.errorf("write "+e.Root.String()+"."+e.Part.String()+"#/<pointer>", "%q cannot follow %s", clip(p.rest()), p.text[:p.at])
	}
	return p.errorf("", "%q cannot follow %s", clip(p.rest()), p.text[:p.at])
}

// path reads the leniency .name[0].name after a value.
func (p *parser) path(e *Expression) error {
	start := p.at
	for p.at < len(p.text) {
		segment, ok := p.segment()
		if !ok {
			return p.errorf("write "+p.text[:start]+"#/<pointer>", "%q cannot be read as a path", clip(p.text[start:]))
		}
		e.Path = append(e.Path, segment)
	}
	p.deviate(e, Deviation{Rule: "lenient-path", Message: "a path after " + p.text[:start] + " is written as a JSON pointer",
		Hint: p.text[:start] + "#" + pointerOf(e.Path)})
	return nil
}

func pointerOf(path []Segment) string {
	var b strings.Builder
	for _, s := range path {
		b.WriteByte('/')
		if s.Name == "" {
			b.WriteString(itoa(s.Index))
		} else {
			b.WriteString(EscapePointer(s.Name))
		}
	}
	return b.String()
}

// segment reads ".name", "[0]" or "['name']".
func (p *parser) segment() (Segment, bool) {
	if p.dot() {
		name := p.word()
		return Segment{Name: name}, name != "" && !strings.ContainsAny(name, "{} ")
	}
	inner, _, closed := strings.Cut(p.rest()[1:], "]")
	if !closed {
		return Segment{}, false
	}
	p.at += len(inner) + 2
	if n := len(inner); n > 2 && (inner[0] == '\'' || inner[0] == '"') && inner[n-1] == inner[0] {
		return Segment{Name: inner[1 : n-1]}, true
	}
	i, ok := Index(inner, 1<<30)
	return Segment{Index: i}, ok && inner != "-"
}
