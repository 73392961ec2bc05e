package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
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
	client, arn, err := e.execution(c.ID)
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
	events, tell := newHistory(client, arn), newNarrator()
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
			states.see(ev, tell.of(ev))
		}
		b.show(states.lines(x, newCanvas(e, b)))
		if err := showEvents(e, b, fresh, tell); err != nil {
			return err
		}
		if x.Status != types.ExecutionStatusRunning && x.Status != types.ExecutionStatusPendingRedrive {
			return executionEnd(e, x)
		}
		select {
		case <-time.After(pollEvery):
		case <-e.ctx.Done():
			return e.ctx.Err()
		}
	}
}

func showEvents(e *env, b *board, events []types.HistoryEvent, tell *narrator) error {
	var lines []string
	c := newCanvas(e, b)
	for _, ev := range events {
		text := tell.text(ev)
		if e.json {
			if err := e.print(map[string]any{"type": "event", "id": ev.Id, "time": ev.Timestamp, "event": ev.Type, "state": tell.of(ev), "text": strings.TrimSpace(text)}); err != nil {
				return err
			}
		} else if text != "" {
			lines = append(lines, c.fit(aws.ToTime(ev.Timestamp).UTC().Format("15:04:05")+"  "+text))
		}
	}
	if len(lines) > 0 {
		b.line(strings.Join(lines, "\n")) // the board is drawn once
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

// narrator says what a history's events mean. It sees all of them in order, since an event tells of what it belongs to only
// by the event before it.
type narrator struct {
	state map[int64]string // of each event, the state that it happened in
	tries map[string]int   // how often each state's task was begun since the state was entered
}

func newNarrator() *narrator { return &narrator{map[int64]string{}, map[string]int{}} }

// of is the state that an event happened in, "" outside of all.
func (n *narrator) of(ev types.HistoryEvent) string {
	if name, known := n.state[ev.Id]; known {
		return name
	}
	name := n.state[ev.PreviousEventId]
	if d := ev.StateEnteredEventDetails; d != nil {
		name = aws.ToString(d.Name)
	} else if d := ev.StateExitedEventDetails; d != nil {
		name = aws.ToString(d.Name)
	}
	n.state[ev.Id] = name
	return name
}

// text is what an event means to somebody who watches; "" for what only repeats its neighbours.
func (n *narrator) text(ev types.HistoryEvent) string {
	state := n.of(ev)
	switch {
	case ev.StateEnteredEventDetails != nil:
		n.tries[state] = 0
		return "▶ " + state + "  " + clip(aws.ToString(ev.StateEnteredEventDetails.Input))
	case ev.StateExitedEventDetails != nil:
		return "● " + state + "  " + clip(aws.ToString(ev.StateExitedEventDetails.Output))
	}
	switch ev.Type {
	case types.HistoryEventTypeExecutionStarted, types.HistoryEventTypeExecutionSucceeded, types.HistoryEventTypeExecutionAborted,
		types.HistoryEventTypeExecutionTimedOut, types.HistoryEventTypeExecutionRedriven:
		return "  " + words(string(ev.Type))
	case types.HistoryEventTypeTaskScheduled, types.HistoryEventTypeLambdaFunctionScheduled, types.HistoryEventTypeActivityScheduled:
		if n.tries[state]++; n.tries[state] > 1 {
			return fmt.Sprintf("↻ %s  try %d", state, n.tries[state])
		}
		return ""
	}
	if !isFailure(ev.Type) {
		return ""
	}
	text, cause := failureOf(ev)
	if ev.Type == types.HistoryEventTypeExecutionFailed {
		state = ""
	}
	if state != "" {
		state += "  "
	}
	return "✗ " + state + words(string(ev.Type)) + after("  ", text) + after(": ", clip(cause))
}

func isFailure(kind types.HistoryEventType) bool {
	for _, end := range []string{"Failed", "TimedOut", "Aborted"} {
		if strings.HasSuffix(string(kind), end) {
			return true
		}
	}
	return false
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
