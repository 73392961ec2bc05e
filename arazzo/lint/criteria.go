package lint

import (
	"fmt"
	"strings"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/expression"
	"github.com/headgate/headgate/arazzo/flow"
)

// criteria checks the conditions of a step: its success criteria and those of its actions.
func (l *linter) criteria(s *stepView) {
	expected := s.expected()
	for _, c := range s.success {
		l.criterion(s, c, expected, true)
	}
	for _, side := range [][]*arazzo.Action{s.w.EffectiveOnSuccess(s.Step), s.w.EffectiveOnFailure(s.Step)} {
		closed := ""
		for _, a := range side {
			if closed != "" {
				l.report("action-unreachable", a.Pos, a.Path, "move it before "+closed+", or give "+closed+" criteria", "action %q comes after %q, which always matches", a.Name, closed)
			}
			asked := map[int]bool{}
			for _, status := range s.codes {
				asked[status] = s.asked(a, status)
			}
			for _, c := range s.actions[a] {
				l.criterion(s, c, asked, false)
			}
			if s.verdicts[a] == flow.Always && a.Type != arazzo.ActionRetry {
				closed = a.Name
			}
		}
	}
}

// criterion checks one condition that is asked after answers with the given codes.
func (l *linter) criterion(s *stepView, c *condition, codes map[int]bool, success bool) {
	if c.compared != nil {
		l.comparisonInJSONPath(s, c)
	}
	absent := false
	context, _ := expression.Parse(c.Context)
	c.root.expressions(func(e *expression.Expression) {
		at, written := c.At("condition"), c.Condition
		if c.compared != nil {
			written = "" // its edit rewrites the whole condition
		}
		absent = l.path(s, e, at, c.Path, written, codes) || absent
	})
	switch {
	case c.query != nil:
		l.query(s, c, codes)
	case c.root == nil && context != nil:
		l.path(s, context, c.At("context"), c.Path, c.Context, codes)
	}
	if c.root == nil && c.query == nil {
		return
	}
	outcome := s.over(c, codes)
	if outcome == no && !(success && !absent && comparesStatus(c.root)) { // the latter is status-mismatch, or an error that is waited for
		l.report("criterion-never-matches", c.At("condition"), c.Path, "correct the condition, or take it out", "%q can never match: %s", c.Condition, s.reason(c, codes))
	}
	if outcome == yes && !success && (c.compared != nil || comparesStatus(c.root) || constant(c.root)) {
		l.report("criterion-always-matches", c.At("condition"), c.Path, "leave it out", "%q always matches here", c.Condition)
	}
	if outcome == yes && success && constant(c.root) {
		l.report("criterion-always-matches", c.At("condition"), c.Path, "leave it out", "%q always matches", c.Condition)
	}
}

// over is what a condition says after every answer with the given codes: decided only if it is the same after all of them.
func (s *stepView) over(c *condition, codes map[int]bool) truth {
	all := unknown
	for _, status := range s.codes {
		if !codes[status] {
			continue
		}
		t := s.holds(c, status)
		if t == unknown || all != unknown && t != all {
			return unknown
		}
		all = t
	}
	return all
}

// constant tells whether a condition looks at nothing that a run decides.
func constant(n *node) bool {
	constant := n != nil
	n.expressions(func(*expression.Expression) { constant = false })
	return constant
}

// reason says why a condition never matches.
func (s *stepView) reason(c *condition, codes map[int]bool) string {
	reason := ""
	c.root.expressions(func(e *expression.Expression) {
		if absent, _ := s.absent(e, codes); absent && reason == "" {
			reason = fmt.Sprintf("%s is never set", e)
		}
	})
	switch {
	case reason != "":
		return reason
	case c.query != nil:
		return "the response has nothing that it looks for"
	case constant(c.root):
		return "it compares constants"
	case comparesStatus(c.root):
		var list []int
		for _, status := range s.codes {
			if codes[status] && status/100 == 2 {
				list = append(list, status)
			}
		}
		if len(list) > 0 && len(list) < 6 {
			return "it is asked after " + codeList(list) + " only"
		}
		return "it is not asked after an answer with this status"
	}
	return "the response's schema allows no such value"
}

// comparisonInJSONPath reports a jsonpath condition that compares outside of a filter.
func (l *linter) comparisonInJSONPath(s *stepView, c *condition) {
	path := c.compared.path
	if right, ok := strings.CutPrefix(s.rightPath(c), "$response.body#/"); ok {
		path = strings.Split(strings.NewReplacer("~1", "/", "~0", "~").Replace(right), "/")
	}
	query := c.compared.query(path)
	fix := "write " + query
	if !c.compared.length {
		fix += ", or without context and type the simple condition " + c.compared.simple(c.Context, path)
	}
	f := l.report("jsonpath-not-rfc9535", c.At("condition"), c.Path, fix, "%q is no RFC 9535 query: JSONPath compares within filters only", c.Condition)
	f.Edits = l.text.replace(c.At("condition"), c.Condition, query)
}

// rightPath is where the member that a jsonpath comparison names really is, if its own path leads nowhere.
func (s *stepView) rightPath(c *condition) string {
	right := ""
	c.root.expressions(func(e *expression.Expression) {
		if absent, empty := s.absent(e, successes(s)); absent && !empty {
			right, _ = s.elsewhere(e)
		}
	})
	return right
}

// successes are the successful answers of a step's operation.
func successes(s *stepView) map[int]bool {
	codes := map[int]bool{}
	for _, status := range s.between(200, 300) {
		codes[status] = s.possible(status)
	}
	return codes
}
