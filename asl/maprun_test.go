package asl

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// distributed is a distributed map with more fields; it returns the parent's run and the map run.
func distributed(t *testing.T, more, input string) (*run, *MapRun) {
	t.Helper()
	r := begin(t, `{"StartAt":"M","States":{"M":{"Type":"Map","Label":"L",`+more+`"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
		"StartAt":"A","States":{"A":{"Type":"Pass","Parameters":{"in.$":"$","i.$":"$$.Map.Item.Index"},"End":true}}},"End":true}}}`, input)
	if len(r.last.Commands) != 1 {
		t.Fatalf("%v %s: %s", r.last.Commands, r.x.Error, r.x.Cause)
	}
	return r, NewMapRun(r.last.Commands[0].(StartMapRun).Run)
}

// stored writes and reads a map run, as a driver does between steps.
func stored(t *testing.T, run *MapRun) *MapRun {
	t.Helper()
	data, err := json.Marshal(run)
	if err != nil {
		t.Fatal(err)
	}
	out := &MapRun{}
	if err := json.Unmarshal(data, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// finish runs every child that commands start, and what follows.
func finish(t *testing.T, r *run, run *MapRun, commands []Command) *MapRun {
	t.Helper()
	child := r.m.Child(run.Spec.Path)
	for len(commands) > 0 {
		run = stored(t, run)
		c := commands[0].(StartChild)
		x := New(run.ChildInfo(c), c.Input)
		child.Step(x, Start{}, r.now)
		commands = append(commands[1:], r.m.StepMapRun(run, ChildEnded{Index: c.Index, Status: x.Status, Output: x.Output, Error: x.Error, Cause: x.Cause}, r.now)...)
	}
	return run
}

func TestMapRunSelectsItemsAndJoinsResults(t *testing.T) {
	r, run := distributed(t, `"MaxConcurrency":2,"ItemsPath":"$.list","ItemSelector":{"v.$":"$$.Map.Item.Value","all.$":"$.x"},`, `{"list":["a","b","c"],"x":1}`)
	commands := r.m.StepMapRun(run, Begin{}, r.now)
	if len(commands) != 2 {
		t.Fatalf("%d children at once", len(commands))
	}
	if c := commands[1].(StartChild); c.Input.String() != `{"all":1,"v":"b"}` || run.ChildInfo(c).ARN != "arn:aws:states:eu-west-1:1:execution:m/L:"+c.Name {
		t.Errorf("%s, %s", c.Input.String(), run.ChildInfo(c).ARN)
	}
	run = finish(t, r, run, commands)
	r.step(*run.Result).want(Succeeded, `[{"in":{"all":1,"v":"a"},"i":0},{"in":{"all":1,"v":"b"},"i":1},{"in":{"all":1,"v":"c"},"i":2}]`)
	if !strings.Contains(r.types(), "MapStateStarted MapRunStarted MapRunSucceeded MapStateSucceeded MapStateExited") {
		t.Error(r.types())
	}
}

func TestMapRunReadsAndBatches(t *testing.T) {
	r, run := distributed(t, `"ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW","MaxItems":5},"Parameters":{"Bucket":"b","Key.$":"$.k"}},
		"ItemBatcher":{"MaxItemsPerBatch":2,"BatchInput":{"k.$":"$.k"}},`, `{"k":"file"}`)
	read := r.m.StepMapRun(run, Begin{}, r.now)[0].(ReadItems)
	if read.Parameters.String() != `{"Bucket":"b","Key":"file"}` {
		t.Error(read.Parameters.String())
	}
	items, err := ParseItems(read.Config, []byte("n\n1\n2\n3\n4\n5\n6\n"))
	if err != nil {
		t.Fatal(err)
	}
	commands := r.m.StepMapRun(run, ItemsRead{Items: jsonvalue.FromValue(items)}, r.now)
	var inputs []string
	for _, c := range commands {
		c := c.(StartChild)
		inputs = append(inputs, c.Input.String())
	}
	want := `{"BatchInput":{"k":"file"},"Items":[{"n":"1"},{"n":"2"}]} {"BatchInput":{"k":"file"},"Items":[{"n":"3"},{"n":"4"}]} {"BatchInput":{"k":"file"},"Items":[{"n":"5"}]}`
	if got := strings.Join(inputs, " "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestMapRunToleratesSoManyFailures(t *testing.T) {
	for _, c := range []struct {
		more   string
		failed int
		fails  bool
	}{
		{``, 1, true}, {`"ToleratedFailureCount":1,`, 1, false}, {`"ToleratedFailureCount":1,`, 2, true},
		{`"ToleratedFailurePercentage":50,`, 2, false}, {`"ToleratedFailurePercentage":50,`, 3, true},
		{`"ToleratedFailurePercentage":100,"ToleratedFailureCount":2,`, 3, true},
	} {
		r, run := distributed(t, c.more, `[1,2,3,4]`)
		r.m.StepMapRun(run, Begin{}, r.now)
		for i := range 4 {
			ev := ChildEnded{Index: i, Status: Succeeded, Output: jsonvalue.FromValue(int64(i))}
			if i < c.failed {
				ev = ChildEnded{Index: i, Status: Failed, Error: "E"}
			}
			r.m.StepMapRun(run, ev, r.now)
		}
		if run.Result == nil || run.Result.Failed != c.fails || c.fails && run.Result.Error != ErrTolerated {
			t.Errorf("%s with %d failed: %+v", c.more, c.failed, run.Result)
		}
	}
}

func TestMapRunFailsWithItsReader(t *testing.T) {
	r, run := distributed(t, `"ItemReader":{"Resource":"arn:aws:states:::s3:getObject","Parameters":{}},`, `{}`)
	r.m.StepMapRun(run, Begin{}, r.now)
	r.m.StepMapRun(run, ItemsRead{Failed: true, Cause: "gone"}, r.now)
	r.step(*run.Result).want(Failed, "")
	if r.x.Error != ErrItemReader || !strings.HasSuffix(r.types(), "MapRunStarted MapRunFailed MapStateFailed ExecutionFailed") {
		t.Errorf("%s %s", r.x.Error, r.types())
	}
}

func TestMapRunWritesResults(t *testing.T) {
	r, run := distributed(t, `"ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"b","Prefix":"p"}},`, `[1]`)
	commands := r.m.StepMapRun(run, Begin{}, r.now)
	c := commands[0].(StartChild)
	write := r.m.StepMapRun(run, ChildEnded{Index: c.Index, Status: Succeeded}, r.now)[0].(WriteResults)
	if write.Writer.Parameters.String() != `{"Bucket":"b","Prefix":"p"}` {
		t.Error(write.Writer.Parameters.String())
	}
	r.m.StepMapRun(run, ResultsWritten{Output: jsonvalue.FromValue("there")}, r.now)
	r.step(*run.Result).want(Succeeded, `"there"`)
}

func TestStoppingTheExecutionStopsItsMapRun(t *testing.T) {
	r, run := distributed(t, ``, `[1,2]`)
	r.m.StepMapRun(run, Begin{}, r.now)
	r.step(Stop{})
	if c, ok := r.last.Commands[0].(StopMapRun); !ok || c.MapRunARN != run.Spec.ARN {
		t.Fatalf("%v", r.last.Commands)
	}
	if stops := r.m.StepMapRun(run, StopRun{}, r.now); len(stops) != 2 || run.Phase != "ended" {
		t.Errorf("%v", stops)
	}
}

func TestParseItems(t *testing.T) {
	for name, c := range map[string]struct {
		config        ReaderConfig
		content, want string
	}{
		"JSON":    {ReaderConfig{InputType: "JSON"}, `[1,{"a":2}]`, `[1,{"a":2}]`},
		"pointer": {ReaderConfig{InputType: "JSON", ItemsPointer: "/a/b~1c"}, `{"a":{"b/c":[7]}}`, `[7]`},
		"lines":   {ReaderConfig{InputType: "JSONL"}, "{\"a\":1}\n\n{\"a\":2}\n", `[{"a":1},{"a":2}]`},
		"given":   {ReaderConfig{InputType: "CSV", CSVHeaderLocation: "GIVEN", CSVHeaders: []string{"x", "y"}, CSVDelimiter: "PIPE"}, "1|\"a|b\"|3\n2\n", `[{"x":"1","y":"a|b"},{"x":"2","y":""}]`},
	} {
		items, err := ParseItems(c.config, []byte(c.content))
		if got := jsonvalue.Encode(items); err != nil || got != c.want {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}
