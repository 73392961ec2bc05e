package resource

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// alarmState is an alarm that a deployment watches.
type alarmState struct {
	name    string
	active  bool      // in ALARM
	changed time.Time // when it last went from one state to another; zero if never
}

// alarmStates reads the alarms that exist, of whatever kind.
func alarmStates(ctx context.Context, peer CloudWatch, names []string) (out []alarmState, err error) {
	in := &cloudwatch.DescribeAlarmsInput{AlarmNames: names,
		AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm}}
	for {
		page, err := peer.DescribeAlarms(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, a := range page.MetricAlarms {
			out = append(out, alarmState{aws.ToString(a.AlarmName), a.StateValue == types.StateValueAlarm, aws.ToTime(a.StateTransitionedTimestamp)})
		}
		for _, a := range page.CompositeAlarms {
			out = append(out, alarmState{aws.ToString(a.AlarmName), a.StateValue == types.StateValueAlarm, aws.ToTime(a.StateTransitionedTimestamp)})
		}
		if aws.ToString(page.NextToken) == "" {
			return out, nil
		}
		next := *in
		next.NextToken = page.NextToken
		in = &next
	}
}

// wentOff tells whether an alarm has gone to ALARM since the time given.
func wentOff(ctx context.Context, peer CloudWatchHistory, name string, since time.Time) (bool, error) {
	in := &cloudwatch.DescribeAlarmHistoryInput{AlarmName: &name, HistoryItemType: types.HistoryItemTypeStateUpdate, StartDate: &since}
	for {
		page, err := peer.DescribeAlarmHistory(ctx, in)
		if err != nil {
			return false, err
		}
		for _, item := range page.AlarmHistoryItems {
			var data struct {
				NewState struct {
					StateValue types.StateValue `json:"stateValue"`
				} `json:"newState"`
			}
			if err := json.Unmarshal([]byte(aws.ToString(item.HistoryData)), &data); err != nil {
				return false, fmt.Errorf("history of alarm %s: %w", name, err)
			}
			if data.NewState.StateValue == types.StateValueAlarm {
				return true, nil
			}
		}
		if aws.ToString(page.NextToken) == "" {
			return false, nil
		}
		next := *in
		next.NextToken = page.NextToken
		in = &next
	}
}
