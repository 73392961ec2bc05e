package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
)

// change is a transition of an alarm from one state to another.
type change struct {
	key
	revision string
	from, to alarmState
}

// alarmState is the part of an alarm that evaluations and SetAlarmState write.
type alarmState struct {
	value        types.StateValue
	reason       string
	data         string // JSON, may be empty
	updated      int64
	transitioned int64
	// decided is the end of the last period that the state takes account of: an evaluation of
	// earlier ones alone would know less. SetAlarmState accounts for all up to its time.
	decided int64
}

// evaluate decides on the periods of the task in their order and commits what changes. Where another node changed the alarm
// in between, it decides again from what that node left.
func (s *Service) evaluate(ctx context.Context, t task) error {
	for {
		changes, err := s.decide(ctx, t)
		if err != nil || len(changes) == 0 {
			return err
		}
		var done bool
		if err := s.db.Update(ctx, func(tx *db.Tx) (err error) {
			for _, c := range changes {
				if done, err = s.transit(tx, c, t.def); err != nil || !done {
					return err
				}
			}
			return nil
		}); err != nil || done {
			return err
		}
	}
}

// decide reads what the task looks at in one snapshot and returns the transitions.
func (s *Service) decide(ctx context.Context, t task) (changes []change, err error) {
	ends := t.ends
	if t.running > 0 {
		ends = append(ends[:len(ends):len(ends)], t.running)
	}
	from, _ := t.span(ends[0])
	ids := make([]string, 0, 1)
	for _, in := range t.program.inputs() {
		ids = append(ids, in.sid)
	}
	now := s.now()
	err = s.read(ctx, ids, from, ends[len(ends)-1], func(r *reader) error {
		stored, revision, err := readState(r.tx, t.key)
		if errors.Is(err, db.ErrNotFound) || err == nil && revision != t.revision {
			return nil // deleted or redefined: the notice of that is on its way
		} else if err != nil {
			return err
		}
		cache := map[*input][]bucket{}
		data := func(in *input) ([]bucket, error) {
			if b, ok := cache[in]; ok {
				return b, nil
			}
			b, err := r.buckets(in.sid, in.unit)
			cache[in] = b
			return b, err
		}
		for i, end := range ends {
			if end < stored.decided {
				continue
			}
			next, err := t.decideAt(end, min(end, now), end == t.running, stored, data)
			if err != nil {
				return err
			}
			if next == nil {
				continue
			}
			next.updated = now
			if i < len(t.ends)-1 { // a missed period: it changed then
				next.updated = max(end, stored.updated)
			}
			next.transitioned = next.updated
			changes = append(changes, change{t.key, t.revision, stored, *next})
			stored = *next
		}
		return nil
	})
	return changes, err
}

// decideAt evaluates the periods up to end and returns the new state, or nil if it stays. On a
// period that still runs only a breach that can only stay one counts.
func (a *alarm) decideAt(end, queried int64, running bool, current alarmState, data func(*input) ([]bucket, error)) (*alarmState, error) {
	points, newest, err := a.points(end, data)
	if err != nil {
		return nil, err
	}
	v := a.rule.decide(points, current.value)
	if v.state == current.value {
		return nil, nil
	}
	if running {
		sum := types.Statistic(a.input().statistic.kind) == types.StatisticSum
		if v.state != types.StateValueAlarm || !points[0].present || !a.rule.breaching(points[0].value) || sum && newest.low < 0 {
			return nil, nil
		}
	}
	stat := ""
	if in := a.input(); in != nil {
		stat = in.statistic.name
	}
	return &alarmState{value: v.state, reason: a.rule.reason(v, a.mOfN),
		data: a.rule.data(v, stat, string(a.def.Unit), a.period/second, queried), decided: end}, nil
}

// transit writes a change, its history, its actions and its notice. It does nothing and returns
// false unless the alarm still is what the change starts from; that its state has the same name again is not enough.
func (s *Service) transit(tx *db.Tx, c change, def types.MetricAlarm) (bool, error) {
	n, err := tx.Exec(`UPDATE cloudwatch_alarm SET state = $1, reason = $2, reason_data = $3, updated_at = $4, transitioned_at = $5, decided_to = $11
		WHERE account = $6 AND region = $7 AND name = $8 AND revision = $9 AND state = $10 AND updated_at = $12 AND decided_to = $13`,
		string(c.to.value), c.to.reason, c.to.data, c.to.updated, c.to.transitioned,
		c.Account, c.Region, c.Name, c.revision, string(c.from.value), c.to.decided, c.from.updated, c.from.decided)
	if err != nil || n == 0 {
		return false, err
	}
	summary := fmt.Sprintf("Alarm updated from %s to %s", c.from.value, c.to.value)
	if err := record(tx, c.key, types.HistoryItemTypeStateUpdate, c.to.updated, summary, stateHistory(c)); err != nil {
		return false, err
	}
	if err := s.queueActions(tx, c, def); err != nil {
		return false, err
	}
	tx.Notify(TopicAlarm, mustJSON(StateChange{c.Account, c.Region, c.Name, string(c.to.value), short(c.to.reason, 1000)}))
	return true, nil
}

// short keeps a notice's payload below what the store carries.
func short(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

func record(tx *db.Tx, k key, kind types.HistoryItemType, at int64, summary string, data any) error {
	_, err := tx.Exec(`INSERT INTO cloudwatch_history (account, region, id, name, kind, at, summary, data) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		k.Account, k.Region, id.Ordered(), k.Name, string(kind), at, summary, mustJSON(data))
	return err
}

// reload reads the definitions that changed and evaluates those alarms at once: AWS looks at the
// data from before an alarm's creation too.
func (s *Service) reload(ctx context.Context) {
	keys, all := s.watch.takeChanged()
	if all {
		if err := s.loadAlarms(ctx); err != nil && ctx.Err() == nil {
			s.watch.redefined("") // try again
			pause(ctx, time.Second)
			return
		}
	}
	for _, k := range keys {
		a, err := s.loadAlarm(ctx, k)
		if err != nil && !errors.Is(err, db.ErrNotFound) {
			s.watch.redefined(mustJSON(k))
			pause(ctx, time.Second)
			return
		}
		s.watch.put(k, a)
		if a == nil {
			continue
		}
		t := task{alarm: a, ends: []int64{a.next - a.step}}
		if a.early() {
			t.running = a.next
		}
		s.run(ctx, []task{t})
	}
}

// loadAlarm reads one alarm, nil if there is none, scheduled for its next period.
func (s *Service) loadAlarm(ctx context.Context, k key) (a *alarm, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		st, err := readAlarm(tx, k)
		if err == nil {
			a, err = st.compiled()
		}
		return err
	})
	if a != nil {
		a.next = floor(s.now(), a.step) + a.step
	}
	return a, err
}

// loadAlarms reads all alarms and schedules each from its last change of state on, so that the
// periods that ended while nobody looked are caught up.
func (s *Service) loadAlarms(ctx context.Context) error {
	return s.db.View(ctx, func(tx *db.Tx) error {
		stored, err := db.All(tx, scanAlarm, selectAlarm)
		if err != nil {
			return fmt.Errorf("read alarms: %w", err)
		}
		var alarms []*alarm
		for _, st := range stored {
			a, err := st.compiled()
			if err != nil { // another version of Headgate wrote it: the rest must go on
				slog.Error("cloudwatch: an alarm cannot be evaluated", "alarm", st.Name, "error", err)
				continue
			}
			a.next = max(floor(max(st.updated, st.defined()), a.step)+a.step, st.decided)
			alarms = append(alarms, a)
		}
		s.watch.replace(alarms)
		return nil
	})
}

func (st storedAlarm) defined() int64 {
	if t := st.def.AlarmConfigurationUpdatedTimestamp; t != nil {
		return t.UnixMilli()
	}
	return 0
}

func (st storedAlarm) compiled() (*alarm, error) {
	a, err := compileAlarm(st.key, st.def)
	if err != nil {
		return nil, err
	}
	a.revision, a.state = st.revision, st.value
	return a, nil
}
