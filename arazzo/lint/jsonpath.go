package lint

import (
	"strconv"
	"strings"

	"github.com/headgate/headgate/arazzo/expression"
)

// jsonpathComparison is what documents in the wild write for a jsonpath condition: a path, compared
// with a literal outside of any filter, such as $.State == "Active" or $.Functions.length > 0
// (FACTS §0.1). RFC 9535 has comparisons within filters only.
type jsonpathComparison struct {
	path    []string
	length  bool // of what the path leads to
	op      string
	literal string // as written
	value   *node
}

// parseJSONPathComparison answers nil for anything else.
func parseJSONPathComparison(text string) *jsonpathComparison {
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), "$")
	if !ok {
		return nil
	}
	j := &jsonpathComparison{}
	for {
		var segment string
		if segment, rest, ok = jsonpathSegment(rest); !ok {
			break
		}
		j.path = append(j.path, segment)
	}
	p := &conditionParser{rest: rest}
	for _, op := range comparators {
		if p.take(op) {
			j.op = op
			break
		}
	}
	j.literal = strings.TrimSpace(p.rest)
	if j.op == "" {
		return nil
	}
	j.value = p.operand()
	if j.value == nil || !j.value.isLiteral() || strings.TrimSpace(p.rest) != "" {
		return nil
	}
	if n := len(j.path); n > 0 && j.path[n-1] == "length" {
		j.path, j.length = j.path[:n-1], true
	}
	return j
}

// jsonpathSegment takes .name, ['name'], ["name"] or [0] from the beginning of s.
func jsonpathSegment(s string) (segment, rest string, ok bool) {
	if after, dot := strings.CutPrefix(s, "."); dot {
		end := strings.IndexFunc(after, func(r rune) bool {
			return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-' || r >= 0x80)
		})
		if end < 0 {
			end = len(after)
		}
		return after[:end], after[end:], end > 0
	}
	after, bracket := strings.CutPrefix(s, "[")
	if !bracket || after == "" {
		return "", s, false
	}
	if after[0] == '\'' || after[0] == '"' {
		if segment, rest, ok = quoted(after); !ok {
			return "", s, false
		}
	} else {
		end := strings.IndexByte(after, ']')
		if end < 0 {
			return "", s, false
		}
		segment, rest = after[:end], after[end:]
		if _, err := strconv.Atoi(segment); err != nil {
			return "", s, false
		}
	}
	rest, ok = strings.CutPrefix(rest, "]")
	return segment, rest, ok
}

// node is the comparison as a simple condition's: on the context, one level deeper for each segment.
func (j *jsonpathComparison) node(context string) *node {
	e, err := expression.Parse(expressionAt(context, j.path))
	if err != nil {
		return nil
	}
	left := &node{expr: e}
	if j.length {
		left = &node{op: "length", kids: []*node{left}}
	}
	return &node{op: j.op, kids: []*node{left, j.value}}
}

// query is the comparison as an RFC 9535 query that matches exactly when the comparison would: a filter whose
// paths begin at the root selects all children of the context, or none.
func (j *jsonpathComparison) query(path []string) string {
	return "$[?" + j.rooted(path) + "]"
}

func (j *jsonpathComparison) rooted(path []string) string {
	var b strings.Builder
	b.WriteByte('$')
	for _, s := range path {
		switch _, err := strconv.Atoi(s); {
		case err == nil:
			b.WriteString("[" + s + "]")
		case isName(s):
			b.WriteString("." + s)
		default:
			b.WriteString("['" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "']")
		}
	}
	left := b.String()
	if j.length {
		left = "length(" + left + ")"
	}
	return left + " " + j.op + " " + j.literal
}

// simple is the comparison as a simple condition, which needs no context and no type.
func (j *jsonpathComparison) simple(context string, path []string) string {
	literal := j.literal
	if text, ok := j.value.lit.(string); ok {
		literal = "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	return expressionAt(context, path) + " " + j.op + " " + literal
}

// expressionAt is an expression for what lies below another one.
func expressionAt(context string, path []string) string {
	if len(path) == 0 {
		return context
	}
	if !strings.Contains(context, "#") {
		context += "#"
	}
	return context + pointerOf(path)
}

func pointerOf(path []string) string {
	var b strings.Builder
	for _, s := range path {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(s))
	}
	return b.String()
}

func isName(s string) bool {
	for i, r := range s {
		if !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '_' || r >= 0x80 || i > 0 && '0' <= r && r <= '9') {
			return false
		}
	}
	return s != ""
}
