package cloudwatch

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// node is a parsed metric math expression. Immutable.
//
//	or     = and { ("||" | "OR") and }
//	and    = cmp { ("&&" | "AND") cmp }
//	cmp    = sum [ ("==" | "!=" | "<" | "<=" | ">" | ">=") sum ]
//	sum    = term { ("+" | "-") term }
//	term   = unary { ("*" | "/") unary }
//	unary  = "-" unary | power
//	power  = atom [ "^" unary ]
//	atom   = number | text | id | FUNCTION "(" [ or { "," or } ] ")" | "(" or ")" | "[" or { "," or } "]"
type node interface {
	references() []string
	evaluate(*evaluation) (value, error)
}

type (
	literal   struct{ value }
	reference string
	operation struct {
		op   string
		l, r node
	}
	call struct {
		name string
		args []node
	}
)

func (literal) references() []string     { return nil }
func (r reference) references() []string { return []string{string(r)} }
func (o operation) references() []string { return append(o.l.references(), o.r.references()...) }
func (c call) references() (out []string) {
	for _, a := range c.args {
		out = append(out, a.references()...)
	}
	return out
}

func (l literal) evaluate(*evaluation) (value, error)     { return l.value, nil }
func (r reference) evaluate(e *evaluation) (value, error) { return e.lookup(string(r)), nil }

func (o operation) evaluate(e *evaluation) (value, error) {
	l, err := o.l.evaluate(e)
	if err != nil {
		return value{}, err
	}
	r, err := o.r.evaluate(e)
	if err != nil {
		return value{}, err
	}
	return pairwise(l, r, operators[o.op])
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

var operators = map[string]func(x, y float64) float64{
	"+":  func(x, y float64) float64 { return x + y },
	"-":  func(x, y float64) float64 { return x - y },
	"*":  func(x, y float64) float64 { return x * y },
	"/":  func(x, y float64) float64 { return x / y }, // by zero: no point
	"^":  math.Pow,
	"==": func(x, y float64) float64 { return truth(x == y) },
	"!=": func(x, y float64) float64 { return truth(x != y) },
	"<":  func(x, y float64) float64 { return truth(x < y) },
	"<=": func(x, y float64) float64 { return truth(x <= y) },
	">":  func(x, y float64) float64 { return truth(x > y) },
	">=": func(x, y float64) float64 { return truth(x >= y) },
	"&&": func(x, y float64) float64 { return truth(x != 0 && y != 0) },
	"||": func(x, y float64) float64 { return truth(x != 0 || y != 0) },
}

// maxDepth bounds how deep expressions nest, for the sake of the stack.
const maxDepth = 100

type parser struct {
	tokens []string
	depth  int
}

func parseExpression(text string) (node, error) {
	if len(text) > 2048 {
		return nil, fmt.Errorf("longer than 2048 characters")
	}
	if t := strings.ToUpper(strings.TrimSpace(text)); strings.HasPrefix(t, "SELECT ") {
		return nil, fmt.Errorf("Metrics Insights queries are not supported")
	}
	tokens, err := tokenize(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if len(p.tokens) > 0 {
		return nil, fmt.Errorf("unexpected %q", p.tokens[0])
	}
	return n, nil
}

func tokenize(s string) (out []string, err error) {
	for i := 0; i < len(s); {
		c := s[i]
		j := i + 1
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i = j
			continue
		case c == '"':
			k := strings.IndexByte(s[j:], '"')
			if k < 0 {
				return nil, fmt.Errorf("text without a closing quote")
			}
			j += k + 1
		case c >= '0' && c <= '9' || c == '.':
			for j < len(s) && (s[j] >= '0' && s[j] <= '9' || s[j] == '.' ||
				(s[j] == 'e' || s[j] == 'E') || (s[j] == '+' || s[j] == '-') && (s[j-1] == 'e' || s[j-1] == 'E')) {
				j++
			}
		case c == '_' || unicode.IsLetter(rune(c)) && c < 128:
			for j < len(s) && (s[j] == '_' || s[j] < 128 && (unicode.IsLetter(rune(s[j])) || unicode.IsDigit(rune(s[j])))) {
				j++
			}
		case j < len(s) && operators[s[i:j+1]] != nil:
			j++
		case !strings.ContainsRune("+-*/^<>(),[]", rune(c)):
			return nil, fmt.Errorf("unexpected %q", c)
		}
		out = append(out, s[i:j])
		i = j
	}
	return out, nil
}

func (p *parser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *parser) next() string {
	t := p.peek()
	if t != "" {
		p.tokens = p.tokens[1:]
	}
	return t
}

// chain parses operands joined by any of the operators, from the left.
func (p *parser) chain(operand func() (node, error), ops map[string]string) (node, error) {
	n, err := operand()
	for err == nil {
		op := ops[p.peek()]
		if op == "" {
			return n, nil
		}
		p.next()
		var r node
		if r, err = operand(); err == nil {
			n = operation{op, n, r}
		}
	}
	return nil, err
}

func (p *parser) or() (node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("nested too deeply")
	}
	defer func() { p.depth-- }()
	return p.chain(p.and, map[string]string{"||": "||", "OR": "||"})
}

func (p *parser) and() (node, error) {
	return p.chain(p.comparison, map[string]string{"&&": "&&", "AND": "&&"})
}

func (p *parser) comparison() (node, error) {
	return p.chain(p.sum, map[string]string{"==": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="})
}

func (p *parser) sum() (node, error) { return p.chain(p.term, map[string]string{"+": "+", "-": "-"}) }

func (p *parser) term() (node, error) { return p.chain(p.unary, map[string]string{"*": "*", "/": "/"}) }

func (p *parser) unary() (node, error) {
	minus := false
	for p.peek() == "-" {
		p.next()
		minus = !minus
	}
	n, err := p.power()
	if minus {
		n = operation{"-", literal{value{scalar: 0}}, n}
	}
	return n, err
}

func (p *parser) power() (node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("nested too deeply")
	}
	defer func() { p.depth-- }()
	n, err := p.atom()
	if err != nil || p.peek() != "^" {
		return n, err
	}
	p.next()
	r, err := p.unary()
	return operation{"^", n, r}, err
}

func (p *parser) atom() (node, error) {
	t := p.next()
	switch {
	case t == "":
		return nil, fmt.Errorf("it ends too early")
	case t == "(":
		n, err := p.or()
		if err == nil && p.next() != ")" {
			err = fmt.Errorf("a closing parenthesis is missing")
		}
		return n, err
	case t == "[":
		args, err := p.list("]")
		return call{"[]", args}, err
	case t[0] == '"':
		return literal{value{text: t[1 : len(t)-1]}}, nil
	case t[0] >= '0' && t[0] <= '9' || t[0] == '.':
		f, err := strconv.ParseFloat(t, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number", t)
		}
		return literal{value{scalar: f}}, nil
	case t[0] >= 'a' && t[0] <= 'z':
		return reference(t), nil
	case p.peek() == "(":
		p.next()
		args, err := p.list(")")
		if err == nil {
			err = checkCall(t, len(args))
		}
		return call{t, args}, err
	case t == "REPEAT" || t == "LINEAR": // second argument of FILL
		return literal{value{text: t}}, nil
	}
	return nil, fmt.Errorf("unexpected %q", t)
}

func (p *parser) list(end string) (args []node, err error) {
	if p.peek() == end {
		p.next()
		return nil, nil
	}
	for {
		n, err := p.or()
		if err != nil {
			return nil, err
		}
		args = append(args, n)
		switch t := p.next(); t {
		case end:
			return args, nil
		case ",":
		default:
			return nil, fmt.Errorf("expected , or %s, found %q", end, t)
		}
	}
}
