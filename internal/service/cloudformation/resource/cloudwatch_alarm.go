package resource

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
)

// alarm is AWS::CloudWatch::Alarm. PutMetricAlarm makes and changes alike.
type alarm struct{ cloudwatch CloudWatch }

func (*alarm) Schema() *Schema {
	return schema("AWS::CloudWatch::Alarm", `
		AlarmName*
		ActionsEnabled bool
		AlarmActions[]
		AlarmDescription
		ComparisonOperator!
		DatapointsToAlarm int
		Dimensions[].Name!
		Dimensions[].Value!
		EvaluateLowSampleCountPercentile
		EvaluationPeriods! int
		ExtendedStatistic
		InsufficientDataActions[]
		MetricName
		Metrics[].AccountId
		Metrics[].Expression
		Metrics[].Id!
		Metrics[].Label
		Metrics[].Period int
		Metrics[].ReturnData bool
		Metrics[].MetricStat.Metric!.Dimensions[].Name!
		Metrics[].MetricStat.Metric!.Dimensions[].Value!
		Metrics[].MetricStat.Metric!.MetricName
		Metrics[].MetricStat.Metric!.Namespace
		Metrics[].MetricStat.Period! int
		Metrics[].MetricStat.Stat!
		Metrics[].MetricStat.Unit
		Namespace
		OKActions[]
		Period int
		Statistic
		Tags[].Key!
		Tags[].Value!
		Threshold number
		ThresholdMetricId
		TreatMissingData
		Unit
	`).with(func(s *Schema) {
		s.Attributes = []string{"Arn"}
		s.Name = NameRule{Property: "AlarmName", Max: 255}
	})
}

func (h *alarm) Exists(ctx context.Context, r Request) (bool, error) {
	out, err := h.cloudwatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{r.Name},
		AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm}})
	if err != nil {
		return false, err
	}
	return len(out.MetricAlarms)+len(out.CompositeAlarms) > 0, nil
}

func (h *alarm) put(ctx context.Context, r Request, name string) (Result, error) {
	in := &cloudwatch.PutMetricAlarmInput{}
	if err := Decode(r.Properties.without("Tags"), in); err != nil {
		return Result{}, err
	}
	in.AlarmName = &name
	in.Tags = tagList(r, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })
	if _, err := h.cloudwatch.PutMetricAlarm(ctx, in); err != nil {
		return Result{}, err
	}
	return Result{PhysicalID: name, Attributes: map[string]any{"Arn": arn.For(caller.From(ctx), "cloudwatch", "alarm:"+name)}}, nil
}

func (h *alarm) Create(ctx context.Context, r Request) (Result, error) { return h.put(ctx, r, r.Name) }

// Update sets the tags by themselves: PutMetricAlarm takes them for a new alarm only.
func (h *alarm) Update(ctx context.Context, r Request) (Result, error) {
	res, err := h.put(ctx, r, r.PhysicalID)
	api, ok := h.cloudwatch.(CloudWatchTags)
	if err != nil || !ok {
		return res, err
	}
	name := arn.For(caller.From(ctx), "cloudwatch", "alarm:"+r.PhysicalID)
	return res, retag(r, func(map[string]string) error {
		_, err := api.TagResource(ctx, &cloudwatch.TagResourceInput{ResourceARN: &name, Tags: tagList(r, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })})
		return err
	}, func(keys []string) error {
		_, err := api.UntagResource(ctx, &cloudwatch.UntagResourceInput{ResourceARN: &name, TagKeys: keys})
		return err
	})
}

func (h *alarm) Delete(ctx context.Context, r Request) (Result, error) {
	_, err := h.cloudwatch.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{r.PhysicalID}})
	return Result{}, unless(err, "ResourceNotFound", "ResourceNotFoundException")
}
