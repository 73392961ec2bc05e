package asl

import (
	"strings"

	"github.com/headgate/headgate/asl/intrinsic"
	"github.com/headgate/headgate/asl/jsonvalue"
)

// itemReader is a Map state's ItemReader.
type itemReader struct {
	resource   Resource
	parameters *template
	config     ReaderConfig
	maxItems   quantity
}

// itemBatcher is a Map state's ItemBatcher.
type itemBatcher struct {
	maxItems, maxBytes quantity
	input              *template
}

// resultWriter is a Map state's ResultWriter.
type resultWriter struct {
	resource   Resource
	parameters *template
	config     WriterConfig
}

// itemReader reads ItemReader; what the service that it names can read is the driver's to check.
func (f *fields) itemReader() *itemReader {
	v, ok := f.get("ItemReader")
	if !ok {
		return nil
	}
	r := f.p.fields(v, f.path("ItemReader"), f.jsonata)
	r.require("Resource")
	out := &itemReader{resource: r.serviceResource(), parameters: r.template(r.workField())}
	if c, ok := r.get("ReaderConfig"); ok {
		c := f.p.fields(c, r.path("ReaderConfig"), f.jsonata)
		out.config = ReaderConfig{
			InputType:         c.oneOf("InputType", "CSV", "JSON", "JSONL", "MANIFEST", "PARQUET"),
			CSVHeaderLocation: c.oneOf("CSVHeaderLocation", "FIRST_ROW", "GIVEN"),
			CSVHeaders:        c.strings("CSVHeaders"),
			CSVDelimiter:      c.oneOf("CSVDelimiter", "COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"),
			ManifestType:      c.text("ManifestType"),
			ItemsPointer:      c.text("ItemsPointer"),
			Transformation:    c.text("Transformation"),
		}
		out.maxItems = c.quantity("MaxItems", 0, maxSeconds*10, false)
		c.unknown()
	}
	r.unknown()
	return out
}

// workField is where the query language has a call's parameters.
func (f *fields) workField() string {
	if f.jsonata {
		return "Arguments"
	}
	return "Parameters"
}

// serviceResource reads a Resource that must be a service's call.
func (f *fields) serviceResource() Resource {
	src := f.text("Resource")
	r, ok := ParseResource(src)
	if !ok || r.Kind != Service {
		f.note("Resource", "The resource provided %s is not recognized.", src)
	}
	return r
}

// itemBatcher reads ItemBatcher, which must limit batches in one way at least.
func (f *fields) itemBatcher() *itemBatcher {
	v, ok := f.get("ItemBatcher")
	if !ok {
		return nil
	}
	b := f.p.fields(v, f.path("ItemBatcher"), f.jsonata)
	out := &itemBatcher{
		maxItems: b.quantity("MaxItemsPerBatch", 1, maxSeconds, false),
		maxBytes: b.quantity("MaxInputBytesPerBatch", 1, maxPayload, false),
		input:    b.template("BatchInput"),
	}
	if !out.maxItems.set && !out.maxBytes.set {
		b.note("", "One of these fields is required: [MaxItemsPerBatch, MaxInputBytesPerBatch]")
	}
	b.unknown()
	return out
}

// resultWriter reads ResultWriter. Without a Resource nothing is written elsewhere.
func (f *fields) resultWriter() *resultWriter {
	v, ok := f.get("ResultWriter")
	if !ok {
		return nil
	}
	w := f.p.fields(v, f.path("ResultWriter"), f.jsonata)
	out := &resultWriter{}
	if w.has("Resource") {
		out.resource = w.serviceResource()
		out.parameters = w.template(w.workField())
	}
	if c, ok := w.get("WriterConfig"); ok {
		c := f.p.fields(c, w.path("WriterConfig"), f.jsonata)
		out.config = WriterConfig{Transformation: c.oneOf("Transformation", "NONE", "COMPACT", "FLATTEN"), OutputType: c.oneOf("OutputType", "JSON", "JSONL")}
		c.unknown()
	}
	w.unknown()
	return out
}

// startMapRun hands a distributed map over: its children are executions of their own.
func (s *stepper) startMapRun(f *Frame, st *State, e *env, in Text, items []any, limit int) error {
	m := st.Map
	run := MapRunSpec{State: st.Name, ExecutionType: m.ExecutionType, MaxConcurrency: limit, Path: s.path(f), Outer: s.outer(f)}
	if m.reader == nil {
		run.Items = jsonvalue.FromValue(items)
	}
	if err := s.tolerance(m, e, in, &run); err != nil {
		return err
	}
	if err := m.work(e, in, &run); err != nil {
		return err
	}
	label := m.Label
	if label == "" {
		label = intrinsic.UUID(s.random)
	}
	run.Label = label
	run.ARN = strings.Join([]string{"arn", s.x.partition(), "states", s.x.Region, s.x.Account, "mapRun",
		s.x.MachineName + "/" + label, intrinsic.UUID(s.random)}, ":")
	s.note(f, HistoryEvent{Type: "MapRunStarted", MapRunARN: run.ARN})
	f.Phase, f.MapRun, f.MapRunRedrives = PhaseMapRun, run.ARN, 0
	s.command(StartMapRun{Run: run})
	return nil
}

// tolerance evaluates how many items may fail. Neither limit means that none may.
func (s *stepper) tolerance(m *Map, e *env, in Text, run *MapRunSpec) error {
	count, _, err := m.toleratedCount.number(e, in.Value(), "integer")
	if err != nil {
		return err
	}
	if count < 0 {
		return runtimeFailure("ToleratedFailureCount cannot be negative.")
	}
	share, _, err := m.toleratedShare.number(e, in.Value(), "float")
	if err != nil {
		return err
	}
	if share < 0 || share > 100 {
		return runtimeFailure("ToleratedFailurePercentage must be between 0 and 100.")
	}
	if m.toleratedCount.set {
		s.inspect.note("toleratedFailureCount", count)
	}
	if m.toleratedShare.set {
		s.inspect.note("toleratedFailurePercentage", share)
	}
	run.ToleratedFailureCount, run.ToleratedFailurePercentage = int64(count), share
	return nil
}

// work evaluates the reader, the batcher and the writer.
func (m *Map) work(e *env, in Text, run *MapRunSpec) error {
	fill := func(t *template) (Text, error) {
		if t == nil {
			return Text{}, nil
		}
		v, err := t.fill(e, in.Value())
		return jsonvalue.FromValue(v), err
	}
	if r := m.reader; r != nil {
		parameters, err := fill(r.parameters)
		if err != nil {
			return err
		}
		limit, _, err := r.maxItems.number(e, in.Value(), "integer")
		if err != nil {
			return err
		}
		run.Reader = &ReadItems{Resource: r.resource, Parameters: parameters, Config: r.config, MaxItems: int64(limit)}
	}
	if w := m.writer; w != nil {
		parameters, err := fill(w.parameters)
		if err != nil {
			return err
		}
		run.Writer = &ResultWriter{Resource: w.resource, Parameters: parameters, Config: w.config}
	}
	b := m.batcher
	if b == nil {
		return nil
	}
	count, _, err := b.maxItems.number(e, in.Value(), "integer")
	if err != nil {
		return err
	}
	size, _, err := b.maxBytes.number(e, in.Value(), "integer")
	if err != nil {
		return err
	}
	input, err := fill(b.input)
	run.Batch = &Batch{MaxItems: int(count), MaxBytes: int(size), Input: input, HasInput: b.input != nil}
	return err
}

// path names the state of a frame from the state machine's top, so that StateMachine.At finds it again.
func (s *stepper) path(f *Frame) []string {
	if f.Parent == 0 {
		return []string{f.State}
	}
	return append(append(s.path(s.x.Frames[f.Parent]), itoa(f.Index)), f.State)
}

// outer is what a map run's item selector sees: the execution with one frame, all variables in it.
func (s *stepper) outer(f *Frame) *Execution {
	frame := &Frame{ID: 1, State: f.State, Phase: PhaseMapRun, Input: f.Input, Entered: f.Entered, EnteredAt: f.EnteredAt,
		RetryCount: f.RetryCount, Variables: map[string]Text{}}
	for g := f; g != nil; g = s.x.Frames[g.Parent] {
		for name, v := range g.Variables {
			if _, inner := frame.Variables[name]; !inner {
				frame.Variables[name] = v
			}
		}
	}
	out := &Execution{Info: s.x.Info, Status: Running, Input: s.x.Input, StartedAt: s.x.StartedAt, LastFrame: 1,
		RedriveCount: s.x.RedriveCount, Frames: map[int64]*Frame{1: frame}}
	return out
}

// mapRunEnded takes a map run's end.
func (s *stepper) mapRunEnded(ev MapRunEnded) {
	for _, f := range s.x.Frames {
		if f.Phase != PhaseMapRun || f.MapRun != ev.MapRunARN {
			continue
		}
		st := s.state(f)
		f.Phase = PhaseReady
		if !ev.Failed || ev.Unread {
			f.MapRun = "" // if the state fails nevertheless, a redrive begins a new run
		}
		if ev.Failed {
			s.note(f, HistoryEvent{Type: "MapRunFailed", Error: ev.Error, Cause: ev.Cause})
			s.fail(f, &Failure{Code: ev.Error, Cause: ev.Cause, placed: true})
			return
		}
		s.note(f, HistoryEvent{Type: "MapRunSucceeded"})
		if len(ev.Output.String()) > s.x.payloadLimit() {
			s.fail(f, dataLimit(st.Name))
			return
		}
		s.history(f.Previous, HistoryEvent{Type: "MapStateSucceeded"})
		s.complete(f, st, s.env(f, st), ev.Output)
		return
	}
}

// At finds a state by the path that MapRunSpec carries: names, with the index of the branch or iteration between.
func (m *StateMachine) At(path []string) *State {
	sc := &m.Scope
	for i := 0; ; i += 2 {
		if i >= len(path) {
			return nil
		}
		st := sc.States[path[i]]
		if st == nil || i+1 >= len(path) {
			return st
		}
		inner := st.scopes()
		index := 0
		if st.Parallel != nil {
			for index < len(inner)-1 && itoa(index) != path[i+1] {
				index++
			}
		}
		if index >= len(inner) {
			return nil
		}
		sc = inner[index]
	}
}

// Child is the state machine that the children of a distributed Map state run.
func (m *StateMachine) Child(path []string) *StateMachine {
	st := m.At(path)
	if st == nil || st.Map == nil {
		return nil
	}
	return &StateMachine{QueryLanguage: m.QueryLanguage, Scope: st.Map.Processor}
}

// HasReader tells whether the items are read from somewhere else than the state's input.
func (m *Map) HasReader() bool { return m.reader != nil }

// HasWriter tells whether the results are written elsewhere, so that the state's result tells where.
func (m *Map) HasWriter() bool { return m.writer != nil }
