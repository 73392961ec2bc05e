package codedeploy

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
)

// Alarms reach a deployment in three ways: a notice of our own CloudWatch, at once; the watch
// effect's poll, which is all that there is when the peer is an AWS account; and a check when
// notices may have been lost.
const (
	pollAlarms   = 10 * time.Second // platform time
	pollAtLeast  = time.Second / 2  // real time between polls: a fast clock must not make them a burden
	pollFailures = 3                // reads in a row that fail before an alarm counts as unreadable
	pollOutages  = 10               // the same where there is no answer at all: a store or a connection is away, no alarm is
)

// alarmsSeen is what a look at a deployment's alarms found. An alarm that does not exist counts
// as unreadable: CodeDeploy stops then, unless the group says ignorePollAlarmFailure.
type alarmsSeen struct {
	InAlarm    []string `json:"inAlarm,omitempty"`
	Unreadable []string `json:"unreadable,omitempty"`
}

// alarmArgs is what the watch and check effects look at.
type alarmArgs struct {
	Caller           caller.Caller `json:"caller"`
	Alarms           []string      `json:"alarms"`
	IgnoreUnreadable bool          `json:"ignoreUnreadable,omitempty"`
}

func (d *deciding) alarmEffect(id, name string) durable.Effect {
	spec := d.p.Main.Spec
	return durable.Effect{ID: spec.DeploymentID + id, Name: name,
		Args: alarmArgs{d.p.Caller, spec.Alarms, spec.IgnorePollAlarmFailure}}
}

// readAlarms asks the peer, several times if it does not answer.
func (s *Service) readAlarms(ctx context.Context, names []string) (seen alarmsSeen) {
	var out *cloudwatch.DescribeAlarmsOutput
	var err error
	for try, most := 0, pollOutages; try < most; try++ {
		if try > 0 && s.pause(ctx, retryAfter) != nil {
			break
		}
		out, err = s.peers.CloudWatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: names,
			AlarmTypes: []cwtypes.AlarmType{cwtypes.AlarmTypeMetricAlarm, cwtypes.AlarmTypeCompositeAlarm}})
		if err == nil || ctx.Err() != nil {
			break
		}
		var api smithy.APIError
		if most = pollOutages; errors.As(err, &api) {
			most = pollFailures
		}
	}
	if err != nil || out == nil {
		return alarmsSeen{Unreadable: names}
	}
	states := map[string]cwtypes.StateValue{}
	for _, a := range out.MetricAlarms {
		states[aws.ToString(a.AlarmName)] = a.StateValue
	}
	for _, a := range out.CompositeAlarms {
		states[aws.ToString(a.AlarmName)] = a.StateValue
	}
	for _, n := range names {
		switch state, found := states[n]; {
		case !found:
			seen.Unreadable = append(seen.Unreadable, n)
		case state == cwtypes.StateValueAlarm:
			seen.InAlarm = append(seen.InAlarm, n)
		}
	}
	return seen
}

// checkAlarms looks once.
func (s *Service) checkAlarms(ctx context.Context, call durable.Call) (any, error) {
	var a alarmArgs
	if err := json.Unmarshal(call.Args, &a); err != nil {
		return nil, err
	}
	seen := s.readAlarms(caller.With(ctx, a.Caller), a.Alarms)
	if a.IgnoreUnreadable {
		seen.Unreadable = nil
	}
	return seen, nil
}

// pause waits d of platform time, and at least pollAtLeast of real time.
func (s *Service) pause(ctx context.Context, d time.Duration) error {
	began := time.Now()
	if err := clock.Sleep(ctx, s.clock, d); err != nil {
		return err
	}
	left := time.NewTimer(pollAtLeast - time.Since(began))
	defer left.Stop()
	select {
	case <-left.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// watchAlarms looks until there is something to tell. It runs on the node that owns the deployment
// and ends with it, and commits nothing while all is quiet.
func (s *Service) watchAlarms(ctx context.Context, call durable.Call) (any, error) {
	for {
		out, err := s.checkAlarms(ctx, call)
		seen, _ := out.(alarmsSeen)
		if err != nil || len(seen.InAlarm) > 0 || len(seen.Unreadable) > 0 {
			return out, err
		}
		if err := s.pause(ctx, pollAlarms); err != nil {
			return nil, err
		}
	}
}

// alarmNotice is the payload of "cloudwatch.alarm": every committed change of an alarm's state.
type alarmNotice struct {
	Account string `json:"account"`
	Region  string `json:"region"`
	Name    string `json:"name"`
	State   string `json:"state"`
}

// alarmKey names an alarm; the zero key stands for all of them.
type alarmKey struct{ account, region, name string }

// alarmQueue is what notices leave for followAlarms: a subscriber must not block.
type alarmQueue struct {
	mu     sync.Mutex
	fired  map[alarmKey]bool
	resync bool
	nudge  chan struct{}
}

// put leaves word that an alarm fired, or with the zero key that notices may have been lost.
func (q *alarmQueue) put(k alarmKey) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.fired == nil {
		q.fired = map[alarmKey]bool{}
	}
	if k == (alarmKey{}) {
		q.resync = true
	} else {
		q.fired[k] = true
	}
	select {
	case q.nudge <- struct{}{}:
	default:
	}
}

// take empties the queue.
func (q *alarmQueue) take() (fired []alarmKey, resync bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for k := range q.fired {
		fired = append(fired, k)
	}
	resync = q.resync
	q.fired, q.resync = nil, false
	return fired, resync
}

// alarmNoticed runs in the middle of CloudWatch's commit: it only leaves word. Only ALARM matters;
// an alarm that calms down again does not bring a stopped deployment back.
func (s *Service) alarmNoticed(n db.Notice) {
	if n.Payload == "" { // notices may have been lost
		s.alarms.put(alarmKey{})
		return
	}
	var a alarmNotice
	if err := json.Unmarshal([]byte(n.Payload), &a); err != nil {
		s.log.Error("notice of an alarm cannot be read", "payload", n.Payload, "error", err)
		return
	}
	if a.State == string(cwtypes.StateValueAlarm) {
		s.alarms.put(alarmKey{a.Account, a.Region, a.Name})
	}
}

// followAlarms signals the deployments that watch an alarm which fired, until ctx ends.
func (s *Service) followAlarms(ctx context.Context) {
	for {
		select {
		case <-s.alarms.nudge:
		case <-ctx.Done():
			return
		}
		fired, resync := s.alarms.take()
		for _, k := range fired {
			if err := s.signalWatchers(ctx, signalAlarm, []string{k.name},
				`SELECT DISTINCT instance FROM codedeploy_watch WHERE account = $1 AND region = $2 AND alarm = $3`, k.account, k.region, k.name); err != nil {
				s.alarmTrouble(ctx, k, err)
			}
		}
		if resync {
			if err := s.signalWatchers(ctx, signalRecheck, nil, `SELECT DISTINCT instance FROM codedeploy_watch`); err != nil {
				s.alarmTrouble(ctx, alarmKey{}, err)
			}
		}
	}
}

// alarmTrouble has another try soon; the watch effects' poll would find the alarm as well.
func (s *Service) alarmTrouble(ctx context.Context, k alarmKey, err error) {
	if ctx.Err() != nil {
		return
	}
	s.log.Error("deployments not told of an alarm; trying again", "alarm", k.name, "error", err)
	time.AfterFunc(100*time.Millisecond, func() { s.alarms.put(k) })
}

// signalWatchers sends a signal to the instances that the query finds. On a cluster every node
// does so for every notice; a deployment that has stopped ignores the later ones. Most alarms
// guard nothing, so it reads before it takes a writing transaction.
func (s *Service) signalWatchers(ctx context.Context, signal string, data []string, query string, args ...any) error {
	read := func(tx *db.Tx) ([]string, error) { return db.All(tx, db.Value[string], query, args...) }
	var watchers []string
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		watchers, err = read(tx)
		return err
	})
	if err != nil || len(watchers) == 0 {
		return err
	}
	slices.Sort(watchers)
	return s.db.Update(ctx, func(tx *db.Tx) error {
		for _, w := range watchers {
			if err := s.engine.Signal(tx, kind, w, signal, data); err != nil && !errors.Is(err, durable.ErrNotFound) {
				return err
			}
		}
		return nil
	})
}
