package asl

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// Wait is a Wait state: exactly one of its fields is set.
type Wait struct {
	seconds, timestamp         any // literals
	secondsPath, timestampPath *selector
	secondsExpr, timestampExpr *expression
}

// wait reads the four ways to say how long; SecondsPath and TimestampPath are JSONPath's alone.
func (p *parser) wait(s *State, f *fields) {
	w := &Wait{}
	s.Wait = w
	if f.exclusive("Seconds", "Timestamp", "SecondsPath", "TimestampPath") == 0 {
		f.note("", "One of these fields is required: [Seconds, SecondsPath, Timestamp, TimestampPath]")
	}
	w.secondsExpr, w.timestampExpr = f.waitExpression("Seconds"), f.waitExpression("Timestamp")
	if f.has("Seconds") && w.secondsExpr == nil {
		w.seconds = f.integer("Seconds", 0, 0, maxSeconds)
	}
	if f.has("Timestamp") && w.timestampExpr == nil {
		text := f.text("Timestamp")
		w.timestamp = text
		if _, ok := parseTimestamp(text); !ok {
			f.note("Timestamp", "String does not match RFC3339 timestamp")
		}
	}
	if !f.jsonata {
		w.secondsPath, w.timestampPath = f.selector("SecondsPath", anySelector), f.selector("TimestampPath", anySelector)
	}
	p.flow(s, f, flowFields{paths: true})
	p.transition(s, f)
}

// waitExpression reads a field as an expression; nil if it is none, and the field is left to be read as a literal.
func (f *fields) waitExpression(name string) *expression {
	v, _ := f.o.Get(name)
	if s, ok := v.(string); ok && f.jsonata && isExpression(s) {
		f.used[name] = true
		return f.p.expression(s, f.path(name), name)
	}
	return nil
}

var timestamp = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`)

// parseTimestamp reads an ISO-8601 time, to the second or finer, with an offset or Z.
func parseTimestamp(text string) (time.Time, bool) {
	if !timestamp.MatchString(text) {
		return time.Time{}, false
	}
	if dot := strings.IndexByte(text, '.'); dot > 0 { // Go reads at most nine digits
		end := strings.IndexAny(text[dot:], "Z+-") + dot
		if end-dot > 10 {
			text = text[:dot+10] + text[end:]
		}
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	return t, err == nil
}

// runWait evaluates until when, and waits. A time that has passed, or is now, is no wait at all.
func (s *stepper) runWait(f *Frame, st *State) error {
	e := s.env(f, st)
	in, err := s.input(f, st, e)
	if err != nil {
		return err
	}
	until, err := s.waitUntil(st.Wait, e, in)
	if err != nil {
		return err
	}
	// The limit is on what remains, not on the date: see maxWait.
	if until.Sub(s.now) > maxWait*time.Second {
		return runtimeFailure("Wait state delay is too long.")
	}
	f.Phase, f.WakeAt = PhaseWaiting, until
	if !until.After(s.now) {
		f.WakeAt = time.Time{}
		s.waited(f)
	}
	return nil
}

// waitUntil evaluates whichever field is set. Literals were checked with the definition.
func (s *stepper) waitUntil(w *Wait, e *env, in Text) (time.Time, error) {
	switch {
	case w.seconds != nil:
		n, _ := jsonvalue.Integer(w.seconds)
		return s.after(n), nil
	case w.timestamp != nil:
		t, _ := parseTimestamp(w.timestamp.(string))
		return t, nil
	// Expressions fail with States.QueryEvaluationError, which a state around this one may catch; paths, below, with
	// States.Runtime, which nothing catches.
	case w.secondsExpr != nil:
		v, err := w.secondsExpr.eval(e)
		if err != nil {
			return time.Time{}, err
		}
		n, ok := jsonvalue.Integer(v)
		if !ok {
			return time.Time{}, w.secondsExpr.typeFailure("integer", v)
		}
		if n < 0 {
			return time.Time{}, queryFailure("Seconds", "The Seconds field must not be negative: %d", n)
		}
		return s.after(n), nil
	case w.timestampExpr != nil:
		v, err := w.timestampExpr.eval(e)
		if err != nil {
			return time.Time{}, err
		}
		text, isText := v.(string)
		if !isText {
			return time.Time{}, w.timestampExpr.typeFailure("string", v)
		}
		t, ok := parseTimestamp(text)
		if !ok {
			return t, queryFailure("Timestamp", "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: %s", text)
		}
		return t, nil
	case w.secondsPath != nil:
		return s.waitSecondsPath(w.secondsPath, e, in)
	}
	return s.waitTimestampPath(w.timestampPath, e, in)
}

// after adds seconds, up to more than any wait may last.
func (s *stepper) after(seconds int64) time.Time {
	return s.now.Add(time.Duration(min(seconds, maxWait+1)) * time.Second)
}

// waitSecondsPath reads a number without fraction: 1.0 is refused too, since its text is no long's.
func (s *stepper) waitSecondsPath(sel *selector, e *env, in Text) (time.Time, error) {
	v, err := sel.get(e, in.Value())
	if err != nil {
		return time.Time{}, runtimeFailure("The SecondsPath parameter does not reference an input value: %s", sel.src)
	}
	n, ok := jsonvalue.Integer(v)
	// Computed numbers have no spelling; those read from JSON must be spelled as integers.
	if literal, isNumber := v.(json.Number); isNumber {
		ok = ok && jsonvalue.IsInteger(literal)
	}
	if !ok {
		return time.Time{}, runtimeFailure("The SecondsPath parameter cannot be parsed as a long value: %s == %s", sel.src, show(v))
	}
	if n < 0 {
		return time.Time{}, runtimeFailure("The SecondsPath parameter references a negative value: %s == %d", sel.src, n)
	}
	return s.after(n), nil
}

// waitTimestampPath reads a text in the form that a literal Timestamp must have.
func (s *stepper) waitTimestampPath(sel *selector, e *env, in Text) (time.Time, error) {
	v, err := sel.get(e, in.Value())
	if err != nil {
		return time.Time{}, runtimeFailure("The TimestampPath parameter does not reference an input value: %s", sel.src)
	}
	text, _ := v.(string)
	t, ok := parseTimestamp(text)
	if !ok {
		return t, runtimeFailure("The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: %s == %s", sel.src, show(v))
	}
	return t, nil
}

// waited ends a wait.
func (s *stepper) waited(f *Frame) {
	st := s.state(f)
	e := s.env(f, st)
	in, err := s.input(f, st, e)
	if err == nil {
		var output Text
		var assigned *jsonvalue.Object
		if output, assigned, err = s.plainOutput(st, e, in); err == nil {
			s.leave(f, st, st.Next, output, assigned)
			return
		}
	}
	s.fail(f, asFailure(err))
}
