package lint

import (
	"regexp"
	"slices"
	"strings"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/flow"
	"github.com/headgate/headgate/arazzo/source"
)

// lambdaPaths are Lambda's operations by method and path, without the date and with {} for parameters.
var lambdaPaths = map[string]string{
	"POST /functions":                 "CreateFunction",
	"GET /functions":                  "ListFunctions",
	"GET /functions/{}":               "GetFunction",
	"DELETE /functions/{}":            "DeleteFunction",
	"PUT /functions/{}/code":          "UpdateFunctionCode",
	"GET /functions/{}/configuration": "GetFunctionConfiguration",
	"PUT /functions/{}/configuration": "UpdateFunctionConfiguration",
	"POST /functions/{}/invocations":  "Invoke",
	"POST /functions/{}/versions":     "PublishVersion",
}

var pathParameter = regexp.MustCompile(`\{[^}]*\}`)

// lambdaOperation is the name of the operation if it is one of AWS Lambda's, told by path, method and a name that is like it, so
// that another API's /functions is not taken for it.
func lambdaOperation(op *source.Operation) string {
	if op == nil {
		return ""
	}
	path, _, _ := strings.Cut(op.Path, "#") // a second spelling of an operation may stand there
	path = strings.TrimPrefix(strings.TrimSuffix(path, "/"), "/2015-03-31")
	name := lambdaPaths[op.Method+" "+pathParameter.ReplaceAllString(path, "{}")]
	if name == "" || !strings.HasPrefix(strings.ToLower(op.ID), strings.ToLower(name)) && op.ID != "" {
		return ""
	}
	return name
}

// lambda checks what is known of Lambda's operations and no description tells.
func (l *linter) lambda(w *workflowView) {
	for _, s := range w.steps {
		switch lambdaOperation(s.op) {
		case "Invoke":
			l.invocation(s)
		case "UpdateFunctionCode", "UpdateFunctionConfiguration":
			l.update(w, s)
		}
	}
}

// invocation reports one whose function errors nobody looks at (FACTS §0.5).
func (l *linter) invocation(s *stepView) {
	const header = "$response.header.x-amz-function-error"
	actions := slices.Concat(s.w.EffectiveOnSuccess(s.Step), s.w.EffectiveOnFailure(s.Step))
	looks := func(list []*arazzo.Criterion) bool {
		return slices.ContainsFunc(list, func(c *arazzo.Criterion) bool {
			return strings.Contains(strings.ToLower(c.Context+" "+c.Condition), header)
		})
	}
	if looks(s.SuccessCriteria) || slices.ContainsFunc(actions, func(a *arazzo.Action) bool { return looks(a.Criteria) }) || !s.accepted[200] {
		return
	}
	for _, p := range s.w.EffectiveParameters(s.Step) {
		if kind, ok := p.Value.Data().(string); ok && strings.EqualFold(p.Name, "X-Amz-Invocation-Type") && (kind == "Event" || kind == "DryRun") {
			return // answers before the function has run
		}
	}
	l.report("lambda-function-error-unchecked", s.At("successCriteria"), s.Path, "add to successCriteria: condition: $response.header.X-Amz-Function-Error == null",
		"step %q counts as a success when the function fails: %s answers 200 then, too", s.StepID, nameOf(s))
}

// update looks for the poll after an update (FACTS §0.4).
func (l *linter) update(w *workflowView, s *stepView) {
	after := make([]bool, len(w.steps))
	markAfter(w, s.index, after)
	awaited := false
	for i, other := range w.steps {
		name := lambdaOperation(other.op)
		if !after[i] || name != "GetFunction" && name != "GetFunctionConfiguration" {
			continue
		}
		awaited = true
		state, status, at, path := looksAtState(other)
		if state && !status {
			field := "$response.body#/LastUpdateStatus"
			if name == "GetFunction" {
				field = "$response.body#/Configuration/LastUpdateStatus"
			}
			l.report("lambda-polls-state", at, path, "poll "+field+": success is 'Successful', branch on 'Failed'",
				"step %q waits for State after %s, which does not change; LastUpdateStatus does", other.StepID, lambdaOperation(s.op))
		}
	}
	if awaited {
		return
	}
	for i, other := range w.steps {
		if name := lambdaOperation(other.op); after[i] && (name == "Invoke" || name == "PublishVersion") {
			l.report("lambda-update-not-awaited", other.At("stepId"), other.Path, "poll Configuration.LastUpdateStatus of GetFunction first",
				"step %q runs while the update of step %q may be in progress", other.StepID, s.StepID)
			return
		}
	}
}

// markAfter marks the steps that may follow upon step i, by any way that the document writes down, even one that never matches.
func markAfter(w *workflowView, i int, after []bool) {
	for _, e := range w.flow.Exits[i] {
		if e.Step >= 0 && (e.Kind == flow.ToStep || e.Kind == flow.ToRetry) && !after[e.Step] {
			after[e.Step] = true
			markAfter(w, e.Step, after)
		}
	}
}

var (
	stateName  = regexp.MustCompile(`\bState\b`)
	statusName = regexp.MustCompile(`\bLastUpdateStatus\b`)
)

// looksAtState tells whether a step's conditions look at State, and at LastUpdateStatus; and where first.
func looksAtState(s *stepView) (state, status bool, at arazzo.Pos, path string) {
	criteria := slices.Clone(s.SuccessCriteria)
	for _, a := range slices.Concat(s.w.EffectiveOnSuccess(s.Step), s.w.EffectiveOnFailure(s.Step)) {
		criteria = append(criteria, a.Criteria...)
	}
	for _, c := range criteria {
		text := c.Context + " " + c.Condition
		if stateName.MatchString(text) && !state {
			state, at, path = true, c.At("condition"), c.Path
		}
		status = status || statusName.MatchString(text)
	}
	return state, status, at, path
}
