package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/asl"
)

// ExecutionsWatch is `headgate executions watch`.
type ExecutionsWatch struct {
	ID string `arg:"" name:"execution" help:"Execution: STATEMACHINE/NAME or ARN."`
}

// Help is printed below the flags.
func (*ExecutionsWatch) Help() string {
	return `Exits 1 if the execution did not succeed.

  headgate executions watch orders/order-7`
}

// Run implements the command.
func (c *ExecutionsWatch) Run(e *env) error {
	client, err := e.stepFunctions()
	if err != nil {
		return err
	}
	arn, err := executionARN(e, client, c.ID)
	if err != nil {
		return err
	}
	return watchExecution(e, client, arn)
}

// history reads an execution's events, each once.
type history struct {
	client *sfn.Client
	arn    string
	last   int64
}

func newHistory(client *sfn.Client, arn string) *history { return &history{client: client, arn: arn} }

// fresh returns the events since the last call, oldest first.
func (h *history) fresh(e *env) ([]types.HistoryEvent, error) {
	var news []types.HistoryEvent
	in := &sfn.GetExecutionHistoryInput{ExecutionArn: &h.arn, ReverseOrder: true, MaxResults: 1000}
	for {
		out, err := h.client.GetExecutionHistory(e.ctx, in)
		if err != nil {
			return nil, err
		}
		for _, ev := range out.Events {
			if ev.Id <= h.last {
				out.NextToken = nil
				break
			}
			news = append(news, ev)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	for i, j := 0, len(news)-1; i < j; i, j = i+1, j-1 {
		news[i], news[j] = news[j], news[i]
	}
	if len(news) > 0 {
		h.last = news[len(news)-1].Id
	}
	return news, nil
}

// watchExecution shows the states as they pass; on a terminal a board below shows how each of them stands.
func watchExecution(e *env, client *sfn.Client, arn string) error {
	machine, err := client.DescribeStateMachineForExecution(e.ctx, &sfn.DescribeStateMachineForExecutionInput{ExecutionArn: &arn})
	if err != nil {
		return err
	}
	states, err := newStateBoard(aws.ToString(machine.Definition))
	if err != nil {
		return err
	}
	b := newBoard(e)
	defer b.close()
	events := newHistory(client, arn)
	for {
		x, err := client.DescribeExecution(e.ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
		if err != nil {
			return err
		}
		fresh, err := events.fresh(e) // after the status: the last look sees all
		if err != nil {
			return err
		}
		for _, ev := range fresh {
			states.see(ev)
			if err := showEvent(e, b, ev); err != nil {
				return err
			}
		}
		b.show(states.lines(x))
		if x.Status != types.ExecutionStatusRunning {
			return executionEnd(e, x)
		}
		select {
		case <-time.After(pollEvery):
		case <-e.ctx.Done():
			return e.ctx.Err()
		}
	}
}

func showEvent(e *env, b *board, ev types.HistoryEvent) error {
	if e.json {
		return e.print(map[string]any{"type": "event", "id": ev.Id, "time": ev.Timestamp, "event": ev.Type, "text": eventText(ev)})
	}
	if text := eventText(ev); text != "" {
		b.line(aws.ToTime(ev.Timestamp).UTC().Format("15:04:05") + "  " + text)
	}
	return nil
}

func executionEnd(e *env, x *sfn.DescribeExecutionOutput) error {
	if e.json {
		if err := e.print(map[string]any{"type": "result", "execution": x.ExecutionArn, "status": x.Status, "output": raw(x.Output), "error": x.Error, "cause": x.Cause}); err != nil {
			return err
		}
	}
	if x.Status != types.ExecutionStatusSucceeded {
		return failf("%s %s%s%s", shortExecution(aws.ToString(x.ExecutionArn)), x.Status, after(": ", aws.ToString(x.Error)), after(": ", aws.ToString(x.Cause)))
	}
	e.line("%s SUCCEEDED after %s: %s", shortExecution(aws.ToString(x.ExecutionArn)), aws.ToTime(x.StopDate).Sub(aws.ToTime(x.StartDate)).Round(time.Millisecond), aws.ToString(x.Output))
	return nil
}

// eventText says what an event means to somebody who watches; "" for what only repeats its neighbours.
func eventText(ev types.HistoryEvent) string {
	switch {
	case ev.StateEnteredEventDetails != nil:
		return "▶ " + aws.ToString(ev.StateEnteredEventDetails.Name) + "  " + clip(aws.ToString(ev.StateEnteredEventDetails.Input))
	case ev.StateExitedEventDetails != nil:
		return "● " + aws.ToString(ev.StateExitedEventDetails.Name) + "  " + clip(aws.ToString(ev.StateExitedEventDetails.Output))
	}
	switch ev.Type {
	case types.HistoryEventTypeExecutionStarted, types.HistoryEventTypeExecutionSucceeded, types.HistoryEventTypeExecutionAborted,
		types.HistoryEventTypeExecutionTimedOut, types.HistoryEventTypeExecutionRedriven:
		return "  " + words(string(ev.Type))
	}
	text, cause := failureOf(ev)
	if text == "" && cause == "" && !strings.Contains(string(ev.Type), "Failed") && !strings.Contains(string(ev.Type), "TimedOut") {
		return ""
	}
	return "✗ " + words(string(ev.Type)) + after("  ", text) + after(": ", clip(cause))
}

// failureOf finds the error and the cause in whichever of an event's details there is.
func failureOf(ev types.HistoryEvent) (name, cause string) {
	text, err := json.Marshal(ev)
	if err != nil {
		return "", ""
	}
	var details map[string]json.RawMessage
	if json.Unmarshal(text, &details) != nil {
		return "", ""
	}
	for key, d := range details {
		var f struct{ Error, Cause *string }
		if strings.HasSuffix(key, "EventDetails") && json.Unmarshal(d, &f) == nil && (f.Error != nil || f.Cause != nil) {
			return aws.ToString(f.Error), aws.ToString(f.Cause)
		}
	}
	return "", ""
}

// words is an event's type as words: LambdaFunctionFailed is lambda function failed.
func words(name string) string {
	var s strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			s.WriteByte(' ')
		}
		s.WriteRune(r)
	}
	return strings.ToLower(s.String())
}

func clip(text string) string { return cut(strings.ReplaceAll(text, "\n", " "), 100) }

// stateBoard is how each state of a definition stands.
type stateBoard struct {
	order []stateMark
	index map[string]int
}

type stateMark struct {
	name, kind      string
	depth           int
	entered, exited int
}

func newStateBoard(definition string) (*stateBoard, error) {
	m, err := asl.Parse([]byte(definition))
	if err != nil {
		return nil, fmt.Errorf("the execution's definition: %w", err)
	}
	s := &stateBoard{index: map[string]int{}}
	m.Walk(func(path string, state *asl.State) {
		s.index[state.Name] = len(s.order)
		s.order = append(s.order, stateMark{name: state.Name, kind: state.Type, depth: strings.Count(path, "/States/") - 1})
	})
	return s, nil
}

func (s *stateBoard) see(ev types.HistoryEvent) {
	if d := ev.StateEnteredEventDetails; d != nil {
		if i, ok := s.index[aws.ToString(d.Name)]; ok {
			s.order[i].entered++
		}
	}
	if d := ev.StateExitedEventDetails; d != nil {
		if i, ok := s.index[aws.ToString(d.Name)]; ok {
			s.order[i].exited++
		}
	}
}

func (s *stateBoard) lines(x *sfn.DescribeExecutionOutput) (lines []string) {
	for _, m := range s.order {
		sign := "○"
		switch {
		case m.entered > m.exited && x.Status == types.ExecutionStatusRunning:
			sign = "◐"
		case m.entered > m.exited:
			sign = "✗"
		case m.exited > 0:
			sign = "●"
		}
		times := ""
		if m.entered > 1 {
			times = fmt.Sprintf("  %d of %d", m.exited, m.entered)
		}
		lines = append(lines, fmt.Sprintf("%s%s %s  %s%s", strings.Repeat("  ", max(m.depth, 0)), sign, m.name, strings.ToLower(m.kind), times))
	}
	return append(lines, cmp.Or(string(x.Status), "RUNNING"))
}
