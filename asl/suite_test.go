package asl

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// suiteFloor is how many recorded answers must match: it may only rise.
const suiteFloor = 506

// TestRecordedHistories replays executions that were recorded on AWS: definition, input and the recorded results of
// tasks, and compares the histories. HEADGATE_SFN_SUITE names the folder that holds cases/.
func TestRecordedHistories(t *testing.T) {
	folder := os.Getenv("HEADGATE_SFN_SUITE")
	if folder == "" {
		t.Skip("HEADGATE_SFN_SUITE is not set")
	}
	files, err := filepath.Glob(filepath.Join(folder, "cases", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in %s: %v", folder, err)
	}
	var passed, failed, skipped int
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonvalue.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		r := newReplay(v.(*Object))
		r.run()
		passed += r.passed
		skipped += r.skipped
		failed += len(r.failures)
		for _, f := range r.failures {
			if testing.Verbose() {
				t.Logf("%s: %s", name, f)
			}
		}
	}
	fmt.Printf("asl: %d passed, %d failed, %d skipped\n", passed, failed, skipped)
	if passed < suiteFloor {
		t.Errorf("%d passed, fewer than %d", passed, suiteFloor)
	}
}

// replay runs one case's steps, as far as they concern the language.
type replay struct {
	c        *Object
	live     map[string]string // s1.stateMachineArn → value
	objects  map[string]string // S3: bucket/key → content
	machines map[string]*StateMachine
	runs     map[string]*recordedRun
	answers  map[string]any // step → our answer
	matches  map[string]string
	bound    map[string]string
	expected *Object

	passed, skipped int
	failures        []string
}

type recordedRun struct {
	machine *StateMachine
	input   string
	live    bool // the input has values that only a live run knows
	stopped bool
}

func newReplay(c *Object) *replay {
	e, _ := c.Get("expected")
	return &replay{c: c, live: map[string]string{}, objects: map[string]string{}, machines: map[string]*StateMachine{},
		runs: map[string]*recordedRun{}, answers: map[string]any{}, matches: map[string]string{}, bound: map[string]string{}, expected: e.(*Object)}
}

var functionName = regexp.MustCompile(`Lambda function (\S+):`)

var liveValue = regexp.MustCompile(`<<([^<>]+)>>`)

func (r *replay) fill(s string) string {
	return liveValue.ReplaceAllStringFunc(s, func(m string) string {
		name := m[2 : len(m)-2]
		if v, ok := r.live[name]; ok {
			return v
		}
		switch {
		case strings.HasPrefix(name, "role"):
			return "arn:aws:iam::123456789012:role/" + name
		case strings.HasSuffix(name, "FunctionArn"):
			described, _ := get(r.c, "substitutions", m).(string)
			if f := functionName.FindStringSubmatch(described); f != nil {
				return "arn:aws:lambda:us-east-1:123456789012:function:" + r.fill(f[1])
			}
			return "arn:aws:lambda:us-east-1:123456789012:function:" + name[:strings.IndexByte(name, '.')]
		case name == "region":
			return "us-east-1"
		case name == "account_id":
			return "123456789012"
		case strings.HasSuffix(name, "Arn"):
			return "arn:aws:states:us-east-1:123456789012:stateMachine:" + strings.ReplaceAll(name, ".", "-")
		}
		return name
	})
}

// computed values come from let steps, which work on live answers.
var computed = regexp.MustCompile(`<<v\d+`)

func get(o *Object, keys ...string) any {
	var v any = o
	for _, k := range keys {
		obj, ok := v.(*Object)
		if !ok {
			return nil
		}
		v, _ = obj.Get(k)
	}
	return v
}

func str(v any) string {
	s, _ := v.(string)
	return s
}

func (r *replay) run() {
	steps, _ := r.c.Get("steps")
	for _, v := range steps.([]any) {
		s := v.(*Object)
		switch str(get(s, "op")) {
		case "call":
			r.call(s)
		case "match":
			r.match(str(get(s, "name")), str(get(s, "value")))
		}
	}
}

func (r *replay) call(s *Object) {
	id := str(get(s, "id"))
	param := func(name string) string { return r.fill(str(get(s, "params", name))) }
	switch str(get(s, "action")) {
	case "put_object":
		r.objects[param("Bucket")+"/"+param("Key")] = param("Body")
	case "create_activity":
		r.live[id+".activityArn"] = "arn:aws:states:us-east-1:123456789012:activity:" + param("name")
	case "create_state_machine", "update_state_machine":
		r.create(s, id, param)
	case "validate_state_machine_definition":
		_, found := Validate([]byte(param("definition")))
		r.answers[id] = found
	case "start_execution":
		m := r.machines[param("stateMachineArn")]
		if get(s, "expect_error") == true {
			if message := JSONError(param("input")); message != "" && m != nil {
				r.answers[id] = "Invalid State Machine Execution Input: '" + message + "'"
			}
			return
		}
		arn := "arn:aws:states:us-east-1:123456789012:execution:machine:" + id
		r.live[id+".executionArn"] = arn
		input := "{}"
		if text, ok := get(s, "params", "input").(string); ok {
			input = r.fill(text)
		}
		if m != nil {
			text, _ := get(s, "params", "input").(string)
			r.runs[arn] = &recordedRun{machine: m, input: input, live: computed.MatchString(text)}
		}
	case "test_state":
		r.testState(s, id, param)
	case "describe_state_machine", "describe_state_machine_for_execution":
		m := r.machines[param("stateMachineArn")]
		if run := r.runs[param("executionArn")]; run != nil {
			m = run.machine
		}
		if m != nil {
			r.answers[id] = m.VariableReferences()
		}
	case "stop_execution":
		if run := r.runs[param("executionArn")]; run != nil {
			run.stopped = true
		}
	case "get_execution_history":
		if get(s, "params", "reverseOrder") == nil && get(s, "params", "maxResults") == nil {
			r.answers[id] = r.runs[param("executionArn")]
		}
	}
}

func (r *replay) create(s *Object, id string, param func(string) string) {
	definition := param("definition")
	if definition == "" {
		return
	}
	var options []Option
	if str(get(s, "params", "type")) == "EXPRESS" {
		options = append(options, Express())
	}
	m, err := Parse([]byte(definition), options...)
	if get(s, "expect_error") == true {
		r.answers[id] = err
		return
	}
	if err != nil {
		r.failures = append(r.failures, "definition refused: "+err.Error()+"\n    "+definition)
		return
	}
	arn := param("stateMachineArn")
	if arn == "" {
		arn = "arn:aws:states:us-east-1:123456789012:stateMachine:" + id
	}
	r.live[id+".stateMachineArn"] = arn
	r.machines[arn] = m
}

func (r *replay) match(name, value string) {
	step := strings.TrimSuffix(strings.TrimPrefix(value, "<<"), ">>")
	step, rest, _ := strings.Cut(step, ".")
	want, _ := r.expected.Get(name)
	answer, ok := r.answers[step]
	if !ok || want == nil {
		return
	}
	c := &comparison{bound: r.bound, parallel: get(r.c, "parallel_unordered") == true}
	switch got := answer.(type) {
	case *recordedRun:
		if got == nil || got.live || get(r.c, "complete_plan") == false {
			r.skipped++
			return
		}
		r.history(c, name, want.(*Object), got)
	case *Object:
		c.value(name, want, got)
	case []Diagnostic:
		r.diagnostics(c, want.(*Object), got)
	case error:
		r.message(c, want, got.Error())
	case string:
		r.message(c, want, got)
	case map[string][]string:
		refs, recorded := toObject(want).Get("variableReferences")
		if !recorded {
			r.skipped++
			return
		}
		list := jsonvalue.NewObject(len(got))
		for state, names := range got {
			values := []any{}
			for _, n := range names {
				values = append(values, n)
			}
			list.Set(state, values)
		}
		c.value("variableReferences", refs, list)
	default:
		if _, invalid := get(toObject(want), "Error", "Message").(string); invalid && rest == "error_response" && answer == nil &&
			strings.Contains(str(get(toObject(want), "Error", "Message")), "Invalid State Machine Definition") {
			c.differ(name, "AWS refuses the definition: %s", get(toObject(want), "Error", "Message"))
			break
		}
		r.skipped++
		return
	}
	if len(c.diffs) == 1 && strings.HasSuffix(c.diffs[0], "skip") {
		return
	}
	if len(c.diffs) == 0 {
		r.passed++
		return
	}
	r.failures = append(r.failures, name+"\n    "+strings.Join(c.diffs, "\n    "))
}

func toObject(v any) *Object {
	if o, ok := v.(*Object); ok {
		return o
	}
	return jsonvalue.NewObject(0)
}

func (r *replay) message(c *comparison, want any, got string) {
	message := str(get(toObject(want), "Error", "Message"))
	if message == "" {
		_, message, _ = strings.Cut(str(get(toObject(want), "exception_value")), "operation: ")
	}
	if strings.HasPrefix(message, "Error=") {
		return // the recording's own tool said this, not AWS
	}
	if !c.text(message, got) {
		c.differ("message", "want %q\n      got  %q", message, got)
	}
}

func (r *replay) diagnostics(c *comparison, want *Object, found []Diagnostic) {
	list := []any{}
	for _, d := range found {
		list = append(list, jsonvalue.Of("severity", d.Severity, "code", d.Code, "message", d.Message, "location", d.Location))
	}
	w, _ := want.Get("diagnostics")
	c.value("diagnostics", w, list)
}

func (r *replay) history(c *comparison, name string, want *Object, run *recordedRun) {
	w, _ := want.Get("events")
	events, ok := w.([]any)
	if !ok {
		r.skipped++
		c.differ(name, "no events recorded")
		return
	}
	input, err := jsonvalue.FromText(run.input)
	if err != nil {
		c.differ(name, "%v", err)
		return
	}
	// The cases' own times in inputs lie shortly after this one.
	p := &player{r: r, m: run.machine, outcomes: outcomes(events), now: time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)}
	p.x = New(Info{ARN: "arn:aws:states:us-east-1:123456789012:execution:machine:1", Name: "1", RoleARN: "arn:aws:iam::123456789012:role/role1",
		MachineARN: "arn:aws:states:us-east-1:123456789012:stateMachine:machine", MachineName: "machine", Region: "us-east-1", Account: "123456789012"}, input)
	for _, e := range events {
		if strings.Contains(str(get(toObject(e), "executionFailedEventDetails", "cause")), "does not exist.") {
			p.x.Refuse = func(res Resource) *Failure {
				return &Failure{Code: ErrRuntime, Cause: "The activity " + res.ARN + " does not exist."}
			}
		}
	}
	if run.stopped {
		p.step(Start{})
		p.step(Stop{})
	} else {
		p.play()
	}
	if p.unknown {
		r.skipped++
		c.differ(name, "skip")
		return
	}
	got := []any{}
	for _, e := range p.history {
		got = append(got, wireForm(reflect.ValueOf(e.SDK())))
	}
	if c.parallel { // recordings leave this event out
		got = withoutSucceeded(got, events)
	}
	c.value("events", events, got)
}

// withoutSucceeded drops ParallelStateSucceeded, which recordings of parallel states lack.
func withoutSucceeded(got, want []any) []any {
	out := []any{}
	for _, g := range got {
		kind := str(get(toObject(g), "type"))
		if kind != "ParallelStateSucceeded" && kind != "ParallelStateFailed" || strings.Contains(kinds(want), kind) {
			out = append(out, g)
		}
	}
	return out
}
