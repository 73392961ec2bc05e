package asl

import (
	"sort"
	"strings"
	"time"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// outcomes are the recorded events that say how tasks went.
func outcomes(events []any) []*Object {
	var out []*Object
	for _, e := range events {
		o := toObject(e)
		switch kind := str(get(o, "type")); {
		case strings.HasPrefix(kind, "TaskState"):
		case strings.HasPrefix(kind, "Task"), strings.HasPrefix(kind, "LambdaFunction"), strings.HasPrefix(kind, "Activity"):
			if !strings.HasSuffix(kind, "Scheduled") && (!strings.HasSuffix(kind, "Started") || kind == "ActivityStarted") {
				out = append(out, o)
			}
		}
	}
	return out
}

// player drives one execution with recorded outcomes.
type player struct {
	r        *replay
	m        *StateMachine
	x        *Execution
	outcomes []*Object
	history  []HistoryEvent
	now      time.Time
	steps    int
	unknown  bool // a child's task has no recorded result
}

func (p *player) step(ev Event) {
	out := p.m.Step(p.x, ev, p.now)
	p.history = append(p.history, out.History...)
	for _, c := range out.Commands {
		if run, ok := c.(StartMapRun); ok {
			p.mapRun(run.Run)
		}
	}
}

func (p *player) play() {
	p.step(Start{})
	for p.x.Status == Running && p.steps < 5000 {
		p.steps++
		if tasks := p.x.PendingTasks(); len(tasks) > 0 && len(p.outcomes) > 0 {
			o := p.outcomes[0]
			p.outcomes = p.outcomes[1:]
			p.outcome(tasks[0], o)
			continue
		}
		wake := p.x.NextWake()
		if wake.IsZero() || wake.After(p.now.AddDate(1, 0, 0)) {
			return
		}
		p.now = wake
		p.step(Wake{})
	}
}

func (p *player) outcome(task string, o *Object) {
	kind := str(get(o, "type"))
	details, _ := o.Get(strings.ToLower(kind[:1]) + kind[1:] + "EventDetails")
	d := toObject(details)
	text := func(name string) string {
		if s, ok := get(d, name).(string); ok {
			return s
		}
		if v, ok := d.Get(name); ok {
			return jsonvalue.Encode(v)
		}
		return ""
	}
	output, _ := jsonvalue.FromText(text("output"))
	switch {
	case strings.HasSuffix(kind, "TimedOut"):
		p.now = p.x.NextWake()
		p.step(Wake{})
	case kind == "ActivityStarted":
		p.step(TaskStarted{task, text("workerName")})
	case strings.HasSuffix(kind, "Submitted"):
		p.step(TaskSubmitted{task, output})
	case strings.HasSuffix(kind, "Succeeded"):
		p.step(TaskSucceeded{task, output})
	case text("error") == ErrDataLimit:
		big := jsonvalue.FromValue(strings.Repeat("a", maxPayload))
		p.step(TaskSucceeded{task, big})
	default:
		p.step(TaskFailed{TaskID: task, Error: text("error"), Cause: text("cause")})
	}
}

// mapRun runs a distributed map's children in place.
func (p *player) mapRun(spec MapRunSpec) {
	run := NewMapRun(spec)
	queue := p.m.StepMapRun(run, Begin{}, p.now)
	child := p.m.Child(spec.Path)
	for len(queue) > 0 {
		c := queue[0]
		queue = queue[1:]
		switch c := c.(type) {
		case ReadItems:
			queue = append(queue, p.m.StepMapRun(run, p.read(c), p.now)...)
		case StartChild:
			cp := &player{r: p.r, m: child, x: New(run.ChildInfo(c), c.Input), now: p.now}
			cp.play()
			p.unknown = p.unknown || len(cp.x.PendingTasks()) > 0 || cp.unknown || len(cp.outcomes) == 0 && hasTask(child)
			queue = append(queue, p.m.StepMapRun(run, ChildEnded{Index: c.Index, Status: cp.x.Status, Output: cp.x.Output, Error: cp.x.Error, Cause: cp.x.Cause}, p.now)...)
		case WriteResults:
			queue = append(queue, p.m.StepMapRun(run, ResultsWritten{}, p.now)...)
		}
	}
	if run.Result != nil {
		p.step(*run.Result)
	}
}

func hasTask(m *StateMachine) bool {
	found := false
	m.Walk(func(_ string, s *State) { found = found || s.Task != nil })
	return found
}

func (p *player) read(c ReadItems) ItemsRead {
	in := toObject(c.Parameters.Value())
	content, ok := p.r.objects[str(get(in, "Bucket"))+"/"+str(get(in, "Key"))]
	if !ok {
		keys := []string{}
		for k := range p.r.objects {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		return ItemsRead{Failed: true, Cause: "no object " + c.Parameters.String() + " in " + strings.Join(keys, " ")}
	}
	items, err := ParseItems(c.Config, []byte(content))
	if err != nil {
		return ItemsRead{Failed: true, Cause: err.Error()}
	}
	return ItemsRead{Items: jsonvalue.FromValue(items)}
}
