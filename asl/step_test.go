package asl

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/asl/jsonvalue"
)

var start = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// run drives an execution by hand.
type run struct {
	t       *testing.T
	m       *StateMachine
	x       *Execution
	now     time.Time
	history []HistoryEvent
	last    Outcome
}

func begin(t *testing.T, definition, input string) *run {
	t.Helper()
	m, err := Parse([]byte(definition))
	if err != nil {
		t.Fatal(err)
	}
	in, err := jsonvalue.FromText(input)
	if err != nil {
		t.Fatal(err)
	}
	r := &run{t: t, m: m, now: start, x: New(Info{ARN: "arn:aws:states:eu-west-1:1:execution:m:x", Name: "x", MachineARN: "arn:aws:states:eu-west-1:1:stateMachine:m",
		MachineName: "m", Region: "eu-west-1", Account: "1"}, in)}
	r.step(Start{})
	return r
}

func (r *run) step(ev Event) *run {
	r.last = r.m.Step(r.x, ev, r.now)
	r.history = append(r.history, r.last.History...)
	return r
}

func (r *run) after(d time.Duration) *run {
	r.now = r.now.Add(d)
	return r.step(Wake{})
}

func (r *run) task() string {
	r.t.Helper()
	tasks := r.x.PendingTasks()
	if len(tasks) == 0 {
		r.t.Fatal("no task is under way")
	}
	return tasks[0]
}

func (r *run) succeed(output string) *run {
	r.t.Helper()
	v, err := jsonvalue.FromText(output)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.step(TaskSucceeded{r.task(), v})
}

func (r *run) fail(code string) *run {
	r.t.Helper()
	return r.step(TaskFailed{TaskID: r.task(), Error: code, Cause: "because"})
}

func (r *run) types() string {
	var out []string
	for _, e := range r.history {
		out = append(out, e.Type)
	}
	return strings.Join(out, " ")
}

func (r *run) want(status Status, output string) {
	r.t.Helper()
	if r.x.Status != status {
		r.t.Fatalf("status %s (%s: %s), want %s\n%s", r.x.Status, r.x.Error, r.x.Cause, status, r.types())
	}
	if output != "" && r.x.Output.String() != output {
		r.t.Fatalf("output %s, want %s", r.x.Output.String(), output)
	}
}

func task(more string) string {
	return `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f"},"End":true` +
		more + `},"C":{"Type":"Pass","End":true},"U":{"Type":"Pass","Next":"T"}}}`
}

// reachable drops the states that a test does not use.
func reachable(definition string, drop ...string) string {
	v := jsonvalue.MustDecode(definition).(*Object)
	states, _ := v.Get("States")
	for _, d := range drop {
		states.(*Object).Delete(d)
	}
	return jsonvalue.Encode(v)
}

func TestRetryWaitsLongerEachTimeUpToMaxDelay(t *testing.T) {
	r := begin(t, reachable(task(`,"Retry":[{"ErrorEquals":["E"],"IntervalSeconds":2,"BackoffRate":3,"MaxAttempts":3,"MaxDelaySeconds":10}]`), "C", "U"), `{}`)
	for _, wait := range []time.Duration{2 * time.Second, 6 * time.Second, 10 * time.Second} {
		r.fail("E")
		if got := r.x.NextWake().Sub(r.now); got != wait {
			t.Fatalf("waits %s, want %s", got, wait)
		}
		r.after(wait - time.Second)
		if len(r.x.PendingTasks()) != 0 {
			t.Fatal("retried too early")
		}
		r.after(time.Second)
	}
	r.fail("E")
	r.want(Failed, "")
	if r.x.Error != "E" || r.x.Cause != "because" {
		t.Errorf("%s: %s", r.x.Error, r.x.Cause)
	}
}

func TestFullJitterStaysBelowTheDelayAndIsRepeatable(t *testing.T) {
	definition := reachable(task(`,"Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":100,"JitterStrategy":"FULL"}]`), "C", "U")
	a, b := begin(t, definition, `{}`).fail("E"), begin(t, definition, `{}`).fail("E")
	wait := a.x.NextWake().Sub(a.now)
	if wait < 0 || wait >= 100*time.Second || wait != b.x.NextWake().Sub(b.now) {
		t.Errorf("waits %s and %s", wait, b.x.NextWake().Sub(b.now))
	}
}

func TestCatchPlacesTheErrorAndTransitions(t *testing.T) {
	r := begin(t, reachable(task(`,"Catch":[{"ErrorEquals":["Other"],"Next":"C"},{"ErrorEquals":["States.TaskFailed"],"ResultPath":"$.problem","Next":"C"}]`), "U"), `{"a":1}`)
	r.fail("E").want(Succeeded, `{"a":1,"problem":{"Error":"E","Cause":"because"}}`)
}

func TestTaskFailedDoesNotCatchTimeouts(t *testing.T) {
	r := begin(t, reachable(task(`,"TimeoutSeconds":5,"Catch":[{"ErrorEquals":["States.TaskFailed"],"Next":"C"}]`), "U"), `{}`)
	r.after(5*time.Second).want(Failed, "")
	if r.x.Error != ErrTimeout {
		t.Errorf("error %s", r.x.Error)
	}
	if _, ok := r.last.Commands[0].(CancelTask); !ok {
		t.Errorf("the task is not cancelled: %v", r.last.Commands)
	}
}

func TestHeartbeatsPutTheTimeoutOff(t *testing.T) {
	r := begin(t, reachable(task(`,"HeartbeatSeconds":10`), "C", "U"), `{}`)
	for range 5 {
		r.now = r.now.Add(9 * time.Second)
		r.step(TaskHeartbeat{r.task()})
	}
	r.want(Running, "")
	r.after(10*time.Second).want(Failed, "")
	if r.x.Error != ErrHeartbeat {
		t.Errorf("error %s", r.x.Error)
	}
}

func TestTaskTokenIsInTheParametersAndTheCommand(t *testing.T) {
	r := begin(t, `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken","Parameters":{"Body":{"Token.$":"$$.Task.Token"}},"End":true}}}`, `{}`)
	c := r.last.Commands[0].(ScheduleTask)
	if c.Token == "" || !strings.Contains(c.Parameters.String(), c.Token) {
		t.Fatalf("token %q, parameters %s", c.Token, c.Parameters.String())
	}
	r.step(TaskSubmitted{c.TaskID, jsonvalue.FromValue("sent")}).succeed(`{"done":true}`).want(Succeeded, `{"done":true}`)
	if want := "ExecutionStarted TaskStateEntered TaskScheduled TaskStarted TaskSubmitted TaskSucceeded TaskStateExited ExecutionSucceeded"; r.types() != want {
		t.Errorf("%s", r.types())
	}
}

func TestActivityStartsWithItsWorker(t *testing.T) {
	r := begin(t, `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:eu-west-1:1:activity:a","End":true}}}`, `5`)
	id := r.task()
	r.step(TaskStarted{id, "w"}).step(TaskStarted{id, "w2"}).succeed(`1`).want(Succeeded, `1`)
	if want := "ExecutionStarted TaskStateEntered ActivityScheduled ActivityStarted ActivitySucceeded TaskStateExited ExecutionSucceeded"; r.types() != want {
		t.Errorf("%s", r.types())
	}
}

func TestLateResultsChangeNothing(t *testing.T) {
	r := begin(t, reachable(task(`,"Retry":[{"ErrorEquals":["E"]}]`), "C", "U"), `{}`)
	first := r.task()
	r.fail("E").after(time.Second)
	before := len(r.history)
	r.step(TaskSucceeded{first, jsonvalue.FromValue("late")}).step(TaskFailed{TaskID: "nobody"})
	if len(r.history) != before || r.x.Status != Running {
		t.Error("a late result was taken")
	}
	r.succeed(`1`).want(Succeeded, `1`)
	if out := r.m.Step(r.x, Stop{}, r.now); len(out.History) != 0 {
		t.Error("an event after the end")
	}
}

const fan = `{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[
	{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:lambda:eu-west-1:1:function:a","End":true}}},
	{"StartAt":"B","States":{"B":{"Type":"Wait","Seconds":60,"End":true}}}]}}}`

func TestParallelJoinsInOrderOfBranches(t *testing.T) {
	r := begin(t, fan, `{"n":1}`)
	r.after(time.Minute).succeed(`"a"`).want(Succeeded, `["a",{"n":1}]`)
	if len(r.x.Frames) != 0 {
		t.Errorf("%d frames are left", len(r.x.Frames))
	}
}

func TestAFailedBranchAbortsTheOthers(t *testing.T) {
	r := begin(t, fan, `{}`)
	r.fail("E").want(Failed, "")
	if !strings.Contains(r.types(), "WaitStateAborted") || !strings.HasSuffix(r.types(), "ParallelStateFailed ExecutionFailed") {
		t.Error(r.types())
	}
}

func TestStopCancelsTasks(t *testing.T) {
	r := begin(t, fan, `{}`)
	id := r.task()
	r.step(Stop{Error: "X", Cause: "told to"}).want(Aborted, "")
	if c, ok := r.last.Commands[0].(CancelTask); !ok || c.TaskID != id || !r.x.NextWake().IsZero() {
		t.Errorf("%v, wakes %s", r.last.Commands, r.x.NextWake())
	}
}

func TestRedriveGoesOnWhereItFailed(t *testing.T) {
	r := begin(t, `{"StartAt":"A","States":{"A":{"Type":"Pass","Assign":{"v":7},"Next":"T"},
		"T":{"Type":"Task","Resource":"arn:aws:lambda:eu-west-1:1:function:a","Next":"Z"},"Z":{"Type":"Pass","Parameters":{"v.$":"$v","r.$":"$"},"End":true}}}`, `{}`)
	r.fail("E").want(Failed, "")
	r.step(Redrive{}).want(Running, "")
	r.succeed(`"better"`).want(Succeeded, `{"r":"better","v":7}`)
	if !strings.Contains(r.types(), "ExecutionFailed ExecutionRedriven LambdaFunctionScheduled") {
		t.Error(r.types())
	}
}

func TestExecutionTimesOut(t *testing.T) {
	r := begin(t, `{"TimeoutSeconds":30,"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":60,"End":true}}}`, `{}`)
	r.after(29*time.Second).want(Running, "")
	r.after(time.Second).want(TimedOut, "")
}

func TestAnEndlessLoopEndsAtTheEventLimit(t *testing.T) {
	r := begin(t, `{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"Variable":"$.stop","IsPresent":true,"Next":"Z"}],"Default":"A"},"Z":{"Type":"Succeed"}}}`, `{}`)
	r.want(Failed, "")
	if r.x.LastEvent > 25_000 || r.x.LastEvent < 24_990 {
		t.Errorf("%d events", r.x.LastEvent)
	}
}

func TestMapRunsAsManyAtOnceAsAllowed(t *testing.T) {
	r := begin(t, `{"StartAt":"M","States":{"M":{"Type":"Map","MaxConcurrency":2,"ItemSelector":{"i.$":"$$.Map.Item.Index","v.$":"$$.Map.Item.Value"},"ItemProcessor":{
		"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:lambda:eu-west-1:1:function:a","Parameters":{"in.$":"$","index.$":"$$.Map.Item.Index"},"End":true}}},"End":true}}}`, `["a","b","c"]`)
	if n := len(r.x.PendingTasks()); n != 2 {
		t.Fatalf("%d tasks at once", n)
	}
	if c := r.last.Commands[1].(ScheduleTask); c.Parameters.String() != `{"in":{"v":"b","i":1},"index":1}` {
		t.Error(c.Parameters.String())
	}
	tasks := r.x.PendingTasks()
	r.step(TaskSucceeded{tasks[1], jsonvalue.FromValue("B")})
	if n := len(r.x.PendingTasks()); n != 2 {
		t.Fatalf("%d tasks at once", n)
	}
	r.succeed(`"A"`).succeed(`"C"`).want(Succeeded, `["A","B","C"]`)
}

func TestEmptyMap(t *testing.T) {
	begin(t, `{"StartAt":"M","States":{"M":{"Type":"Map","ItemProcessor":{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}},"End":true}}}`, `[]`).want(Succeeded, `[]`)
}

func TestVariablesOfInnerScopesStayInside(t *testing.T) {
	r := begin(t, `{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Pass","Assign":{"x":1,"big":"{% $sum([1..10]) %}"},"Next":"M"},
		"M":{"Type":"Map","Items":"{% [10,20] %}","ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","Assign":{"y":"{% $x + $states.input %}"},"Next":"J"},
		"J":{"Type":"Pass","Output":"{% $y + $big %}","End":true}}},"Next":"Z"},"Z":{"Type":"Pass","Output":"{% {'r': $states.input, 'x': $x} %}","End":true}}}`, `{}`)
	r.want(Succeeded, `{"r":[66,76],"x":1}`)
}

func TestNumbersKeepTheirForm(t *testing.T) {
	r := begin(t, `{"StartAt":"A","States":{"A":{"Type":"Pass","Parameters":{"copy.$":"$.n"},"End":true}}}`, `{"n":[1,1.0,1e3,12345678901234567890,0.1]}`)
	r.want(Succeeded, `{"copy":[1,1.0,1000.0,12345678901234567890,0.1]}`)
}

func TestEntryKeepsTheInputsSpelling(t *testing.T) {
	r := begin(t, `{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}`, `{ "b" : 1,  "a":2 }`)
	if got := *r.history[1].Input; got != `{ "b" : 1,  "a":2 }` {
		t.Error(got)
	}
}

func TestAnExecutionSurvivesJSONBetweenSteps(t *testing.T) {
	r := begin(t, fan, `{"n":1.0}`)
	data, err := json.Marshal(r.x)
	if err != nil {
		t.Fatal(err)
	}
	r.x = &Execution{}
	if err := json.Unmarshal(data, r.x); err != nil {
		t.Fatal(err)
	}
	r.after(time.Minute).succeed(`"a"`).want(Succeeded, `["a",{"n":1.0}]`)
}

func BenchmarkInlineMapOf1000(b *testing.B) {
	m, err := Parse([]byte(`{"StartAt":"M","States":{"M":{"Type":"Map","ItemProcessor":{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}},"End":true}}}`))
	if err != nil {
		b.Fatal(err)
	}
	items := make([]any, 1000)
	for i := range items {
		items[i] = jsonvalue.Of("n", int64(i))
	}
	for b.Loop() {
		x := New(Info{ARN: "arn"}, jsonvalue.FromValue(items))
		if m.Step(x, Start{}, start); x.Status != Succeeded {
			b.Fatal(x.Cause)
		}
	}
}

func BenchmarkTransition(b *testing.B) {
	m, err := Parse([]byte(`{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"W"},"W":{"Type":"Wait","Seconds":1,"Next":"A2"},"A2":{"Type":"Pass","End":true}}}`))
	if err != nil {
		b.Fatal(err)
	}
	in := jsonvalue.FromValue(jsonvalue.Of("n", int64(1)))
	for b.Loop() {
		x := New(Info{ARN: "arn"}, in)
		m.Step(x, Start{}, start)
		m.Step(x, Wake{}, start.Add(time.Second))
	}
}
