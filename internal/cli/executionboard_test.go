package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

const retried = `{"StartAt": "Both", "States": {
	"Both": {"Type": "Parallel", "Next": "Done", "Branches": [
		{"StartAt": "Nap", "States": {"Nap": {"Type": "Wait", "Seconds": 60, "End": true}}},
		{"StartAt": "Charge", "States": {"Charge": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "charge"}, "End": true}}}]},
	"Done": {"Type": "Succeed"}}}`

// retriedHistory interleaves the branches: only the event before each tells which state it belongs to.
func retriedHistory() []types.HistoryEvent {
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	entered := func(name string) *types.StateEnteredEventDetails {
		return &types.StateEnteredEventDetails{Name: &name, Input: aws.String("{}")}
	}
	all := []types.HistoryEvent{
		{Type: types.HistoryEventTypeExecutionStarted},
		{Type: types.HistoryEventTypeParallelStateEntered, PreviousEventId: 1, StateEnteredEventDetails: entered("Both")},
		{Type: types.HistoryEventTypeParallelStateStarted, PreviousEventId: 2},
		{Type: types.HistoryEventTypeTaskStateEntered, PreviousEventId: 3, StateEnteredEventDetails: entered("Charge")},
		{Type: types.HistoryEventTypeTaskScheduled, PreviousEventId: 4},
		{Type: types.HistoryEventTypeWaitStateEntered, PreviousEventId: 3, StateEnteredEventDetails: entered("Nap")},
		{Type: types.HistoryEventTypeTaskFailed, PreviousEventId: 5, TaskFailedEventDetails: &types.TaskFailedEventDetails{Error: aws.String("Card.Declined"), Cause: aws.String("no money")}},
		{Type: types.HistoryEventTypeTaskScheduled, PreviousEventId: 7},
		{Type: types.HistoryEventTypeTaskSucceeded, PreviousEventId: 8},
		{Type: types.HistoryEventTypeTaskStateExited, PreviousEventId: 9, StateExitedEventDetails: &types.StateExitedEventDetails{Name: aws.String("Charge"), Output: aws.String("7")}},
	}
	for i := range all {
		all[i].Id, all[i].Timestamp = int64(i+1), aws.Time(at.Add(time.Duration(i)*time.Second))
	}
	return all
}

func TestNarratorTellsWhichStateAnEventBelongsTo(t *testing.T) {
	var got []string
	n := newNarrator()
	for _, ev := range retriedHistory() {
		if text := n.text(ev); text != "" {
			got = append(got, strings.TrimSpace(text))
		}
	}
	want := []string{"execution started", "▶ Both  {}", "▶ Charge  {}", "▶ Nap  {}", "✗ Charge  task failed  Card.Declined: no money", "↻ Charge  try 2", "● Charge  7"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestStateBoard(t *testing.T) {
	s, err := newStateBoard(retried)
	if err != nil {
		t.Fatal(err)
	}
	n := newNarrator()
	for _, ev := range retriedHistory() {
		s.see(ev, n.of(ev))
	}
	x := &sfn.DescribeExecutionOutput{ExecutionArn: aws.String("arn:aws:states:us-east-1:000000000000:execution:pay:one"), Status: types.ExecutionStatusRunning,
		StartDate: aws.Time(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC))}
	for _, c := range []struct {
		name string
		canvas
		want []string
	}{
		{"all that there are", canvas{height: 40}, []string{
			"◐ Both      parallel  since 03:04:06", "  ◐ Nap     wait      since 03:04:10", "  ● Charge  task      6s, failed once: Card.Declined", "○ Done      succeed",
			"pay/one  RUNNING since 2030-01-02 03:04:05"}},
		{"only those under way on a low terminal", canvas{height: 5}, []string{
			"◐ Both   parallel  since 03:04:06", "  ◐ Nap  wait      since 03:04:10", "  and 2 more states", "pay/one  RUNNING since 2030-01-02 03:04:05"}},
		{"cut and painted", canvas{live: true, colour: true, width: 40, height: 5}, []string{
			"\x1b[33m◐\x1b[0m Both   parallel  since 03:0…", "  \x1b[33m◐\x1b[0m Nap  wait      since 03:0…", "  and 2 more states", "pay/one  RUNNING since 2030-0…"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := s.lines(x, c.canvas); strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got\n%q\nwant\n%q", got, c.want)
			}
		})
	}
}
