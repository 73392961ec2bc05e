package asl

import (
	"strings"
	"time"

	"github.com/headgate/headgate/asl/intrinsic"
	"github.com/headgate/headgate/asl/jsonvalue"
)

// MapRunSpec is what a distributed Map state wants done.
type MapRunSpec struct {
	ARN                        string        `json:"arn"`
	State                      string        `json:"state"`
	Label                      string        `json:"label"`
	Path                       []string      `json:"path"` // of the state: see StateMachine.At and Child
	ExecutionType              string        `json:"executionType,omitempty"`
	MaxConcurrency             int           `json:"maxConcurrency,omitempty"` // 0: as many as the service lets
	ToleratedFailureCount      int64         `json:"toleratedFailureCount,omitempty"`
	ToleratedFailurePercentage float64       `json:"toleratedFailurePercentage,omitempty"`
	Items                      Text          `json:"items,omitzero"` // unless there is a Reader
	Reader                     *ReadItems    `json:"reader,omitempty"`
	Batch                      *Batch        `json:"batch,omitempty"`
	Writer                     *ResultWriter `json:"writer,omitempty"`
	Outer                      *Execution    `json:"outer"` // what ItemSelector sees
}

// Batch groups items.
type Batch struct {
	MaxItems int  `json:"maxItems,omitempty"`
	MaxBytes int  `json:"maxBytes,omitempty"`
	Input    Text `json:"input,omitzero"`
	HasInput bool `json:"hasInput,omitempty"`
}

// ResultWriter says where a map run's results go.
type ResultWriter struct {
	Resource   Resource     `json:"resource"`
	Parameters Text         `json:"parameters"`
	Config     WriterConfig `json:"config"`
}

// WriterConfig says in what form.
type WriterConfig struct {
	Transformation string `json:"transformation,omitempty"`
	OutputType     string `json:"outputType,omitempty"`
}

// MapRun is the progress of a distributed Map state's run, as data, in the same manner as Execution:
//
//	Begin ─▶ READING ─ItemsRead─▶ RUNNING ─ChildEnded…─▶ (WRITING ─ResultsWritten─▶) ended
//	            │ failed             │ too many failed, or stopped
//	            └────────────────────┴──────────────────────────────────────────────▶ ended
type MapRun struct {
	Spec       MapRunSpec    `json:"spec"`
	Phase      string        `json:"phase"`              // reading, running, writing or ended
	Children   []MapRunChild `json:"children,omitempty"` // by index
	Next       int           `json:"next"`               // the first child that was not started
	Running    int           `json:"running"`
	Succeeded  int           `json:"succeeded"`
	Failed     int           `json:"failed"`
	Randomness uint64        `json:"randomness,omitempty"`
	StartedAt  time.Time     `json:"startedAt"`
	StoppedAt  time.Time     `json:"stoppedAt,omitzero"`
	Read       bool          `json:"read,omitempty"` // the children are known
	Redrives   int           `json:"redrives,omitempty"`
	RedrivenAt time.Time     `json:"redrivenAt,omitzero"`
	Result     *MapRunEnded  `json:"result,omitempty"` // when it has ended: the event for the parent
}

// MapRunChild is one child execution.
type MapRunChild struct {
	Name   string `json:"name,omitempty"` // when it was started
	Input  Text   `json:"input"`
	Item   Text   `json:"item,omitzero"`
	Items  int    `json:"items"` // how many it has: more than 1 in a batch
	Status Status `json:"status,omitempty"`
	Output Text   `json:"output,omitzero"`
	Error  string `json:"error,omitempty"`
	Cause  string `json:"cause,omitempty"`
	// Final tells that a child that did not succeed cannot be redriven.
	Final     bool      `json:"final,omitempty"`
	StoppedAt time.Time `json:"stoppedAt,omitzero"`
}

// MapRunEvent is what happens to a map run.
type MapRunEvent interface{ mapRunEvent() }

type (
	// Begin starts the run.
	Begin struct{}
	// ItemsRead brings what the reader found, before MaxItems is applied; or its failure.
	ItemsRead struct {
		Items  Text   `json:"items,omitzero"`
		Failed bool   `json:"failed,omitempty"`
		Error  string `json:"error,omitempty"` // States.ItemReaderFailed unless set
		Cause  string `json:"cause,omitempty"`
	}
	// ChildEnded brings a child execution's end.
	ChildEnded struct {
		Index  int    `json:"index"`
		Status Status `json:"status"`
		Output Text   `json:"output,omitzero"`
		Error  string `json:"error,omitempty"`
		Cause  string `json:"cause,omitempty"`
		Final  bool   `json:"final,omitempty"` // its history is too long for a redrive
		// Round is the run's number of redrives when the child began: the end of one that was given up may come late.
		Round int `json:"round,omitempty"`
	}
	// ResultsWritten brings the writer's answer: what becomes the state's result, or its failure.
	ResultsWritten struct {
		Output Text   `json:"output,omitzero"`
		Failed bool   `json:"failed,omitempty"`
		Cause  string `json:"cause,omitempty"`
	}
	// LimitsChanged tells that the Spec's limits were changed: more children may start, or too many have failed.
	LimitsChanged struct{}
	// StopRun ends the run from outside.
	StopRun struct{}
	// RedriveRun goes on with a run that failed or was stopped.
	RedriveRun struct{}
)

func (Begin) mapRunEvent()          {}
func (ItemsRead) mapRunEvent()      {}
func (ChildEnded) mapRunEvent()     {}
func (ResultsWritten) mapRunEvent() {}
func (LimitsChanged) mapRunEvent()  {}
func (StopRun) mapRunEvent()        {}
func (RedriveRun) mapRunEvent()     {}

type (
	// ReadItems wants the items read: ItemsRead comes back.
	ReadItems struct {
		Resource   Resource     `json:"resource"`
		Parameters Text         `json:"parameters"`
		Config     ReaderConfig `json:"config"`
		MaxItems   int64        `json:"maxItems,omitempty"` // 0: all
	}
	// StartChild wants a child execution started with Child(Spec.Path): ChildEnded comes back.
	StartChild struct {
		Index int    `json:"index"`
		Name  string `json:"name"`
		Input Text   `json:"input"`
		Item  Text   `json:"item,omitzero"`
		// Redrive wants the child redriven, which has ended without success.
		Redrive bool `json:"redrive,omitempty"`
	}
	// StopChild wants a child execution stopped; nobody waits for it.
	StopChild struct {
		Index int    `json:"index"`
		Name  string `json:"name"`
	}
	// WriteResults wants the children's results written: ResultsWritten comes back.
	WriteResults struct{ Writer ResultWriter }
)

// Key is the same for each: a run reads once.
func (ReadItems) Key() string { return "read" }

// Key is made of the child's index.
func (c StartChild) Key() string { return "child-" + itoa(c.Index) }

// Key is made of the child's index.
func (c StopChild) Key() string { return "stop-child-" + itoa(c.Index) }

// Key is the same for each: a run writes once.
func (WriteResults) Key() string { return "write" }

// NewMapRun makes a run that waits for Begin.
func NewMapRun(spec MapRunSpec) *MapRun { return &MapRun{Spec: spec, Phase: "new"} }

// StepMapRun lets an event happen to a map run, which is changed in place. When the run has ended, Result is set.
func (m *StateMachine) StepMapRun(r *MapRun, ev MapRunEvent, now time.Time) []Command {
	s := &mapRunStepper{m: m, r: r, now: now.UTC().Truncate(time.Millisecond)}
	switch ev := ev.(type) {
	case Begin:
		s.begin()
	case ItemsRead:
		if r.Phase == "reading" {
			s.itemsRead(ev)
		}
	case ChildEnded:
		s.childEnded(ev)
	case ResultsWritten:
		switch {
		case r.Phase != "writing":
		case ev.Failed:
			s.end(MapRunEnded{Failed: true, Error: ErrResultWriter, Cause: ev.Cause})
		default:
			s.end(MapRunEnded{Output: ev.Output})
		}
	case LimitsChanged:
		if r.Phase == "running" {
			s.settle()
		}
	case StopRun:
		if r.Phase != "ended" {
			s.end(MapRunEnded{Failed: true})
		}
	case RedriveRun:
		s.redrive()
	}
	return s.commands
}

type mapRunStepper struct {
	m        *StateMachine
	r        *MapRun
	now      time.Time
	commands []Command
}

func (s *mapRunStepper) begin() {
	if s.r.Phase != "new" {
		return
	}
	s.r.Phase = "reading"
	if s.r.StartedAt.IsZero() {
		s.r.StartedAt = s.now
	}
	switch reader := s.r.Spec.Reader; {
	case reader == nil:
		s.itemsRead(ItemsRead{Items: s.r.Spec.Items})
	case reader.MaxItems < 0:
		s.end(MapRunEnded{Failed: true, Error: ErrItemReader, Cause: "field MaxItems must be positive"})
	default:
		s.commands = append(s.commands, *reader)
	}
}

// itemsRead turns items into children: selected, then batched.
func (s *mapRunStepper) itemsRead(ev ItemsRead) {
	spec := &s.r.Spec
	if ev.Failed {
		code := ev.Error
		if code == "" {
			code = ErrItemReader
		}
		s.end(MapRunEnded{Failed: true, Error: code, Cause: ev.Cause})
		return
	}
	items, _ := ev.Items.Value().([]any)
	if spec.Reader != nil && spec.Reader.MaxItems > 0 && int64(len(items)) > spec.Reader.MaxItems {
		items = items[:spec.Reader.MaxItems]
	}
	st := s.m.At(spec.Path)
	inputs := make([]any, len(items))
	for i, v := range items {
		in, err := s.selected(st, item{i, v})
		if err != nil {
			failure := asFailure(err)
			s.end(MapRunEnded{Failed: true, Error: failure.Code, Cause: failure.Cause})
			return
		}
		inputs[i] = in
	}
	if spec.Batch != nil {
		s.r.Children = spec.Batch.children(inputs)
	} else {
		for i, in := range inputs {
			s.r.Children = append(s.r.Children, MapRunChild{Input: jsonvalue.FromValue(in), Item: jsonvalue.FromValue(items[i]), Items: 1})
		}
	}
	spec.Items = Text{}
	s.r.Phase, s.r.Read = "running", true
	s.advance()
}

func (s *mapRunStepper) selected(st *State, it item) (any, error) {
	if st == nil || st.Map == nil || st.Map.selector == nil {
		return it.value, nil
	}
	outer := &stepper{m: s.m, x: s.r.Spec.Outer, now: s.now}
	f := outer.x.Frames[1]
	e := outer.env(f, st)
	in, err := outer.input(f, st, e)
	if err != nil {
		return nil, err
	}
	return st.Map.itemInput(e, in, it)
}

// children groups inputs until a batch is full, in items or in bytes.
func (b *Batch) children(inputs []any) []MapRunChild {
	var out []MapRunChild
	for len(inputs) > 0 {
		n, size := 0, 0
		for n < len(inputs) && (b.MaxItems == 0 || n < b.MaxItems) {
			size += len(jsonvalue.Encode(inputs[n])) + 1
			if n > 0 && b.MaxBytes > 0 && size+len(b.Input.String())+64 > b.MaxBytes {
				break
			}
			n++
		}
		batch := jsonvalue.NewObject(2)
		if b.HasInput {
			batch.Set("BatchInput", b.Input.Value())
		}
		batch.Set("Items", inputs[:n:n])
		out = append(out, MapRunChild{Input: jsonvalue.FromValue(batch), Items: n})
		inputs = inputs[n:]
	}
	return out
}

// advance starts as many children as may run, and ends the run after the last.
func (s *mapRunStepper) advance() {
	r := s.r
	for r.Next < len(r.Children) && (r.Spec.MaxConcurrency == 0 || r.Running < r.Spec.MaxConcurrency) {
		i := r.Next
		r.Next++
		c := &r.Children[i]
		redrive := c.Status == PendingRedrive && r.Spec.ExecutionType != "EXPRESS"
		if c.Status != "" && c.Status != PendingRedrive {
			continue // of an earlier attempt
		}
		if !redrive {
			c.Name = s.uuid()
		}
		c.Status = Running
		s.commands = append(s.commands, StartChild{Index: i, Name: c.Name, Input: c.Input, Item: c.Item, Redrive: redrive})
		r.Running++
	}
	if r.Running > 0 || r.Next < len(r.Children) {
		return
	}
	if s.exceeded() { // by children that could not be redriven
		s.endExceeded()
		return
	}
	if w := r.Spec.Writer; w != nil && w.Resource.ARN != "" {
		r.Phase = "writing"
		s.commands = append(s.commands, WriteResults{Writer: *w})
		return
	}
	outputs := []any{}
	for i := range r.Children {
		if r.Children[i].Status == Succeeded {
			outputs = append(outputs, r.Children[i].Output.Value())
		} else {
			c := r.Children[i]
			outputs = append(outputs, jsonvalue.Of("Error", c.Error, "Cause", c.Cause))
		}
	}
	s.end(MapRunEnded{Output: jsonvalue.FromValue(outputs)})
}

func (s *mapRunStepper) childEnded(ev ChildEnded) {
	r := s.r
	if r.Phase != "running" || ev.Round != r.Redrives || ev.Index < 0 || ev.Index >= len(r.Children) || r.Children[ev.Index].Status != Running {
		return
	}
	c := &r.Children[ev.Index]
	c.Status, c.Output, c.Error, c.Cause = ev.Status, ev.Output, ev.Error, ev.Cause
	c.Final, c.StoppedAt = ev.Final, s.now
	r.Running--
	if ev.Status == Succeeded {
		r.Succeeded += c.Items
		s.advance()
		return
	}
	r.Failed += c.Items
	s.settle()
}

// settle ends the run if too many have failed, or goes on with it.
func (s *mapRunStepper) settle() {
	if s.exceeded() {
		s.endExceeded()
		return
	}
	s.advance()
}

func (s *mapRunStepper) endExceeded() {
	s.end(MapRunEnded{Failed: true, Error: ErrTolerated, Cause: "The specified tolerated failure threshold was exceeded"})
}

// exceeded tells whether more failed than is tolerated.
func (s *mapRunStepper) exceeded() bool {
	total := 0
	for _, c := range s.r.Children {
		total += c.Items
	}
	return s.r.Spec.exceeded(s.r.Failed, total)
}

// exceeded tells whether so many failed items are more than either threshold tolerates. Without any (0 is none),
// none is tolerated.
func (r *MapRunSpec) exceeded(failed, total int) bool {
	count, share := r.ToleratedFailureCount, r.ToleratedFailurePercentage
	if count == 0 && share == 0 {
		return failed > 0
	}
	return count > 0 && int64(failed) > count || share > 0 && float64(failed)*100 > share*float64(total)
}

func (s *mapRunStepper) end(result MapRunEnded) {
	result.MapRunARN, result.Unread = s.r.Spec.ARN, result.Failed && !s.r.Read
	s.r.Phase, s.r.Result, s.r.StoppedAt = "ended", &result, s.now
	for i, c := range s.r.Children {
		if c.Status == Running {
			s.r.Children[i].Status, s.r.Children[i].StoppedAt = Aborted, s.now
			s.commands = append(s.commands, StopChild{Index: i, Name: c.Name})
		}
	}
}

// uuid draws a name; the run's ARN is unique, so that names are.
func (s *mapRunStepper) uuid() string {
	outer := &stepper{x: &Execution{Info: Info{ARN: s.r.Spec.ARN}, Randomness: s.r.Randomness}}
	id := intrinsic.UUID(outer.random)
	s.r.Randomness = outer.x.Randomness
	return id
}

// ChildInfo is what a child execution of the run is started with.
func (r *MapRun) ChildInfo(c StartChild) Info {
	info := r.Spec.Outer.Info
	info.Name, info.MapRunARN, info.ItemIndex, info.Item = c.Name, r.Spec.ARN, c.Index, c.Item
	info.Express = r.Spec.ExecutionType == "EXPRESS"
	kind := "execution"
	if info.Express {
		kind = "express"
	}
	info.ARN = strings.Join([]string{"arn", r.Spec.Outer.partition(), "states", info.Region, info.Account, kind,
		info.MachineName + "/" + r.Spec.Label, c.Name}, ":")
	return info
}
