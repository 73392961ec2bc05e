package asl

import (
	"github.com/headgate/headgate/asl/jsonvalue"
)

// Map is a Map state, inline or distributed.
type Map struct {
	Distributed   bool
	ExecutionType string // STANDARD or EXPRESS, of the children of a distributed map
	Label         string
	Processor     Scope

	processorField string // ItemProcessor, or Iterator in old definitions
	itemsPath      *selector
	items          *template // JSONata
	selector       *template // ItemSelector, or Parameters in old definitions
	maxConcurrency quantity
	toleratedCount quantity
	toleratedShare quantity // percent
	reader         *itemReader
	batcher        *itemBatcher
	writer         *resultWriter
}

// mapState reads a Map state. The fields are read alike in both modes.
func (p *parser) mapState(s *State, f *fields) {
	m := &Map{processorField: "ItemProcessor"}
	s.Map = m
	if f.has("Iterator") {
		m.processorField = "Iterator"
		f.exclusive("Iterator", "ItemProcessor")
	}
	if v, ok := f.get(m.processorField); ok {
		p.processor(m, p.fields(v, f.path(m.processorField), false))
	} else {
		f.require("ItemProcessor")
	}
	if f.has("Parameters") && !f.jsonata {
		f.exclusive("Parameters", "ItemSelector")
		m.selector = f.template("Parameters")
	} else {
		m.selector = f.template("ItemSelector")
	}
	if f.jsonata {
		if v, ok := f.o.Get("Items"); ok {
			m.items = f.template("Items")
			if text, isText := v.(string); isText && !isExpression(text) {
				f.note("Items", "Value must be an array or a JSONata expression")
			}
		}
	} else {
		m.itemsPath = f.selector("ItemsPath", anySelector)
	}
	m.maxConcurrency = f.quantity("MaxConcurrency", 0, maxSeconds, false)
	m.toleratedCount = f.quantity("ToleratedFailureCount", 0, maxSeconds, false)
	m.toleratedShare = f.quantity("ToleratedFailurePercentage", 0, 100, true)
	m.reader, m.batcher, m.writer = f.itemReader(), f.itemBatcher(), f.resultWriter()
	if m.Label = f.text("Label"); f.has("Label") {
		checkLabel(f, m.Label)
	}
	p.flow(s, f, flowFields{paths: true, result: true, retry: true})
	p.transition(s, f)
}

// processor reads ItemProcessor: the mode, and the states that each item goes through.
func (p *parser) processor(m *Map, f *fields) {
	if v, ok := f.get("ProcessorConfig"); ok {
		c := p.fields(v, f.path("ProcessorConfig"), false)
		m.Distributed = c.oneOf("Mode", "INLINE", "DISTRIBUTED") == "DISTRIBUTED"
		m.ExecutionType = c.oneOf("ExecutionType", "STANDARD", "EXPRESS")
		if m.Distributed && p.express {
			c.note("Mode", "Express state machine does not support distributed maps")
		}
		c.unknown()
	}
	// The states of a distributed map run on their own: their names may be used outside too.
	if m.Distributed {
		outer := p.names
		p.names = map[string]string{}
		defer func() { p.names = outer }()
	}
	p.scope(f, &m.Processor, p.root)
	f.unknown()
}

// runMap begins a Map state: as many iterations as may run at once, or a map run. The items are evaluated once; each
// iteration's input is selected when it begins.
func (s *stepper) runMap(f *Frame, st *State) error {
	m := st.Map
	e := s.env(f, st)
	in, err := s.input(f, st, e)
	if err != nil {
		return err
	}
	var items []any
	if m.reader == nil {
		if items, err = m.itemsOf(e, in); err != nil {
			return err
		}
	}
	limit, _, err := m.maxConcurrency.number(e, in.Value(), "integer")
	if err != nil {
		return err
	}
	if limit < 0 {
		return runtimeFailure("MaxConcurrency cannot be negative.")
	}
	s.inspect.note("maxConcurrency", limit)
	started := s.note(f, HistoryEvent{Type: "MapStateStarted", Length: ptr(len(items))})
	if m.Distributed {
		return s.startMapRun(f, st, e, in, items, int(limit))
	}
	f.Phase = PhaseChildren
	f.Group = &Group{Items: jsonvalue.FromValue(items), Length: len(items), Limit: int(limit)}
	if len(items) == 0 {
		s.groupEnded(f, st)
		return nil
	}
	// An iteration may end, or fail the whole state, while it is started: then the group is another, or none.
	first := f.Group
	for f.Group == first && first.Next < first.Length && (limit == 0 || first.Next < int(limit)) && s.x.Status == Running {
		s.startIteration(f, st, started)
	}
	return nil
}

// itemsOf evaluates ItemsPath or Items.
func (m *Map) itemsOf(e *env, in Text) ([]any, error) {
	if m.items != nil {
		v, err := m.items.fill(e, nil)
		if err != nil {
			return nil, err
		}
		list, ok := v.([]any)
		if !ok && m.items.expr != nil {
			return nil, m.items.expr.typeFailure("array", v)
		}
		return list, nil
	}
	v := in.Value()
	if m.itemsPath != nil && m.itemsPath.src != "$" {
		var err error
		if v, err = m.itemsPath.get(e, v); err != nil {
			return nil, pathFailure(m.itemsPath, err)
		}
	}
	list, ok := v.([]any)
	switch {
	case ok:
		if m.itemsPath != nil {
			e.s.inspect.set("afterItemsPath", jsonvalue.FromValue(v))
		}
		return list, nil
	case e.st.jsonata():
		return nil, queryFailure("", "Map state input must be an array but was: %s", jsonvalue.Encode(v))
	case m.itemsPath != nil:
		return nil, runtimeFailure("Reference path \"%s\" must point to array.", m.itemsPath.inner())
	}
	return nil, runtimeFailure("Reference path \"$\" must point to array.")
}

// itemInput is what an iteration or child gets of an item: ItemSelector, or the item itself.
func (m *Map) itemInput(e *env, in Text, it item) (any, error) {
	if m.selector == nil {
		return it.value, nil
	}
	inner := *e
	inner.item, inner.context = &it, nil
	return m.selector.fill(&inner, in.Value())
}

// startIteration begins the next item's iteration after an event.
func (s *stepper) startIteration(f *Frame, st *State, previous int64) {
	g := f.Group
	i := g.Next
	g.Next++ // no change of the frame: see Outcome
	started := s.history(previous, HistoryEvent{Type: "MapIterationStarted", Name: st.Name, Index: ptr(i)})
	child := s.spawn(&Frame{Parent: f.ID, Index: i, State: st.Map.Processor.StartAt, Previous: started})
	g.Children = append(g.Children, child.ID)
	s.feed(f, st, child)
}

// feed gives an iteration its input.
func (s *stepper) feed(f *Frame, st *State, child *Frame) {
	e := s.env(f, st)
	in, err := s.input(f, st, e)
	if err == nil {
		items, _ := f.Group.Items.Value().([]any)
		var v any
		if v, err = st.Map.itemInput(e, in, item{child.Index, items[child.Index]}); err == nil {
			child.Input = jsonvalue.FromValue(v)
			return
		}
	}
	s.childFailed(f, child, asFailure(err).located(st.Name, f.Entered))
}
