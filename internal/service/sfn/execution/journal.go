package execution

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/id"
	"github.com/headgate/headgate/internal/service/sfn/registry"
)

// journal writes executions' events to CloudWatch Logs, as logging configurations want: after the commit and at most
// once, as on AWS, where delivery is not guaranteed either.
type journal struct {
	outbox[entry]
	to      Logs
	streams map[string]string // by log group
}

// entry is some events of one execution.
type entry struct {
	machine  *registry.Machine
	arn      string
	redrives int
	events   []asl.HistoryEvent
}

// Limits of PutLogEvents, below CloudWatch Logs' own.
const (
	maxLogEvents  = 1000
	maxLogMessage = 250_000 // bytes; a longer one leaves without the execution's data
	maxLogBatch   = 900_000
)

// logs tells whether an event is logged at a level. ERROR has every failure and abortion, and the entry of Fail states.
func logs(level types.LogLevel, kind string) bool {
	switch level {
	case types.LogLevelAll:
		return true
	case types.LogLevelFatal:
		return kind == "ExecutionFailed" || kind == "ExecutionTimedOut" || kind == "ExecutionAborted"
	case types.LogLevelError:
		return kind == "FailStateEntered" || strings.HasSuffix(kind, "Failed") && kind != "EvaluationFailed" ||
			strings.HasSuffix(kind, "TimedOut") || strings.HasSuffix(kind, "Aborted")
	}
	return false
}

// add queues what the machine's configuration wants logged.
func (j *journal) add(m *registry.Machine, executionARN string, redrives int, events []asl.HistoryEvent) {
	c := m.Logging
	if j.to == nil || c == nil || c.Level == "" || c.Level == types.LogLevelOff || len(c.Destinations) == 0 || len(events) == 0 {
		return
	}
	if c.Level != types.LogLevelAll {
		events = slices.DeleteFunc(slices.Clone(events), func(e asl.HistoryEvent) bool { return !logs(c.Level, e.Type) })
	}
	if len(events) > 0 {
		j.put(entry{m, executionARN, redrives, events})
	}
}

// deliver writes queued entries, group by group.
func (j *journal) deliver(ctx context.Context, entries []entry) error {
	groups := map[string][]logtypes.InputLogEvent{}
	for _, e := range entries {
		for _, d := range e.machine.Logging.Destinations {
			if d.CloudWatchLogsLogGroup == nil {
				continue
			}
			group := strings.TrimSuffix(aws.ToString(d.CloudWatchLogsLogGroup.LogGroupArn), ":*")
			for _, ev := range e.events {
				message := e.message(ev, e.machine.Logging.IncludeExecutionData)
				groups[group] = append(groups[group], logtypes.InputLogEvent{Timestamp: aws.Int64(ev.Timestamp.UnixMilli()), Message: &message})
			}
		}
	}
	var failed error
	for group, events := range groups {
		failed = errors.Join(failed, j.write(ctx, group, entries[0].machine.Name, events))
	}
	return failed
}

func (j *journal) write(ctx context.Context, group, machine string, events []logtypes.InputLogEvent) error {
	a, err := arn.Parse(group)
	if err != nil {
		return err
	}
	ctx = caller.With(ctx, caller.Caller{Partition: a.Partition, Region: a.Region, Account: a.Account})
	name := strings.TrimPrefix(a.Resource, "log-group:")
	stream, err := j.stream(ctx, group, name, machine, time.UnixMilli(*events[0].Timestamp))
	for len(events) > 0 && err == nil {
		n, size := 0, 0
		for n < len(events) && n < maxLogEvents && size < maxLogBatch {
			size += len(*events[n].Message) + 26
			n++
		}
		_, err = j.to.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: &name, LogStreamName: &stream, LogEvents: events[:n]})
		events = events[n:]
	}
	var answered smithy.APIError
	if errors.As(err, &answered) && answered.ErrorCode() == "ResourceNotFoundException" {
		delete(j.streams, group) // the group was deleted: nothing is logged until it is there again
		return nil
	}
	return err
}

// stream is the log stream that this process writes to.
func (j *journal) stream(ctx context.Context, group, name, machine string, at time.Time) (string, error) {
	if s, ok := j.streams[group]; ok {
		return s, nil
	}
	s := fmt.Sprintf("states/%s/%s/%s", machine, at.UTC().Format("2006-01-02-15-04"), id.Hex(8))
	_, err := j.to.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &name, LogStreamName: &s})
	if err != nil {
		return "", err
	}
	if j.streams == nil {
		j.streams = map[string]string{}
	}
	j.streams[group] = s
	return s, nil
}

// message is one event as Step Functions logs it.
func (e entry) message(ev asl.HistoryEvent, data bool) string {
	text := func(data bool) string {
		details := jsonvalue.NewObject(4)
		if d := detailsOf(ev); d.IsValid() {
			fields(details, d, data)
		}
		return jsonvalue.Encode(jsonvalue.Of("id", fmt.Sprint(ev.ID), "type", ev.Type, "details", details, "previous_event_id", fmt.Sprint(ev.PreviousEventID),
			"event_timestamp", fmt.Sprint(ev.Timestamp.UnixMilli()), "execution_arn", e.arn, "redrive_count", fmt.Sprint(e.redrives)))
	}
	out := text(data)
	if len(out) > maxLogMessage {
		out = text(false)
	}
	return out
}

// detailsOf finds the one member of the SDK's event that has the details.
func detailsOf(ev asl.HistoryEvent) reflect.Value {
	v := reflect.ValueOf(ev.SDK())
	for i := range v.NumField() {
		if f := v.Field(i); strings.HasSuffix(v.Type().Field(i).Name, "EventDetails") && !f.IsNil() {
			return f.Elem()
		}
	}
	return reflect.Value{}
}

// executionData tells the members that includeExecutionData is about.
func executionData(name string) bool {
	switch name {
	case "Input", "InputDetails", "Output", "OutputDetails", "Parameters", "AssignedVariables", "AssignedVariablesDetails":
		return true
	}
	return false
}

// fields adds a struct's members, in camel case.
func fields(out *jsonvalue.Object, v reflect.Value, data bool) {
	for i := range v.NumField() {
		name, f := v.Type().Field(i).Name, v.Field(i)
		if !v.Type().Field(i).IsExported() || !data && executionData(name) {
			continue
		}
		if f.Kind() == reflect.Pointer {
			if f.IsNil() {
				continue
			}
			f = f.Elem()
		}
		key := strings.ToLower(name[:1]) + name[1:]
		switch f.Kind() {
		case reflect.Struct:
			if inner := jsonvalue.NewObject(2); f.NumField() > 0 {
				fields(inner, f, data)
				out.Set(key, inner)
			}
		case reflect.String:
			out.Set(key, f.String())
		case reflect.Bool:
			out.Set(key, f.Bool())
		case reflect.Int32, reflect.Int64:
			out.Set(key, f.Int())
		case reflect.Map:
			inner := jsonvalue.NewObject(f.Len())
			for _, k := range f.MapKeys() {
				inner.Set(k.String(), f.MapIndex(k).String())
			}
			if f.Len() > 0 {
				out.Set(key, inner)
			}
		}
	}
}
