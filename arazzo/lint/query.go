package lint

import (
	"regexp"
	"strings"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/expression"
	"github.com/headgate/headgate/arazzo/source"
)

// jsonpathQuery is what lint reads of a query that RFC 9535 knows: the names that it goes through first, and the paths that a filter
// right after them compares. The rest of the language it leaves alone.
type jsonpathQuery struct {
	context  *expression.Expression
	prefix   []string
	rooted   [][]string // $.… within the filter
	children [][]string // @.… within the filter, which look at children of what the prefix leads to
	single   bool       // the filter is one comparison or test
}

// operand finds the paths within a filter; indexes and filters within filters end them.
var filterOperand = regexp.MustCompile(`([$@])((?:\.[A-Za-z_\x80-\x{10ffff}][A-Za-z0-9_\x80-\x{10ffff}]*)+)`)

// parseJSONPathQuery answers nil where there is nothing to check.
func parseJSONPathQuery(c *arazzo.Criterion) *jsonpathQuery {
	context, err := expression.Parse(c.Context)
	rest, ok := strings.CutPrefix(strings.TrimSpace(c.Condition), "$")
	if err != nil || !ok || strings.Contains(c.Condition, "{$") {
		return nil
	}
	q := &jsonpathQuery{context: context}
	for {
		var segment string
		if segment, rest, ok = jsonpathSegment(rest); !ok {
			break
		}
		q.prefix = append(q.prefix, segment)
	}
	filter, ok := strings.CutPrefix(rest, "[?")
	if !ok || !strings.HasSuffix(filter, "]") {
		return q
	}
	filter = stringLiteral.ReplaceAllString(filter, "''")
	for _, m := range filterOperand.FindAllStringSubmatch(filter, -1) {
		path := strings.Split(m[2][1:], ".")
		if m[1] == "$" {
			q.rooted = append(q.rooted, path)
		} else {
			q.children = append(q.children, path)
		}
	}
	q.single = !strings.ContainsAny(strings.ReplaceAll(filter, "!=", "=="), "!|&,")
	return q
}

var stringLiteral = regexp.MustCompile(`'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"`)

// at is an expression for a path from the query's context.
func (q *jsonpathQuery) at(path []string) *expression.Expression {
	e, err := expression.Parse(expressionAt(q.context.String(), path))
	if err != nil {
		return q.context
	}
	return e
}

// childless tells whether no child of what the prefix leads to can have what a filter looks at.
func (s *stepView) childless(q *jsonpathQuery, path []string, status int) bool {
	schema, presence := s.bodyAt(q.at(q.prefix), status)
	if presence != source.Yes || schema == nil {
		return false
	}
	var children []string
	for _, p := range schema.Properties() {
		children = append(children, pointerOf([]string{p}))
	}
	if _, items := schema.At("/0"); items != source.No {
		children = append(children, "/0")
	}
	for _, child := range children {
		if _, presence := schema.At(child + pointerOf(path)); presence != source.No {
			return false
		}
	}
	return len(children) > 0
}

// selects decides a query for one answer of the step's operation: no where it cannot select anything.
func (s *stepView) selects(q *jsonpathQuery, status int) truth {
	if q.context.Root != expression.RootResponse || q.context.Part != expression.PartBody {
		return unknown
	}
	if _, presence := s.bodyAt(q.at(q.prefix), status); presence == source.No {
		return no
	}
	if !q.single || len(q.rooted)+len(q.children) != 1 {
		return unknown
	}
	for _, path := range q.rooted {
		if _, presence := s.bodyAt(q.at(path), status); presence == source.No {
			return no
		}
	}
	for _, path := range q.children {
		if s.childless(q, path, status) {
			return no
		}
	}
	return unknown
}

// query reports the paths of a query that no answer has.
func (l *linter) query(s *stepView, c *condition, codes map[int]bool) {
	q, at := c.query, c.At("condition")
	if q.context.Root != expression.RootResponse || q.context.Part != expression.PartBody || s.op == nil {
		return
	}
	if l.path(s, q.at(q.prefix), at, c.Path, "", codes) {
		return
	}
	for _, path := range q.rooted {
		l.path(s, q.at(path), at, c.Path, "", codes)
	}
	for _, path := range q.children {
		absent := false
		for _, status := range s.between(200, 300) {
			if codes[status] && s.possible(status) {
				if absent = s.childless(q, path, status); !absent {
					break
				}
			}
		}
		if absent {
			l.report("response-path-unknown", at, c.Path, "use a path of the response: "+strings.Join(s.members(codes), ", "),
				"nothing directly below %s in the response of %s has %s", q.at(q.prefix), nameOf(s), strings.Join(path, "."))
		}
	}
}
