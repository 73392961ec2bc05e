package cloudwatch

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

// token makes an opaque NextToken of where to go on.
func token(cursor string) *string {
	return aws.String(base64.RawURLEncoding.EncodeToString([]byte(cursor)))
}

func openToken(t *string) (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(aws.ToString(t))
	if err != nil {
		return "", badToken()
	}
	return string(b), nil
}

// alarms returns the caller's alarms in order of name.
func (s *Service) alarms(ctx context.Context) (out []storedAlarm, err error) {
	c := caller.From(ctx)
	err = s.db.View(ctx, func(tx *db.Tx) error {
		out, err = db.All(tx, scanAlarm, selectAlarm+` WHERE account = $1 AND region = $2`, c.Account, c.Region)
		return err
	})
	// Sorted here, since stores differ in how they collate.
	slices.SortFunc(out, func(a, b storedAlarm) int { return strings.Compare(a.Name, b.Name) })
	return out, err
}

// DescribeAlarms lists metric alarms; composite and log alarms do not exist here.
func (s *Service) DescribeAlarms(ctx context.Context, in *cloudwatch.DescribeAlarmsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error) {
	out := &cloudwatch.DescribeAlarmsOutput{MetricAlarms: []types.MetricAlarm{}, CompositeAlarms: []types.CompositeAlarm{}}
	limit := int(aws.ToInt32(in.MaxRecords))
	switch {
	case in.AlarmNamePrefix != nil && len(in.AlarmNames) > 0:
		return nil, conflicting("AlarmNames and AlarmNamePrefix are mutually exclusive and you have specified both.")
	case limit < 0 || limit > 100:
		return nil, invalid("The value %d for parameter MaxRecords is invalid. It must be between 1 and 100.", limit)
	case len(in.AlarmNames) > 100:
		return nil, invalid("The collection AlarmNames must not have a size greater than 100.")
	case limit == 0:
		limit = 50
		if len(in.AlarmNames) > limit { // names asked for are all answered
			limit = 100
		}
	}
	cursor, err := openToken(in.NextToken)
	if err != nil {
		return nil, err
	}
	if in.ChildrenOfAlarmName != nil || in.ParentsOfAlarmName != nil ||
		len(in.AlarmTypes) > 0 && !slices.Contains(in.AlarmTypes, types.AlarmTypeMetricAlarm) {
		return out, nil
	}
	all, err := s.alarms(ctx)
	if err != nil {
		return nil, err
	}
	for _, st := range all {
		if st.Name <= cursor && cursor != "" || !wanted(st, in) {
			continue
		}
		if len(out.MetricAlarms) == limit {
			out.NextToken = token(*out.MetricAlarms[limit-1].AlarmName)
			break
		}
		out.MetricAlarms = append(out.MetricAlarms, st.output())
	}
	return out, nil
}

func wanted(st storedAlarm, in *cloudwatch.DescribeAlarmsInput) bool {
	if len(in.AlarmNames) > 0 && !slices.Contains(in.AlarmNames, st.Name) ||
		!strings.HasPrefix(st.Name, aws.ToString(in.AlarmNamePrefix)) ||
		in.StateValue != "" && in.StateValue != st.value {
		return false
	}
	if in.ActionPrefix == nil {
		return true
	}
	return slices.ContainsFunc(slices.Concat(st.def.AlarmActions, st.def.OKActions, st.def.InsufficientDataActions),
		func(a string) bool { return strings.HasPrefix(a, *in.ActionPrefix) })
}

// DescribeAlarmsForMetric lists the alarms that watch exactly the metric given.
func (s *Service) DescribeAlarmsForMetric(ctx context.Context, in *cloudwatch.DescribeAlarmsForMetricInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsForMetricOutput, error) {
	switch {
	case aws.ToString(in.MetricName) == "":
		return nil, missing("MetricName")
	case aws.ToString(in.Namespace) == "":
		return nil, missing("Namespace")
	}
	sid := seriesOf(caller.From(ctx), in.Namespace, in.MetricName, in.Dimensions).id()
	all, err := s.alarms(ctx)
	if err != nil {
		return nil, err
	}
	out := &cloudwatch.DescribeAlarmsForMetricOutput{MetricAlarms: []types.MetricAlarm{}}
	for _, st := range all {
		a, err := st.compiled()
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(a.program.inputs(), func(i *input) bool {
			return i.sid == sid && (in.Statistic == "" || i.statistic.name == string(in.Statistic)) &&
				(in.ExtendedStatistic == nil || i.statistic.name == *in.ExtendedStatistic) &&
				(in.Period == nil || i.period == int64(*in.Period)*second) && (in.Unit == "" || i.unit == string(in.Unit))
		}) {
			out.MetricAlarms = append(out.MetricAlarms, st.output())
		}
	}
	return out, nil
}
