package registry

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/internal/arn"
)

// checkLogging checks a logging configuration and fills in what is not said. Nil stays nil.
func (r *Registry) checkLogging(ctx context.Context, in *types.LoggingConfiguration) (*types.LoggingConfiguration, error) {
	if in == nil {
		return nil, nil
	}
	out := &types.LoggingConfiguration{IncludeExecutionData: in.IncludeExecutionData, Level: in.Level}
	if out.Level == "" {
		out.Level = types.LogLevelOff
	}
	// A list that was given empty is shown empty, one that was not given not at all.
	if in.Destinations != nil {
		out.Destinations = append([]types.LogDestination{}, in.Destinations...)
	}
	if len(out.Destinations) > 1 || len(out.Destinations) == 0 && out.Level != types.LogLevelOff {
		return nil, invalidLogging("Must specify exactly one Log Destination.")
	}
	for _, d := range out.Destinations {
		if d.CloudWatchLogsLogGroup == nil || aws.ToString(d.CloudWatchLogsLogGroup.LogGroupArn) == "" {
			return nil, invalidLogging("Must specify exactly one Log Destination.")
		}
		if err := r.checkLogGroup(ctx, *d.CloudWatchLogsLogGroup.LogGroupArn); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *Registry) checkLogGroup(ctx context.Context, group string) error {
	a, err := arn.Parse(group)
	name, ok := strings.CutPrefix(a.Resource, "log-group:")
	if err != nil || a.Service != "logs" || !ok {
		return invalidLogging("Invalid ARN for log destination.")
	}
	// The ARN ends in :*, which stands for the group's streams.
	name = strings.TrimSuffix(name, ":*")
	if r.logs == nil {
		return nil
	}
	// Looking asks in the caller's name: a group of another account or region is not found, as on AWS.
	found, err := r.logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name})
	if err != nil {
		return fmt.Errorf("look for the log group %s: %w", name, err)
	}
	for _, g := range found.LogGroups { // the exact name sorts first among those with the prefix
		if aws.ToString(g.LogGroupName) == name {
			return nil
		}
	}
	return invalidLogging("Log Destination not found.")
}

// invalidLogging is the error of a logging configuration; AWS shows a reason behind a fixed beginning.
func invalidLogging(why string) error {
	return &types.InvalidLoggingConfiguration{Message: text("Invalid Logging Configuration: %s", why)}
}

// checkEncryption checks an encryption configuration. It is kept and shown; data is not encrypted with the key.
func checkEncryption(in *types.EncryptionConfiguration) error {
	if in == nil {
		return nil
	}
	switch in.Type {
	// The wire layer has seen to it that the type is one of the two.
	case types.EncryptionTypeAwsOwnedKey:
		if in.KmsKeyId != nil || in.KmsDataKeyReusePeriodSeconds != nil {
			return invalidEncryption("kmsKeyId and kmsDataKeyReusePeriodSeconds must not be set when type is AWS_OWNED_KEY")
		}
	case types.EncryptionTypeCustomerManagedKmsKey:
		if in.KmsKeyId == nil {
			return invalidEncryption("kmsKeyId must be set when type is CUSTOMER_MANAGED_KMS_KEY")
		}
	}
	return nil
}

// invalidEncryption is the error of an encryption configuration. The reasons' texts are ours.
func invalidEncryption(why string) error {
	return &types.InvalidEncryptionConfiguration{Message: text("Invalid Encryption Configuration: %s", why)}
}

// shown fills in what a configuration answers when nothing was configured.
func (c config) shown() config {
	if c.Logging == nil {
		c.Logging = &types.LoggingConfiguration{Level: types.LogLevelOff}
	}
	// Tracing is kept and shown; there is no X-Ray to send traces to.
	if c.Tracing == nil {
		c.Tracing = &types.TracingConfiguration{}
	}
	c.Encryption = shownEncryption(c.Encryption)
	return c
}

// shownEncryption is what answers carry: a customer's key has its reuse period, five minutes unless set.
func shownEncryption(e *types.EncryptionConfiguration) *types.EncryptionConfiguration {
	if e == nil {
		return &types.EncryptionConfiguration{Type: types.EncryptionTypeAwsOwnedKey}
	}
	out := *e
	if e.Type == types.EncryptionTypeCustomerManagedKmsKey && e.KmsDataKeyReusePeriodSeconds == nil {
		out.KmsDataKeyReusePeriodSeconds = aws.Int32(300)
	}
	return &out
}
