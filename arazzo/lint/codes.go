package lint

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/flow"
	"github.com/headgate/headgate/arazzo/source"
)

var statusLiteral = regexp.MustCompile(`\b[1-5]\d\d\b`)

// gatherCodes finds the status codes that can make a difference.
func (s *stepView) gatherCodes() {
	set := map[int]bool{}
	for class := 100; class < 600; class += 100 {
		set[class], set[class+51], set[class+99] = true, true, true
	}
	add := func(text string) {
		for _, literal := range statusLiteral.FindAllString(text, -1) {
			code, _ := strconv.Atoi(literal) // three digits
			for near := code - 1; near <= code+1; near++ {
				if near >= 100 && near < 600 {
					set[near] = true
				}
			}
		}
	}
	if s.op != nil {
		for _, r := range s.op.Responses {
			add(r.Status)
		}
	}
	for _, c := range s.SuccessCriteria {
		add(c.Condition)
	}
	for _, a := range slices.Concat(s.w.EffectiveOnSuccess(s.Step), s.w.EffectiveOnFailure(s.Step)) {
		for _, c := range a.Criteria {
			add(c.Condition)
		}
	}
	s.codes = slices.Sorted(maps.Keys(set))
}

// between are the codes from one up to, and without, another.
func (s *stepView) between(from, to int) []int {
	var out []int
	for _, code := range s.codes {
		if code >= from && code < to {
			out = append(out, code)
		}
	}
	return out
}

// weighStatuses finds the status codes with which the step succeeds, or may.
func (s *stepView) weighStatuses() {
	s.accepted, s.met = map[int]bool{}, map[int]bool{}
	for _, status := range s.codes {
		if len(s.success) == 0 {
			s.accepted[status], s.met[status] = status/100 == 2, status/100 == 2
			continue
		}
		worst := yes
		for _, c := range s.success {
			switch t := s.holds(c, status); {
			case t == no:
				worst = no
			case t == unknown && worst == yes:
				worst = unknown
			}
		}
		s.accepted[status], s.met[status] = worst != no, worst == yes
	}
}

// expected are the status codes with which the step is meant to succeed, as far as conditions on the status say so: what its success
// criteria and outputs read is looked for in these answers.
func (s *stepView) expected() map[int]bool {
	codes, said := map[int]bool{}, false
	for _, status := range s.codes {
		codes[status] = s.possible(status)
		for _, c := range s.success {
			if c.root != nil && comparesStatus(c.root) {
				said = true
				codes[status] = codes[status] && s.holds(c, status) != no
			}
		}
	}
	if !said || !slices.Contains(slices.Collect(maps.Values(codes)), true) {
		return successes(s)
	}
	return codes
}

func (s *stepView) holds(c *condition, status int) truth {
	switch {
	case c.root != nil:
		return s.eval(c.root, status)
	case c.query != nil:
		return s.selects(c.query, status)
	}
	return unknown
}

// possible tells whether the operation may answer with this status: what its description names, and any error.
func (s *stepView) possible(status int) bool {
	if s.op == nil || len(s.op.Responses) == 0 {
		return true
	}
	if status >= 400 {
		return true
	}
	documented := slices.ContainsFunc(s.op.Responses, func(r *source.Response) bool { return strings.HasPrefix(r.Status, "2") })
	for _, r := range s.op.Responses {
		switch {
		case r.Status == strconv.Itoa(status), strings.EqualFold(r.Status, strconv.Itoa(status/100)+"XX"):
			return true
		case r.Status == "default" && !documented:
			return true
		}
	}
	return false
}

// weigh decides whether an action's criteria match, over all answers after which they are asked.
func (s *stepView) weigh(a *arazzo.Action) {
	var conditions []*condition
	for _, c := range a.Criteria {
		conditions = append(conditions, parseCriterion(c))
	}
	s.actions[a] = conditions
	never, always := true, true
	for _, status := range s.codes {
		if !s.asked(a, status) {
			continue
		}
		for _, c := range conditions {
			switch s.holds(c, status) {
			case no:
				always = false
				goto next
			case unknown:
				always = false
			}
		}
		never = false
	next:
	}
	switch {
	case len(conditions) == 0 || always && !never:
		s.verdicts[a] = flow.Always
	case never:
		s.verdicts[a] = flow.Never
	}
}

// asked tells whether an action is looked at after an answer with this status.
func (s *stepView) asked(a *arazzo.Action, status int) bool {
	if !s.possible(status) {
		return false
	}
	if a.Failure {
		return !s.met[status]
	}
	return s.accepted[status]
}
