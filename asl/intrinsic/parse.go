package intrinsic

import (
	"fmt"
	"strings"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// Call is a parsed call. It never changes.
type Call struct {
	Name string // without "States."
	src  string
	args []argument
}

// argument is a path, a call or a literal.
type argument struct {
	path    string
	call    *Call
	literal any
}

const prefix = "States."

// maxNesting bounds calls within calls, as the language does (10).
const maxNesting = 10

// IsCall tells whether a text is meant as a call.
func IsCall(text string) bool { return strings.HasPrefix(text, prefix) }

// Parse reads a call: States.Name(arguments).
func Parse(src string) (*Call, error) {
	p := &parser{src: src}
	c, err := p.call()
	if err != nil {
		return nil, err
	}
	p.space()
	if p.pos < len(src) {
		return nil, p.fail("unexpected text")
	}
	return c, nil
}

// String returns the call as it was written.
func (c *Call) String() string { return c.src }

// Paths returns the paths among the arguments, nested calls included.
func (c *Call) Paths() []string {
	var out []string
	for _, a := range c.args {
		if a.path != "" {
			out = append(out, a.path)
		}
		if a.call != nil {
			out = append(out, a.call.Paths()...)
		}
	}
	return out
}

// parser reads one call.
type parser struct {
	src   string
	pos   int
	depth int
}

// fail tells where the text stops being a call.
func (p *parser) fail(reason string) error {
	return fmt.Errorf("invalid intrinsic function '%s' at %d: %s", p.src, p.pos, reason)
}

// space skips blanks between arguments.
func (p *parser) space() {
	for p.pos < len(p.src) && strings.IndexByte(" \t\r\n", p.src[p.pos]) >= 0 {
		p.pos++
	}
}

// peek is the next byte, 0 at the end.
func (p *parser) peek() byte {
	if p.pos < len(p.src) {
		return p.src[p.pos]
	}
	return 0
}

// call reads a name and its arguments, and checks how many the function takes.
func (p *parser) call() (*Call, error) {
	if p.depth++; p.depth > maxNesting {
		return nil, p.fail("nested too deeply")
	}
	defer func() { p.depth-- }()
	start := p.pos
	end := strings.IndexByte(p.src[p.pos:], '(')
	if !strings.HasPrefix(p.src[p.pos:], prefix) || end < 0 {
		return nil, p.fail("a call is expected")
	}
	c := &Call{Name: strings.TrimSpace(p.src[p.pos+len(prefix) : p.pos+end])}
	f, ok := functionNamed(c.Name)
	if !ok {
		return nil, p.fail("there is no function States." + c.Name)
	}
	p.pos += end + 1
	for p.space(); p.peek() != ')'; p.space() {
		if len(c.args) > 0 {
			if p.peek() != ',' {
				return nil, p.fail("',' or ')' expected")
			}
			p.pos++
			p.space()
		}
		a, err := p.argument()
		if err != nil {
			return nil, err
		}
		c.args = append(c.args, a)
	}
	p.pos++
	c.src = p.src[start:p.pos]
	if len(c.args) < f.least || f.most >= 0 && len(c.args) > f.most {
		return nil, p.fail(fmt.Sprintf("States.%s does not take %d arguments", c.Name, len(c.args)))
	}
	return c, nil
}

// argument reads a text, a path, a nested call, or a number, boolean or null. Lists and objects have no literals.
func (p *parser) argument() (argument, error) {
	switch c := p.peek(); {
	case c == '\'':
		text, err := p.quoted()
		return argument{literal: text}, err
	case c == '$':
		path, err := p.path()
		return argument{path: path}, err
	case strings.HasPrefix(p.src[p.pos:], prefix):
		call, err := p.call()
		return argument{call: call}, err
	}
	start := p.pos
	for p.pos < len(p.src) && strings.IndexByte(",) \t\r\n", p.src[p.pos]) < 0 {
		p.pos++
	}
	word := p.src[start:p.pos]
	v, err := jsonvalue.Decode([]byte(word))
	if err != nil || strings.ContainsAny(word, `"[{`) {
		return argument{}, p.fail("an argument is expected")
	}
	return argument{literal: v}, nil
}

// quoted reads '…'; a backslash takes the next character as it is, which matters for \' \\ \{ and \}.
// For Format the backslash before a brace is kept, since only Format gives braces a meaning.
func (p *parser) quoted() (string, error) {
	p.pos++
	var b strings.Builder
	for p.pos < len(p.src) {
		c := p.src[p.pos]
		p.pos++
		switch {
		case c == '\'':
			return b.String(), nil
		case c == '\\' && p.pos < len(p.src):
			next := p.src[p.pos]
			p.pos++
			switch next {
			case '\'':
				b.WriteByte(next)
			case 'n':
				b.WriteByte('\n')
			case 't':
				b.WriteByte('\t')
			case 'r':
				b.WriteByte('\r')
			default: // kept for unescape, which runs once it is known whether braces have a meaning
				b.WriteByte('\\')
				b.WriteByte(next)
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", p.fail("text without end")
}

// path takes the text up to the comma or parenthesis that ends the argument.
func (p *parser) path() (string, error) {
	start, depth := p.pos, 0
	for p.pos < len(p.src) {
		switch c := p.src[p.pos]; c {
		case '\'', '"':
			end := strings.IndexByte(p.src[p.pos+1:], c)
			if end < 0 {
				return "", p.fail("text without end")
			}
			p.pos += end + 1
		case '(', '[':
			depth++
		case ']':
			depth--
		case ')':
			if depth == 0 {
				return strings.TrimSpace(p.src[start:p.pos]), nil
			}
			depth--
		case ',':
			if depth == 0 {
				return strings.TrimSpace(p.src[start:p.pos]), nil
			}
		}
		p.pos++
	}
	return "", p.fail("')' expected")
}

// unescape resolves the backslashes that quoted kept.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
