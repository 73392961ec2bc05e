package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
)

// claim is how long (platform time) an action belongs to who took it; after that, its node is
// held to be gone and another carries it out. So an action happens at least once.
const claim = minute

func actionsOf(def types.MetricAlarm, to types.StateValue) []string {
	switch to {
	case types.StateValueAlarm:
		return def.AlarmActions
	case types.StateValueOk:
		return def.OKActions
	default:
		return def.InsufficientDataActions
	}
}

// queueActions stores the actions of a change in the change's own transaction.
func (s *Service) queueActions(tx *db.Tx, c change, def types.MetricAlarm) error {
	if !aws.ToBool(def.ActionsEnabled) {
		return nil
	}
	for _, target := range actionsOf(def, c.to.value) {
		_, err := tx.Exec(`INSERT INTO cloudwatch_action (id, due_at, account, region, name, target, payload) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			id.Ordered(), c.to.updated, c.Account, c.Region, c.Name, target, mustJSON(actionEvent(c, def)))
		if err != nil {
			return err
		}
		tx.OnCommit(func() {
			select {
			case s.acts <- struct{}{}:
			default:
			}
		})
	}
	return nil
}

// actionEvent is what a function gets as an alarm's action.
func actionEvent(c change, def types.MetricAlarm) any {
	state := func(s alarmState) map[string]any {
		m := map[string]any{"value": s.value, "reason": s.reason, "timestamp": stamp(s.updated)}
		if s.data != "" {
			m["reasonData"] = s.data
		}
		return m
	}
	return map[string]any{
		"source": "aws.cloudwatch", "alarmArn": aws.ToString(def.AlarmArn), "accountId": c.Account, "region": c.Region, "time": stamp(c.to.updated),
		"alarmData": map[string]any{
			"alarmName": c.Name, "state": state(c.to), "previousState": state(c.from),
			"configuration": map[string]any{"description": aws.ToString(def.AlarmDescription), "metrics": metricsOf(def)},
		},
	}
}

func metricsOf(def types.MetricAlarm) any {
	if len(def.Metrics) > 0 {
		return lowered(toAny(def.Metrics))
	}
	dims := map[string]string{}
	for _, d := range def.Dimensions {
		dims[aws.ToString(d.Name)] = aws.ToString(d.Value)
	}
	stat := string(def.Statistic)
	if stat == "" {
		stat = aws.ToString(def.ExtendedStatistic)
	}
	return []any{map[string]any{"id": "m1", "returnData": true, "metricStat": map[string]any{
		"metric": map[string]any{"namespace": aws.ToString(def.Namespace), "name": aws.ToString(def.MetricName), "dimensions": dims},
		"period": aws.ToInt32(def.Period), "stat": stat}}}
}

type pendingAction struct {
	id      string
	target  string
	payload string
	due     int64
	key
}

// actions carries out what changes of state queued, and what a node that is gone left.
func (s *Service) actions(ctx context.Context) {
	for ctx.Err() == nil {
		if err := s.act(ctx); err != nil && ctx.Err() == nil {
			slog.Error("cloudwatch: alarm actions", "error", err)
		}
		left, stop := s.clock.After(time.Duration(claim) * time.Millisecond)
		select {
		case <-s.acts:
		case <-left:
		case <-ctx.Done():
		}
		stop()
	}
}

func (s *Service) act(ctx context.Context) error {
	var due []pendingAction
	now := s.now()
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		due, err = db.All(tx, func(r db.Row) (a pendingAction, err error) {
			return a, r.Scan(&a.id, &a.due, &a.Account, &a.Region, &a.Name, &a.target, &a.payload)
		}, `SELECT id, due_at, account, region, name, target, payload FROM cloudwatch_action WHERE due_at <= $1 ORDER BY id`, now)
		return err
	})
	for _, a := range due {
		var mine int64
		if err == nil {
			err = s.db.Update(ctx, func(tx *db.Tx) (err error) {
				mine, err = tx.Exec(`UPDATE cloudwatch_action SET due_at = $1 WHERE id = $2 AND due_at = $3`, now+claim, a.id, a.due)
				return err
			})
		}
		if err == nil && mine == 1 {
			err = s.finish(ctx, a, s.carryOut(ctx, a))
		}
	}
	return err
}

// carryOut invokes the function that the action names. Anything else fails: the platform has no
// such service.
func (s *Service) carryOut(ctx context.Context, a pendingAction) error {
	target, err := arn.Parse(a.target)
	if err != nil {
		return err
	}
	if target.Service != "lambda" {
		return fmt.Errorf("%s is not available on this platform", target.Service)
	}
	if s.lambda == nil {
		return errors.New("no Lambda service is connected")
	}
	ctx = caller.With(ctx, caller.Caller{Partition: target.Partition, Account: a.Account, Region: target.Region,
		ARN: arn.Global(caller.Caller{Partition: target.Partition, Account: a.Account}, "iam", "root"), RequestID: id.Request()})
	_, err = s.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: &a.target, Payload: []byte(a.payload), InvocationType: lambdatypes.InvocationTypeEvent})
	return err
}

// finish records how an action went and forgets it.
func (s *Service) finish(ctx context.Context, a pendingAction, failure error) error {
	summary, data := "Successfully executed action "+a.target, map[string]any{
		"version": "1.0", "actionState": "Succeeded", "notificationResource": a.target, "stateUpdateTimestamp": a.due}
	if failure != nil {
		summary, data["actionState"], data["error"] = "Failed to execute action "+a.target, "Failed", failure.Error()
		var known smithy.APIError
		if errors.As(failure, &known) {
			data["error"] = known.ErrorCode() + ": " + known.ErrorMessage()
		}
		summary += fmt.Sprintf(". Received error: %q", data["error"])
	}
	now := s.now()
	return s.db.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`DELETE FROM cloudwatch_action WHERE id = $1`, a.id)
		if err != nil || n == 0 {
			return err
		}
		return record(tx, a.key, types.HistoryItemTypeAction, now, summary, data)
	})
}
