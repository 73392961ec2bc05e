package cloudwatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
)

// PutMetricAlarm creates an alarm or replaces the definition of one, whose state stays.
func (s *Service) PutMetricAlarm(ctx context.Context, in *cloudwatch.PutMetricAlarmInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricAlarmOutput, error) {
	c, now := caller.From(ctx), s.now()
	def, err := definition(c, in, now)
	if err != nil {
		return nil, err
	}
	k := keyOf(c, aws.ToString(in.AlarmName))
	a, err := compileAlarm(k, def)
	if err != nil {
		return nil, err
	}
	if err := a.checkWindow(); err != nil {
		return nil, err
	}
	tags, err := addTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	return &cloudwatch.PutMetricAlarmOutput{}, s.db.Update(ctx, func(tx *db.Tx) error {
		st := storedAlarm{key: k, revision: id.Ordered(), def: def, tags: tags,
			alarmState: alarmState{types.StateValueInsufficientData, firstReason, "", now, now, 0}}
		old, err := readAlarm(tx, k)
		switch {
		case err == nil:
			st.tags, st.alarmState = old.tags, old.alarmState // tags of an existing alarm stay
			err = record(tx, k, types.HistoryItemTypeConfigurationUpdate, now, fmt.Sprintf("Alarm %q updated", k.Name), updateHistory(old, st))
		case errors.Is(err, db.ErrNotFound):
			err = record(tx, k, types.HistoryItemTypeConfigurationUpdate, now, fmt.Sprintf("Alarm %q created", k.Name),
				map[string]any{"version": "1.0", "type": "Create", "createdAlarm": historyOf(st)})
		}
		if err != nil {
			return err
		}
		return redefine(tx, st)
	})
}

// redefine stores a definition and tells the watches of all nodes.
func redefine(tx *db.Tx, st storedAlarm) error {
	tx.Notify(topicDefinition, mustJSON(st.key))
	return st.write(tx)
}

// definition is the document that is stored, checked.
func definition(c caller.Caller, in *cloudwatch.PutMetricAlarmInput, now int64) (types.MetricAlarm, error) {
	switch {
	case in.EvaluationCriteria != nil:
		return types.MetricAlarm{}, validation("EvaluationCriteria is not supported: alarms watch a metric or a metric math expression.")
	case in.ThresholdMetricId != nil:
		return types.MetricAlarm{}, validation("ThresholdMetricId is not supported: there is no anomaly detection.")
	case in.WarmUpConfiguration != nil:
		return types.MetricAlarm{}, validation("WarmUpConfiguration is not supported.")
	}
	if _, wall := in.EvaluationWindow.(*types.EvaluationWindowMemberWallClockWindow); wall {
		return types.MetricAlarm{}, validation("A wall clock EvaluationWindow is not supported: use the sliding window.")
	}
	def := types.MetricAlarm{
		AlarmName: in.AlarmName, AlarmArn: aws.String(alarmARN(c, aws.ToString(in.AlarmName))), AlarmDescription: in.AlarmDescription,
		AlarmConfigurationUpdatedTimestamp: at(now),
		ActionsEnabled:                     aws.Bool(in.ActionsEnabled == nil || *in.ActionsEnabled),
		AlarmActions:                       in.AlarmActions, OKActions: in.OKActions, InsufficientDataActions: in.InsufficientDataActions,
		ActionConfiguration: in.ActionConfiguration,
		MetricName:          in.MetricName, Namespace: in.Namespace, Dimensions: in.Dimensions, Period: in.Period,
		Statistic: in.Statistic, ExtendedStatistic: in.ExtendedStatistic, Unit: in.Unit, Metrics: in.Metrics,
		ComparisonOperator: in.ComparisonOperator, Threshold: in.Threshold,
		EvaluationPeriods: in.EvaluationPeriods, DatapointsToAlarm: in.DatapointsToAlarm,
		TreatMissingData: in.TreatMissingData, EvaluateLowSampleCountPercentile: in.EvaluateLowSampleCountPercentile,
	}
	if err := checkAlarm(&def); err != nil {
		return def, err
	}
	// The copy shares no memory with the caller's input, and lists are never absent in answers.
	var own types.MetricAlarm
	if err := json.Unmarshal([]byte(mustJSON(def)), &own); err != nil {
		return def, fmt.Errorf("copy an alarm's definition: %w", err)
	}
	for _, list := range []*[]string{&own.AlarmActions, &own.OKActions, &own.InsufficientDataActions} {
		if *list == nil {
			*list = []string{}
		}
	}
	if own.Dimensions == nil {
		own.Dimensions = []types.Dimension{}
	}
	return own, nil
}

// DeleteAlarms deletes all the alarms named, or none if one of them does not exist.
func (s *Service) DeleteAlarms(ctx context.Context, in *cloudwatch.DeleteAlarmsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.DeleteAlarmsOutput, error) {
	c, now := caller.From(ctx), s.now()
	if len(in.AlarmNames) == 0 {
		return nil, missing("AlarmNames")
	}
	if len(in.AlarmNames) > 100 {
		return nil, invalid("The collection AlarmNames must not have a size greater than 100.")
	}
	return &cloudwatch.DeleteAlarmsOutput{}, s.db.Update(ctx, func(tx *db.Tx) error {
		for _, name := range in.AlarmNames {
			k := keyOf(c, name)
			st, err := readAlarm(tx, k)
			if errors.Is(err, db.ErrNotFound) {
				return noAlarm(name)
			} else if err != nil {
				return err
			}
			if _, err := tx.Exec(`DELETE FROM cloudwatch_alarm WHERE account = $1 AND region = $2 AND name = $3`, k.Account, k.Region, k.Name); err != nil {
				return err
			}
			if err := record(tx, k, types.HistoryItemTypeConfigurationUpdate, now, fmt.Sprintf("Alarm %q deleted", name),
				map[string]any{"version": "1.0", "type": "Delete", "deletedAlarm": historyOf(st)}); err != nil {
				return err
			}
			tx.Notify(topicDefinition, mustJSON(k))
		}
		return nil
	})
}

// SetAlarmState sets a state until the next period ends and the alarm is evaluated again.
func (s *Service) SetAlarmState(ctx context.Context, in *cloudwatch.SetAlarmStateInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.SetAlarmStateOutput, error) {
	k, now := keyOf(caller.From(ctx), aws.ToString(in.AlarmName)), s.now()
	switch {
	case k.Name == "":
		return nil, missing("AlarmName")
	case in.StateReason == nil:
		return nil, missing("StateReason")
	case len(*in.StateReason) > 1023:
		return nil, invalid("The parameter StateReason must be shorter than 1024 characters.")
	case in.StateReasonData != nil && !json.Valid([]byte(*in.StateReasonData)):
		return nil, &types.InvalidFormatFault{Message: aws.String("StateReasonData is not valid JSON")}
	}
	switch in.StateValue {
	case types.StateValueAlarm, types.StateValueOk, types.StateValueInsufficientData:
	default:
		return nil, invalid("The value %s for parameter StateValue is invalid. Valid values are OK, ALARM and INSUFFICIENT_DATA.", in.StateValue)
	}
	return &cloudwatch.SetAlarmStateOutput{}, s.db.Update(ctx, func(tx *db.Tx) error {
		st, err := readAlarm(tx, k)
		if errors.Is(err, db.ErrNotFound) {
			return noAlarm(k.Name)
		} else if err != nil {
			return err
		}
		to := alarmState{in.StateValue, *in.StateReason, aws.ToString(in.StateReasonData), now, now, now + 1}
		if to.value != st.value {
			_, err = s.transit(tx, change{k, st.revision, st.alarmState, to}, st.def)
			return err
		}
		_, err = tx.Exec(`UPDATE cloudwatch_alarm SET reason = $1, reason_data = $2, updated_at = $3, decided_to = $4 WHERE account = $5 AND region = $6 AND name = $7`,
			to.reason, to.data, now, to.decided, k.Account, k.Region, k.Name)
		return err
	})
}

// EnableAlarmActions lets changes of the alarms' states have actions again.
func (s *Service) EnableAlarmActions(ctx context.Context, in *cloudwatch.EnableAlarmActionsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.EnableAlarmActionsOutput, error) {
	return &cloudwatch.EnableAlarmActionsOutput{}, s.setActions(ctx, in.AlarmNames, true)
}

// DisableAlarmActions keeps changes of the alarms' states from having actions.
func (s *Service) DisableAlarmActions(ctx context.Context, in *cloudwatch.DisableAlarmActionsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.DisableAlarmActionsOutput, error) {
	return &cloudwatch.DisableAlarmActionsOutput{}, s.setActions(ctx, in.AlarmNames, false)
}

func (s *Service) setActions(ctx context.Context, names []string, enabled bool) error {
	c, now := caller.From(ctx), s.now()
	if len(names) == 0 {
		return missing("AlarmNames")
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		for _, name := range names {
			st, err := readAlarm(tx, keyOf(c, name))
			if errors.Is(err, db.ErrNotFound) {
				continue // AWS passes over names that it does not know
			} else if err != nil {
				return err
			}
			if aws.ToBool(st.def.ActionsEnabled) == enabled {
				continue
			}
			old := st
			st.def.ActionsEnabled = aws.Bool(enabled)
			st.def.AlarmConfigurationUpdatedTimestamp = aws.Time(time.UnixMilli(now).UTC())
			st.revision = id.Ordered()
			if err := record(tx, st.key, types.HistoryItemTypeConfigurationUpdate, now, fmt.Sprintf("Alarm %q updated", name), updateHistory(old, st)); err != nil {
				return err
			}
			if err := redefine(tx, st); err != nil {
				return err
			}
		}
		return nil
	})
}
