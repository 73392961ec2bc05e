package asl

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// timeFormat is that of the context object: UTC, milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z"

func formatTime(t time.Time) string { return t.UTC().Format(timeFormat) }

// item is what $$.Map.Item shows.
type item struct {
	index int
	value any
}

func number(n int) any { return json.Number(strconv.Itoa(n)) }

// contextObject is $$, or $states.context.
func (e *env) contextObject() *jsonvalue.Object {
	if e.context != nil {
		return e.context
	}
	x := e.s.x
	execution := jsonvalue.Of("Id", x.ARN, "Input", x.Input.Value(), "StartTime", formatTime(x.StartedAt), "Name", x.Name,
		"RoleArn", x.RoleARN)
	if !x.Express {
		execution.Set("RedriveCount", number(x.RedriveCount))
	}
	state := jsonvalue.Of("Name", e.st.Name, "EnteredTime", formatTime(e.f.EnteredAt))
	switch e.st.Type {
	case TypeTask, TypeParallel, TypeMap: // those that can retry
		state.Set("RetryCount", number(e.f.RetryCount))
	}
	c := jsonvalue.Of(
		"Execution", execution,
		"StateMachine", jsonvalue.Of("Id", x.MachineARN, "Name", x.MachineName),
		"State", state)
	if it := e.mapItem(); it != nil {
		c.Set("Map", jsonvalue.Of("Item", jsonvalue.Of("Index", number(it.index), "Value", it.value)))
	}
	if e.token != "" {
		c.Set("Task", jsonvalue.Of("Token", e.token))
	}
	if e.s.overrides != nil {
		c = e.s.overrides
	}
	e.context = c
	return c
}

// mapItem finds the innermost Map item around the frame.
func (e *env) mapItem() *item {
	if e.item != nil {
		return e.item
	}
	for f := e.f; f.Parent != 0; {
		parent := e.s.x.Frames[f.Parent]
		if parent.Group != nil && !parent.Group.Items.IsZero() {
			items, _ := parent.Group.Items.Value().([]any)
			if f.Index < len(items) {
				return &item{f.Index, items[f.Index]}
			}
		}
		f = parent
	}
	if e.s.x.MapRunARN != "" {
		return &item{e.s.x.ItemIndex, e.s.x.Item.Value()}
	}
	return nil
}
