package execution

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

// Events and effects of a map run, beside eventStop.
const (
	eventChild  = "child"  // asl.ChildEnded
	eventUpdate = "update" // limits
	effectRead  = "read"   // an integration.Call, asl.ReadItems
	effectStart = "start"  // asl.StartChild; an Express child's end comes back, or that of one that need not be redriven
	effectWrite = "write"  // an integration.Call, asl.ResultWriter, integration.MapRun
)

// freely is how many children run at once when the definition sets no limit. AWS's own limit is 10,000.
const freely = 1000

// mapRun is the run of a distributed Map state, as durable keeps it:
//
//	READING ─▶ RUNNING ⟲ children start and end ─▶ WRITING ─▶ SUCCEEDED | FAILED | ABORTED
//	              ▲                                                           │        │
//	              └──── the execution around it is redriven ──────────────────┴────────┘
type mapRun struct {
	mapFacts
	r *asl.MapRun
	d *definition
	m *asl.StateMachine // what the execution with the Map state runs
}

// mapFacts are what the service knows of a map run beside what the language does.
type mapFacts struct {
	Caller    caller.Caller    `json:"caller"`
	Execution string           `json:"execution"` // the instance of the execution that waits for it
	Revision  string           `json:"revision"`
	Path      []string         `json:"path,omitempty"` // of the execution, if it is itself a map run's child
	Exact     bool             `json:"exact,omitempty"`
	Pins      integration.Pins `json:"pins,omitempty"`
	Limits    limits           `json:"limits"`
	Stopped   bool             `json:"stopped,omitempty"`
	Redrive   bool             `json:"redrive,omitempty"` // its first event is a redrive
}

// limits are what UpdateMapRun may change.
type limits struct {
	MaxConcurrency int     `json:"maxConcurrency"`
	Count          int64   `json:"toleratedFailureCount"`
	Percentage     float64 `json:"toleratedFailurePercentage"`
}

// Parts of a map run's state beside the instance's row: what the selector saw, and each child.
const (
	partOuter = "outer"
	partChild = "child-"
)

type storedMapRun struct {
	mapFacts
	Run *asl.MapRun `json:"run"`
}

// mapRunState is a map run's state before its first decision, all in one part.
func (s *Service) mapRunState(p *process, spec asl.MapRunSpec) any {
	l := limits{spec.MaxConcurrency, spec.ToleratedFailureCount, spec.ToleratedFailurePercentage}
	if spec.MaxConcurrency == 0 {
		spec.MaxConcurrency = freely
	}
	return storedMapRun{mapFacts{Caller: p.Caller, Execution: p.ID, Revision: p.Revision, Path: p.Path, Exact: p.Exact, Pins: p.Pins, Limits: l},
		asl.NewMapRun(spec)}
}

// parts encodes what changed.
func (q *mapRun) parts(first bool, changed map[int]bool) map[string][]byte {
	out := map[string][]byte{}
	row := storedMapRun{q.mapFacts, &asl.MapRun{}}
	*row.Run = *q.r
	row.Run.Children, row.Run.Spec.Outer = nil, nil
	if first {
		out[partOuter] = encode(q.r.Spec.Outer)
	}
	for i := range changed {
		out[partChild+strconv.Itoa(i)] = encode(&q.r.Children[i])
	}
	out[""] = encode(row)
	return out
}

func (s *Service) loadMapRun(parts map[string][]byte) (*mapRun, error) {
	var row storedMapRun
	if err := json.Unmarshal(parts[""], &row); err != nil {
		return nil, err
	}
	q := &mapRun{mapFacts: row.mapFacts, r: row.Run}
	if outer := parts[partOuter]; outer != nil {
		q.r.Spec.Outer = &asl.Execution{}
		if err := json.Unmarshal(outer, q.r.Spec.Outer); err != nil {
			return nil, err
		}
	}
	for name, data := range parts {
		n, ok := strings.CutPrefix(name, partChild)
		if !ok {
			continue
		}
		i, err := strconv.Atoi(n)
		if err != nil {
			return nil, err
		}
		for len(q.r.Children) <= i {
			q.r.Children = append(q.r.Children, asl.MapRunChild{})
		}
		if err := json.Unmarshal(data, &q.r.Children[i]); err != nil {
			return nil, err
		}
	}
	d, err := s.revision(s.ctx, q.r.Spec.Outer.MachineARN, q.Revision)
	if err != nil {
		return nil, durable.Retry(err, time.Second)
	}
	if q.d, q.m = d, d.child(q.Path); q.m == nil {
		return nil, fmt.Errorf("%s: no distributed map at %v", q.r.Spec.ARN, q.Path)
	}
	return q, nil
}

// decidingMapRun is one decision of a map run.
type decidingMapRun struct {
	s       *Service
	q       *mapRun
	now     time.Time
	first   bool
	changed map[int]bool
	out     durable.Change
}

func (s *Service) decideMapRun(q *mapRun, evs []durable.Event, now time.Time) durable.Change {
	d := &decidingMapRun{s: s, q: q, now: now, changed: map[int]bool{}}
	for _, ev := range evs {
		d.event(ev)
	}
	status := asl.Running
	if result := q.r.Result; result != nil {
		d.out.Done = true
		switch {
		case q.Stopped:
			status = asl.Aborted
		case result.Failed:
			status = asl.Failed
		default:
			status = asl.Succeeded
		}
		if status != asl.Succeeded {
			d.out.Rows = append(d.out.Rows, keep(q.instance(), storedMapRun{q.mapFacts, q.r}, q.r.StoppedAt))
		}
		d.out.Signals = append(d.out.Signals, durable.Signal{Kind: kind, Instance: q.Execution, Event: eventMapRun, Data: result})
	} else {
		d.out.Parts = q.parts(d.first, d.changed)
	}
	d.out.Rows = append(d.out.Rows, q.progress(status))
	if d.out.Done {
		d.out.Within = func(tx *db.Tx) error { return s.registry.Ended(tx, q.r.Spec.Outer.MachineARN) }
	}
	return d.out
}

func (d *decidingMapRun) event(ev durable.Event) {
	switch ev.Name {
	case durable.Started:
		d.first = true
		if d.q.Redrive {
			d.q.Redrive, d.q.Stopped = false, false
			d.step(asl.RedriveRun{})
			for i := range d.q.r.Children {
				d.changed[i] = true
			}
			return
		}
		d.step(asl.Begin{})
	case effectRead:
		stepMapRun(d, ev, asl.ItemsRead{Failed: true, Cause: failureText(ev)})
	case effectStart:
		if string(ev.Data) != "null" { // an Express child's end
			stepMapRun(d, ev, asl.ChildEnded{Index: childIndex(ev.EffectID), Status: asl.Failed, Error: asl.ErrRuntime, Cause: failureText(ev),
				Round: d.q.r.Redrives})
		}
	case eventChild:
		stepMapRun(d, ev, asl.ChildEnded{Index: -1})
	case effectWrite:
		stepMapRun(d, ev, asl.ResultsWritten{Failed: true, Cause: failureText(ev)})
	case eventStop:
		d.q.Stopped = d.q.r.Result == nil
		d.step(asl.StopRun{})
	case eventUpdate:
		d.update(ev)
	}
}

func failureText(ev durable.Event) string {
	if ev.Failure == nil {
		return ""
	}
	return ev.Failure.Message
}

// stepMapRun lets the event happen that an effect or a signal brought, or what stands for it if the effect failed.
func stepMapRun[E asl.MapRunEvent](d *decidingMapRun, ev durable.Event, failed E) {
	var e E
	if ev.Failure != nil || json.Unmarshal(ev.Data, &e) != nil {
		e = failed
	}
	d.step(e)
}

func (d *decidingMapRun) step(ev asl.MapRunEvent) {
	r := d.q.r
	before := len(r.Children)
	for _, c := range d.q.m.StepMapRun(r, ev, d.now) {
		d.command(c)
	}
	for i := before; i < len(r.Children); i++ {
		d.changed[i] = true
	}
	if e, ok := ev.(asl.ChildEnded); ok && e.Index >= 0 && e.Index < len(r.Children) {
		d.changed[e.Index] = true
	}
}

func (d *decidingMapRun) command(c asl.Command) {
	q := d.q
	switch c := c.(type) {
	case asl.ReadItems:
		d.effect(c.Key(), effectRead, readArgs{q.call("read", c.Resource, c.Parameters), c})
	case asl.StartChild:
		d.changed[c.Index] = true
		d.effect(c.Key(), effectStart, startArgs{q.Caller, q.Revision, q.childPath(), q.Exact, q.Pins, q.r.ChildInfo(c), q.r.Children[c.Index].Items, q.r.Redrives, c})
	case asl.StopChild:
		d.changed[c.Index] = true
		d.out.Signals = append(d.out.Signals, durable.Signal{Kind: kind, Instance: childID(q.instance(), c.Name), Event: eventStop, Data: asl.Stop{}})
	case asl.WriteResults:
		d.effect(c.Key(), effectWrite, writeArgs{q.call("write", c.Writer.Resource, c.Writer.Parameters), c.Writer, q.results()})
	}
}

func (d *decidingMapRun) effect(id, name string, args any) {
	d.out.Effects = append(d.out.Effects, durable.Effect{ID: id, Name: name, Args: args})
}

func (q *mapRun) instance() string { return mapRunInstance(q.r.Spec.ARN) }

// childPath leads to the Map state from the top of the definition.
func (q *mapRun) childPath() []string {
	if len(q.Path) == 0 {
		return q.r.Spec.Path
	}
	return append(append(append([]string{}, q.Path...), "0"), q.r.Spec.Path...)
}

// call is what reads the items or writes the results.
func (q *mapRun) call(what string, r asl.Resource, parameters asl.Text) integration.Call {
	x := q.r.Spec.Outer
	return integration.Call{Caller: q.Caller, Role: x.RoleARN, Execution: x.ARN, State: q.r.Spec.State, Resource: r, Parameters: parameters,
		Key: q.r.Spec.ARN + "/" + what, Exact: q.Exact, Pins: q.Pins}
}

func (q *mapRun) results() integration.MapRun {
	out := integration.MapRun{ARN: q.r.Spec.ARN, MachineARN: q.r.Spec.Outer.MachineARN}
	for i, c := range q.r.Children {
		info := q.r.ChildInfo(asl.StartChild{Index: i, Name: c.Name})
		out.Children = append(out.Children, integration.Child{ARN: info.ARN, Name: c.Name, Status: c.Status, Input: c.Input, Output: c.Output,
			Error: c.Error, Cause: c.Cause})
	}
	return out
}

// update takes new limits.
func (d *decidingMapRun) update(ev durable.Event) {
	var l limits
	if json.Unmarshal(ev.Data, &l) != nil {
		return
	}
	q := d.q
	q.Limits = l
	spec := &q.r.Spec
	spec.MaxConcurrency, spec.ToleratedFailureCount, spec.ToleratedFailurePercentage = l.MaxConcurrency, l.Count, l.Percentage
	if l.MaxConcurrency == 0 {
		spec.MaxConcurrency = freely
	}
	d.step(asl.LimitsChanged{})
}

// progress is the map run's row as it now is.
func (q *mapRun) progress(status asl.Status) db.Stmt {
	x := q.r.Spec.Outer
	return db.Stmt{SQL: `UPDATE sfn_map_run SET status = $1, stopped_at = $2, doc = $3 WHERE account = $4 AND region = $5 AND arn = $6`,
		Args: []any{string(status), millis(q.r.StoppedAt), string(encode(mapRunDoc{q.Limits, q.r.Counts(), q.r.Redrives, millis(q.r.RedrivenAt)})), x.Account, x.Region, q.r.Spec.ARN}}
}
