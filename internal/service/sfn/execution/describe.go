package execution

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/service/sfn/registry"
)

// Limits of redriving.
const (
	redriveDays   = 14 * 24 * time.Hour
	redriveEvents = 24999
)

// DescribeExecution tells how an execution is doing.
func (s *Service) DescribeExecution(ctx context.Context, in *sfn.DescribeExecutionInput, _ ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error) {
	var x row
	if err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		if x, err = find(tx, aws.ToString(in.ExecutionArn)); err != nil || x.MapRun == "" {
			return err
		}
		run, err := findMapRun(tx, x.MapRun)
		if x.pending(run.round()) {
			x.Status = string(asl.PendingRedrive)
		}
		return err
	}); err != nil {
		return nil, err
	}
	return x.describe(s.clock.Now(), in.IncludedData), nil
}

func (x *row) describe(now time.Time, data types.IncludedData) *sfn.DescribeExecutionOutput {
	out := &sfn.DescribeExecutionOutput{ExecutionArn: &x.ARN, StateMachineArn: &x.Machine, Name: &x.Name, Status: types.ExecutionStatus(x.Status),
		StartDate: instant(x.Started), StopDate: instant(x.Stopped), StateMachineVersionArn: optional(x.Version), StateMachineAliasArn: optional(x.Alias),
		MapRunArn: optional(x.MapRun), TraceHeader: optional(x.Doc.Trace), Error: optional(x.Error), Cause: optional(x.Cause),
		RedriveCount: aws.Int32(int32(x.Redrives)), RedriveDate: instant(x.Redriven)}
	status, reason := x.redrivable(now)
	out.RedriveStatus, out.RedriveStatusReason = status, optional(reason)
	if x.MapRun != "" {
		out.StateMachineArn = aws.String(labelled(x.Machine, x.MapRun))
	}
	if data != types.IncludedDataMetadataOnly {
		out.Input, out.InputDetails = &x.Input, &types.CloudWatchEventsExecutionDataDetails{Included: true}
		if x.Status == string(asl.Succeeded) {
			out.Output, out.OutputDetails = &x.Output, &types.CloudWatchEventsExecutionDataDetails{Included: true}
		}
	}
	return out
}

// redrivable tells whether the execution may be redriven, and if not, why.
func (x *row) redrivable(now time.Time) (types.ExecutionRedriveStatus, string) {
	no := types.ExecutionRedriveStatusNotRedrivable
	switch asl.Status(x.Status) {
	case asl.Running:
		return no, "Execution is RUNNING and cannot be redriven"
	case asl.Succeeded:
		return no, "Execution is SUCCEEDED and cannot be redriven"
	}
	switch {
	case x.Events >= redriveEvents:
		return no, "Execution history event limit exceeded"
	case now.Sub(time.UnixMilli(x.Stopped)) > redriveDays:
		return no, "Execution has exceeded the redrivable period"
	case x.MapRun != "":
		return types.ExecutionRedriveStatusRedrivableByMapRun, "Execution is redrivable by the Map Run that started it"
	}
	return types.ExecutionRedriveStatusRedrivable, ""
}

// DescribeStateMachineForExecution tells what an execution runs, as it was when it started.
func (s *Service) DescribeStateMachineForExecution(ctx context.Context, in *sfn.DescribeStateMachineForExecutionInput, _ ...func(*sfn.Options)) (*sfn.DescribeStateMachineForExecutionOutput, error) {
	var x row
	var m *registry.Machine
	if err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		if x, err = find(tx, aws.ToString(in.ExecutionArn)); err != nil {
			return err
		}
		m, err = s.registry.Revision(ctx, tx, x.Machine, x.Revision)
		return err
	}); err != nil {
		return nil, err
	}
	out := &sfn.DescribeStateMachineForExecutionOutput{StateMachineArn: &m.ARN, Name: &m.Name, RoleArn: &m.RoleARN, UpdateDate: &m.UpdatedAt,
		RevisionId: m.ShownRevision(), MapRunArn: optional(x.MapRun)}
	out.LoggingConfiguration, out.TracingConfiguration, out.EncryptionConfiguration = m.Configuration()
	out.Definition, out.VariableReferences = m.Shown(in.IncludedData)
	if x.MapRun != "" {
		out.StateMachineArn = aws.String(labelled(m.ARN, x.MapRun))
		_, label, _ := strings.Cut(*out.StateMachineArn, "/")
		out.Label = &label
	}
	return out, nil
}
