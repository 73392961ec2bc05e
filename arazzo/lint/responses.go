package lint

import (
	"fmt"
	"strings"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/expression"
	"github.com/headgate/headgate/arazzo/source"
)

// statuses compares the codes that a step waits for with those that the operation answers (FACTS §0.9).
func (l *linter) statuses(s *stepView) {
	if s.op == nil || len(s.success) == 0 {
		return
	}
	documented := s.successCodes()
	if len(documented) == 0 {
		return
	}
	for _, code := range documented {
		if s.accepted[code] {
			return
		}
	}
	for _, c := range s.success {
		if !s.refuses(c, documented) || !comparesStatus(c.root) {
			continue
		}
		right := fmt.Sprintf("$statusCode == %d", documented[0])
		f := l.report("status-mismatch", c.At("condition"), c.Path, "write "+right, "%s answers %s when it succeeds, so %q is never met",
			nameOf(s), codeList(documented), c.Condition)
		if n := c.root; n != nil && n.op == "==" && len(documented) == 1 && n.kids[0].expr != nil && n.kids[1].isLiteral() {
			f.Edits = l.text.replace(c.At("condition"), c.Condition, right)
		}
		return
	}
}

// refuses tells whether a criterion is never met, whichever of the codes is answered.
func (s *stepView) refuses(c *condition, codes []int) bool {
	for _, code := range codes {
		if s.holds(c, code) != no {
			return false
		}
	}
	return true
}

func comparesStatus(n *node) bool {
	found := false
	n.expressions(func(e *expression.Expression) { found = found || e.Root == expression.RootStatusCode })
	return found
}

// successCodes are the codes from 200 to 299 that the description names, ranges excepted.
func (s *stepView) successCodes() []int {
	var codes []int
	for _, r := range s.op.Responses {
		var code int
		if _, err := fmt.Sscanf(r.Status, "%d", &code); err == nil && len(r.Status) == 3 && code/100 == 2 && fmt.Sprint(code) == r.Status {
			codes = append(codes, code)
		}
		if strings.EqualFold(r.Status, "2XX") {
			return nil
		}
	}
	return codes
}

func codeList(codes []int) string {
	var list []string
	for _, c := range codes {
		list = append(list, fmt.Sprint(c))
	}
	return strings.Join(list, " or ")
}

func nameOf(s *stepView) string {
	if s.op.ID != "" {
		return s.op.ID
	}
	return s.op.Method + " " + s.op.Path
}

// responses checks what a step's outputs read of the answer, which are evaluated when it has succeeded.
func (l *linter) responses(s *stepView) {
	for _, v := range s.Outputs.All() {
		for _, e := range v.Expressions() {
			l.path(s, e.Expression, e.At.Pos, e.At.Path, e.At.Scalar, s.expected())
		}
	}
	for _, p := range append(s.w.EffectiveOnSuccess(s.Step), s.w.EffectiveOnFailure(s.Step)...) {
		for _, parameter := range s.w.ActionParameters(p) {
			for _, e := range parameter.Value.Expressions() {
				l.path(s, e.Expression, e.At.Pos, e.At.Path, e.At.Scalar, nil)
			}
		}
	}
}

// absent tells whether no possible answer with one of the codes (nil: any) has what the expression names, and
// whether that is for lack of any body.
func (s *stepView) absent(e *expression.Expression, codes map[int]bool) (absent, empty bool) {
	if s.op == nil || e.Root != expression.RootResponse || e.Part != expression.PartBody {
		return false, false
	}
	seen := false
	empty = true
	for _, status := range s.codes {
		if codes != nil && !codes[status] || !s.possible(status) {
			continue
		}
		_, presence := s.bodyAt(e, status)
		if presence != source.No {
			return false, false
		}
		seen = true
		empty = empty && len(s.op.Response(status).Content) == 0
	}
	return seen, seen && empty
}

// path reports an expression that no answer sets; it tells whether it did. written is the scalar that holds the expression.
func (l *linter) path(s *stepView, e *expression.Expression, at arazzo.Pos, path string, written any, codes map[int]bool) bool {
	l.header(s, e, at, path)
	absent, empty := s.absent(e, codes)
	switch {
	case !absent:
		return false
	case empty:
		l.report("response-body-none", at, path, "leave it out", "%s: %s answers without a body", e, nameOf(s))
		return true
	}
	right, others := s.elsewhere(e)
	fix := "use a path of the response: " + strings.Join(s.members(codes), ", ")
	if right != "" {
		fix = "write " + right
	} else if len(others) > 0 {
		fix = "write one of " + strings.Join(others, ", ")
	}
	f := l.report("response-path-unknown", at, path, fix, "the response of %s has nothing at %s", nameOf(s), e)
	if text, ok := written.(string); ok && right != "" {
		f.Edits = l.text.replacePart(at, text, e.String(), right)
	}
	return true
}

// header reports a response header that the description, which names others, does not.
func (l *linter) header(s *stepView, e *expression.Expression, at arazzo.Pos, path string) {
	if s.op == nil || e.Root != expression.RootResponse || e.Part != expression.PartHeader {
		return
	}
	var named []string
	for _, r := range s.op.Responses {
		for _, h := range r.Headers {
			if strings.EqualFold(h.Name, e.Name) {
				return
			}
			named = append(named, h.Name)
		}
	}
	if len(named) > 0 && !strings.EqualFold(e.Name, "Content-Type") && !strings.EqualFold(e.Name, "Retry-After") {
		l.report("response-header-unknown", at, path, "use one of "+strings.Join(named, ", "), "the description of %s names no response header %s", nameOf(s), e.Name)
	}
}

// members are the names at the top of the response's body.
func (s *stepView) members(codes map[int]bool) []string {
	for _, status := range s.between(200, 600) {
		if (codes == nil || codes[status]) && s.possible(status) {
			if schema := s.op.ResponseSchema(status, ""); schema != nil {
				return schema.Properties()
			}
		}
	}
	return nil
}

// deepest bounds the search for a member that an expression names at the wrong place.
const deepest = 3

// elsewhere looks for the last member that an expression names at other places of the response: the only one, or all of several.
func (s *stepView) elsewhere(e *expression.Expression) (only string, all []string) {
	pointer := pointerIn(e)
	i := strings.LastIndexByte(pointer, '/')
	if i < 0 || e.Pointer == nil && len(e.Path) == 0 {
		return "", nil
	}
	for _, status := range s.between(200, 300) {
		if !s.possible(status) {
			continue
		}
		if schema := s.op.ResponseSchema(status, ""); schema != nil {
			found := findMember(schema, pointer[i+1:], "", deepest)
			for _, p := range found {
				all = append(all, "$response.body#"+p)
			}
			if len(all) == 1 {
				return all[0], nil
			}
			return "", all
		}
	}
	return "", nil
}

// findMember lists the pointers below at to members called name, near ones first.
func findMember(schema *source.Schema, name, at string, depth int) []string {
	var here, below []string
	if depth == 0 {
		return nil
	}
	for _, p := range schema.Properties() {
		pointer := "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(p)
		if pointer == "/"+name {
			here = append(here, at+pointer)
			continue
		}
		if next, presence := schema.At(pointer); presence == source.Yes && next != nil {
			below = append(below, findMember(next, name, at+pointer, depth-1)...)
		}
	}
	return append(here, below...)
}
