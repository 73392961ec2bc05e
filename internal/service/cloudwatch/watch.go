package cloudwatch

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// TopicAlarm is the notice of every committed change of an alarm's state. Its payload is a
// StateChange in JSON.
const TopicAlarm = "cloudwatch.alarm"

// topicDefinition is the notice that an alarm was put or deleted; its payload is a key.
const topicDefinition = "cloudwatch.alarm.definition"

// StateChange is the payload of TopicAlarm.
type StateChange struct {
	Account string `json:"account"`
	Region  string `json:"region"`
	Name    string `json:"name"`
	State   string `json:"state"`
	Reason  string `json:"reason"`
}

// watch is the one scheduler of all alarms of this node: which to evaluate when. A sleeping alarm
// is an entry in its map.
type watch struct {
	mu       sync.Mutex
	alarms   map[key]*alarm
	bySeries map[string][]*alarm
	urgent   map[*alarm]bool  // data arrived that may matter; true: also for periods that ended
	changed  map[key]struct{} // definitions to read again
	all      bool             // notices may have been missed: read everything again
	wake     chan struct{}
}

func newWatch() *watch {
	return &watch{alarms: map[key]*alarm{}, bySeries: map[string][]*alarm{}, urgent: map[*alarm]bool{},
		changed: map[key]struct{}{}, wake: make(chan struct{}, 1)}
}

func (w *watch) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// arrived is told of data that PutMetricData took in, and marks the alarms that cannot wait for
// the end of their period. It is on the path of every invocation, so it only looks at memory.
func (w *watch) arrived(sid string, at slot, now int64, news *aggregate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.bySeries[sid] {
		end := floor(now, a.step)
		late := at.start < end // it belongs to periods that have been evaluated
		if from, _ := a.span(end); at.start < from {
			continue
		}
		early := a.early() && a.state != types.StateValueAlarm && a.moves(news) && fits(a.input(), at.unit)
		if !late && !early {
			continue
		}
		w.urgent[a] = w.urgent[a] || late
		w.signal()
	}
}

func fits(in *input, unit string) bool { return in.unit == "" || in.unit == unit }

// stateChanged hears of a committed state, on whichever node. Data that came between an alarm's end and this notice of it were
// left alone, since the alarm seemed to be on: they are looked at now.
func (w *watch) stateChanged(payload string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var c StateChange
	if json.Unmarshal([]byte(payload), &c) != nil {
		w.all = true
		w.signal()
		return
	}
	if a := w.alarms[key{c.Account, c.Region, c.Name}]; a != nil {
		ended := a.state == types.StateValueAlarm && c.State != string(types.StateValueAlarm)
		a.state = types.StateValue(c.State)
		if _, queued := w.urgent[a]; ended && a.early() && !queued {
			w.urgent[a] = false
			w.signal()
		}
	}
}

func (w *watch) redefined(payload string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var k key
	if json.Unmarshal([]byte(payload), &k) != nil {
		w.all = true
	} else {
		w.changed[k] = struct{}{}
	}
	w.signal()
}

// put replaces the alarm of a key; nil removes it.
func (w *watch) put(k key, a *alarm) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if old := w.alarms[k]; old != nil {
		for _, in := range old.program.inputs() {
			list := w.bySeries[in.sid]
			for i, x := range list {
				if x == old {
					w.bySeries[in.sid] = append(list[:i:i], list[i+1:]...)
					break
				}
			}
			if len(w.bySeries[in.sid]) == 0 {
				delete(w.bySeries, in.sid)
			}
		}
		delete(w.urgent, old)
		delete(w.alarms, k)
	}
	if a != nil {
		w.alarms[k] = a
		for _, in := range a.program.inputs() {
			w.bySeries[in.sid] = append(w.bySeries[in.sid], a)
		}
	}
}

// replace puts the alarms given and removes all others.
func (w *watch) replace(alarms []*alarm) {
	found := map[key]bool{}
	for _, a := range alarms {
		found[a.key] = true
		w.put(a.key, a)
	}
	w.mu.Lock()
	var gone []key
	for k := range w.alarms {
		if !found[k] {
			gone = append(gone, k)
		}
	}
	for _, a := range alarms { // data may have arrived and not been looked at
		w.urgent[a] = false
	}
	w.mu.Unlock()
	for _, k := range gone {
		w.put(k, nil)
	}
	w.signal()
}

// task is one alarm to evaluate now.
type task struct {
	*alarm
	ends    []int64 // periods that ended, oldest first
	running int64   // end of the period that still runs; 0: leave it alone
}

// takeUrgent returns what data that arrived call for.
func (w *watch) takeUrgent(now int64) []task {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []task
	for a, late := range w.urgent {
		t := task{alarm: a}
		end := floor(now, a.step)
		if late {
			t.ends = []int64{end}
		}
		if a.early() {
			t.running = end + a.step
		}
		if len(t.ends) > 0 || t.running > 0 {
			out = append(out, t)
		}
	}
	clear(w.urgent)
	return out
}

// maxCatchUp bounds how many missed periods of an alarm are evaluated one by one.
const maxCatchUp = 1500

// takeDue returns the alarms of which periods have ended.
func (w *watch) takeDue(now int64) (out []task) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.alarms {
		if a.next <= now {
			out = append(out, task{alarm: a, ends: a.due(now)})
			a.next = floor(now, a.step) + a.step
		}
	}
	return out
}

// earliest is when the next period of any alarm ends, 0 if there is none.
func (w *watch) earliest() (next int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.alarms {
		if next == 0 || a.next < next {
			next = a.next
		}
	}
	return next
}

func (a *alarm) due(now int64) (ends []int64) {
	for e := max(a.next, floor(now, a.step)-maxCatchUp*a.step); e <= now; e += a.step {
		ends = append(ends, e)
	}
	return ends
}

func (w *watch) takeChanged() (keys []key, all bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for k := range w.changed {
		keys = append(keys, k)
	}
	clear(w.changed)
	all, w.all = w.all, false
	return keys, all
}

// settle is how long (wall time) nodes that share a store wait after a period's end, so that each
// has written the data of that period before any decides on it.
const settle = flushEvery + 100*time.Millisecond

// evaluations is the scheduler's loop.
func (s *Service) evaluations(ctx context.Context) {
	var hold time.Time // wall time before which periods that ended are left alone
	for ctx.Err() == nil {
		s.reload(ctx)
		next := s.watch.earliest()
		if due := next > 0 && next <= s.now(); !due {
			hold = time.Time{}
		} else if hold.IsZero() && s.db.Postgres() {
			hold = time.Now().Add(settle)
		} else if !time.Now().Before(hold) {
			s.run(ctx, s.watch.takeDue(s.now()))
			hold = time.Time{}
			next = s.watch.earliest()
		}
		s.run(ctx, s.watch.takeUrgent(s.now()))
		s.wait(ctx, next, hold)
	}
}

// wait returns when next has come (0: never) or hold is over, or there is something else to do.
func (s *Service) wait(ctx context.Context, next int64, hold time.Time) {
	var due <-chan time.Time
	if !hold.IsZero() {
		t := time.NewTimer(time.Until(hold))
		defer t.Stop()
		due = t.C
	} else if next > 0 {
		ch, stop := s.clock.After(time.Duration(next-s.now()) * time.Millisecond)
		defer stop()
		if s.now() >= next { // it came between the two looks at the clock
			return
		}
		due = ch
	}
	select {
	case <-due:
	case <-s.watch.wake:
	case <-ctx.Done():
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *Service) run(ctx context.Context, tasks []task) {
	troubled := false
	for _, t := range tasks {
		err := s.evaluate(ctx, t)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			slog.Error("cloudwatch: evaluate alarm", "alarm", t.Name, "error", err)
		}
		troubled = s.watch.evaluated(t, err == nil) || troubled
	}
	if troubled { // the store is away: do not spin
		pause(ctx, retryEvery)
	}
}

// An evaluation that failed is tried again every retryEvery (wall time); after maxRetries the alarm, rather than the
// store, must be what is wrong, and waits for its next period.
const (
	retryEvery = 200 * time.Millisecond
	maxRetries = 300
)

// evaluated takes in how a task went. It reports whether the task is to be tried again, for which it is due again then.
func (w *watch) evaluated(t task, ok bool) (again bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ok || t.failures >= maxRetries || w.alarms[t.key] != t.alarm {
		t.failures = 0
		return false
	}
	t.failures++
	if len(t.ends) > 0 {
		t.next = min(t.next, t.ends[0])
	}
	if _, queued := w.urgent[t.alarm]; t.running > 0 && !queued {
		w.urgent[t.alarm] = false
	}
	return true
}
