package asl

import "github.com/headgate/headgate/asl/jsonvalue"

// inspectItems shows what a Map state's children would have been started with, of which a mock gives the results:
// the items read or selected, each through ItemSelector, in batches. Nothing is shown of fields that the state lacks.
// A failure is the state's, as it would be when the children are started.
func (t *StateTest) inspectItems(s *stepper, f *Frame, st *State) *Failure {
	m := st.Map
	if m.selector == nil && m.batcher == nil && (m.reader == nil || t.ReaderData == nil) {
		return nil
	}
	e := s.env(f, st)
	in, err := s.input(f, st, e)
	if err != nil {
		return asFailure(err)
	}
	var run MapRunSpec
	if err := m.work(e, in, &run); err != nil {
		return asFailure(err)
	}
	items, err := t.items(m, e, in, run)
	if err != nil {
		return asFailure(err)
	}
	inputs := make([]any, len(items))
	for i, v := range items {
		if inputs[i], err = m.itemInput(e, in, item{i, v}); err != nil {
			return asFailure(err)
		}
	}
	if m.selector != nil {
		s.inspect.set("afterItemSelector", jsonvalue.FromValue(inputs))
	}
	if run.Batch != nil {
		batches := []any{}
		for _, c := range run.Batch.children(inputs) {
			batches = append(batches, c.Input.Value())
		}
		s.inspect.set("afterItemBatcher", jsonvalue.FromValue(batches))
	}
	return nil
}

// items are what the reader would have read, parsed from the test's data as an object in S3 is, or those of the input.
func (t *StateTest) items(m *Map, e *env, in Text, run MapRunSpec) ([]any, error) {
	if m.reader == nil || t.ReaderData == nil {
		return m.itemsOf(e, in)
	}
	items, err := ParseItems(m.reader.config, t.ReaderData)
	if err != nil {
		return nil, &Failure{Code: ErrItemReader, Cause: err.Error()}
	}
	if most := run.Reader.MaxItems; most > 0 && int64(len(items)) > most {
		items = items[:most]
	}
	if m.reader.config.ItemsPointer != "" {
		e.s.inspect.set("afterItemsPointer", jsonvalue.FromValue(items))
	}
	return items, nil
}
