package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"
)

// executions is how many run at once.
const executions = 1000

// everything is a definition with one of each thing that can be under way when the server dies: waits in a Map, a
// function that is retried, a task that somebody else ends by its token, and joins.
const everything = `{"StartAt": "Fan", "States": {
	"Fan": {"Type": "Parallel", "Next": "Rest", "Branches": [
		{"StartAt": "Each", "States": {"Each": {"Type": "Map", "ItemsPath": "$.items", "End": true, "ItemProcessor": {"StartAt": "Nap", "States": {
			"Nap": {"Type": "Wait", "Seconds": 120, "Next": "Note"},
			"Note": {"Type": "Pass", "End": true}}}}}},
		{"StartAt": "Work", "States": {"Work": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:witness", "End": true,
			"Parameters": {"tally.$": "$$.Execution.Name", "try.$": "$$.State.RetryCount"},
			"Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "MaxAttempts": 50, "BackoffRate": 1}]}}},
		{"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:putObject.waitForTaskToken", "End": true,
			"Parameters": {"Bucket": "tokens", "Key.$": "$$.Execution.Name", "Body.$": "$$.Task.Token"}}}}]},
	"Rest": {"Type": "Wait", "Seconds": 600, "Next": "Done"},
	"Done": {"Type": "Succeed"}}}`

// TestExecutionsSurviveKills starts many executions and kills the server while they run: each ends well, its history has
// neither gaps nor duplicates, and no task that had succeeded ran again.
func TestExecutionsSurviveKills(t *testing.T) {
	onEachStore(t, func(t *testing.T, store func(t *testing.T) string, luck *rand.Rand) {
		p := newPlatform(t, store(t), 60, luck)
		p.function("witness", "witness", nil)
		for _, bucket := range []string{"tokens", "witness"} {
			_, err := p.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket})
			must(t, 0, err)
		}
		made, err := p.sfn.CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{Name: aws.String("everything"), RoleArn: aws.String(roleARN), Definition: aws.String(everything)})
		machine := aws.ToString(must(t, made, err).StateMachineArn)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var started, ended, answered atomic.Int64
		var work sync.WaitGroup
		names := make(chan string, executions)
		for i := range executions {
			names <- fmt.Sprint("x", i)
		}
		close(names)
		for range 4 {
			work.Go(func() {
				for name := range names {
					p.startExecution(ctx, machine, name)
					started.Add(1)
				}
			})
		}
		work.Go(func() { p.answerTokens(ctx, &answered) })
		const most = 10
		kills := 0
		for deadline := time.Now().Add(5 * time.Minute); ended.Load() < executions; kills++ {
			if time.Now().After(deadline) {
				t.Fatalf("not in five minutes: %d started, %d answered, %d ended", started.Load(), answered.Load(), ended.Load())
			}
			time.Sleep(500*time.Millisecond + upTo(luck, 1500*time.Millisecond))
			if kills < most {
				p.restart(luck)
			}
			n, err := p.countSucceeded(machine)
			must(t, 0, err)
			ended.Store(int64(n))
		}
		cancel()
		work.Wait()
		t.Logf("%d executions ended under %d kills or more", executions, min(kills, most))
		for i := range executions {
			p.checkHistory(strings.Replace(machine, ":stateMachine:", ":execution:", 1) + fmt.Sprint(":x", i))
		}
	})
}

// startExecution starts it, however often the server goes away meanwhile: the name makes it one.
func (p *platform) startExecution(ctx context.Context, machine, name string) {
	for ctx.Err() == nil {
		_, err := p.sfn.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &machine, Name: &name, Input: aws.String(`{"items": [1, 2, 3]}`)})
		var exists *types.ExecutionAlreadyExists
		if err == nil || errors.As(err, &exists) { // it was started before the kill, and has ended since
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// answerTokens ends the tasks whose tokens it finds, each until that is answered.
func (p *platform) answerTokens(ctx context.Context, answered *atomic.Int64) {
	done := map[string]bool{}
	for ctx.Err() == nil && len(done) < executions {
		pages := s3.NewListObjectsV2Paginator(p.s3, &s3.ListObjectsV2Input{Bucket: aws.String("tokens")})
		for pages.HasMorePages() {
			out, err := pages.NextPage(ctx)
			if err != nil {
				break // the server is away
			}
			for _, o := range out.Contents {
				if done[*o.Key] {
					continue
				}
				token, err := p.text(ctx, "tokens", *o.Key)
				if err != nil {
					break
				}
				_, err = p.sfn.SendTaskSuccess(ctx, &sfn.SendTaskSuccessInput{TaskToken: &token, Output: aws.String(`"yes"`)})
				var ended *types.TaskTimedOut // it was answered before the kill
				var gone *types.TaskDoesNotExist
				if err == nil || errors.As(err, &ended) || errors.As(err, &gone) {
					done[*o.Key] = true
					answered.Store(int64(len(done)))
				} else if refused := smithy.APIError(nil); errors.As(err, &refused) && refused.ErrorFault() == smithy.FaultClient {
					p.t.Errorf("token of %s: %v", *o.Key, err)
					return
				}
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// text reads an object that a putObject task wrote a text to: as JSON.
func (p *platform) text(ctx context.Context, bucket, key string) (text string, err error) {
	out, err := p.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return "", err
	}
	defer out.Body.Close()
	err = json.NewDecoder(out.Body).Decode(&text)
	return text, err
}

// again repeats a read whose connection the client itself has closed, as the SDK does at times on a busy machine: the
// answer is there before its writer has seen the end of the request.
func again(o *sfn.Options) { o.Retryer = retry.NewStandard() }

func (p *platform) countSucceeded(machine string) (n int, err error) {
	pages := sfn.NewListExecutionsPaginator(p.sfn, &sfn.ListExecutionsInput{StateMachineArn: &machine, MaxResults: 1000})
	for pages.HasMorePages() {
		out, err := pages.NextPage(p.t.Context(), again)
		if err != nil {
			return 0, err
		}
		for _, x := range out.Executions {
			switch x.Status {
			case types.ExecutionStatusSucceeded:
				n++
			case types.ExecutionStatusRunning:
			default:
				return 0, fmt.Errorf("execution %s is %s", *x.Name, x.Status)
			}
		}
	}
	return n, nil
}

// once is how often each event stands in a history of the definition, but for those of the tries of Work and TaskSubmitted.
var once = map[types.HistoryEventType]int{
	types.HistoryEventTypeExecutionStarted: 1, types.HistoryEventTypeParallelStateEntered: 1, types.HistoryEventTypeParallelStateStarted: 1,
	types.HistoryEventTypeMapStateEntered: 1, types.HistoryEventTypeMapStateStarted: 1, types.HistoryEventTypeMapIterationStarted: 3,
	types.HistoryEventTypeWaitStateEntered: 4, types.HistoryEventTypeWaitStateExited: 4, types.HistoryEventTypePassStateEntered: 3, types.HistoryEventTypePassStateExited: 3,
	types.HistoryEventTypeMapIterationSucceeded: 3, types.HistoryEventTypeMapStateSucceeded: 1, types.HistoryEventTypeMapStateExited: 1,
	types.HistoryEventTypeTaskStateEntered: 2, types.HistoryEventTypeTaskStateExited: 2, types.HistoryEventTypeLambdaFunctionSucceeded: 1,
	types.HistoryEventTypeTaskScheduled: 1, types.HistoryEventTypeTaskStarted: 1, types.HistoryEventTypeTaskSucceeded: 1,
	types.HistoryEventTypeParallelStateSucceeded: 1, types.HistoryEventTypeParallelStateExited: 1,
	types.HistoryEventTypeSucceedStateEntered: 1, types.HistoryEventTypeSucceedStateExited: 1, types.HistoryEventTypeExecutionSucceeded: 1,
}

func (p *platform) checkHistory(execution string) {
	p.t.Helper()
	count := map[types.HistoryEventType]int{}
	var last int64
	var succeeded time.Time
	pages := sfn.NewGetExecutionHistoryPaginator(p.sfn, &sfn.GetExecutionHistoryInput{ExecutionArn: &execution, MaxResults: 100})
	for pages.HasMorePages() {
		out, err := pages.NextPage(p.t.Context(), again)
		must(p.t, 0, err)
		for _, ev := range out.Events {
			if ev.Id != last+1 || ev.PreviousEventId >= ev.Id {
				p.t.Errorf("%s: event %d (after %d) follows event %d", execution, ev.Id, ev.PreviousEventId, last)
			}
			last = ev.Id
			count[ev.Type]++
			if ev.Type == types.HistoryEventTypeLambdaFunctionSucceeded {
				succeeded = *ev.Timestamp
			}
		}
	}
	tries, failures := count[types.HistoryEventTypeLambdaFunctionScheduled], count[types.HistoryEventTypeLambdaFunctionFailed]
	if tries < 2 || tries != failures+1 || count[types.HistoryEventTypeLambdaFunctionStarted] != tries {
		p.t.Errorf("%s: the function was tried %d times and failed %d times", execution, tries, failures)
	}
	if submitted := count[types.HistoryEventTypeTaskSubmitted]; submitted > 1 { // none if the token was answered before the call had returned
		p.t.Errorf("%s: %d events TaskSubmitted", execution, submitted)
	}
	for _, kind := range []types.HistoryEventType{types.HistoryEventTypeTaskSubmitted, types.HistoryEventTypeLambdaFunctionScheduled, types.HistoryEventTypeLambdaFunctionStarted, types.HistoryEventTypeLambdaFunctionFailed} {
		delete(count, kind)
	}
	for kind, n := range count {
		if n != once[kind] {
			p.t.Errorf("%s: %d events %s, expected %d", execution, n, kind, once[kind])
		}
	}
	if len(count) != len(once) {
		p.t.Errorf("%s: %d kinds of event, expected %d", execution, len(count), len(once))
	}
	runs, err := p.s3.ListObjectsV2(p.t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("witness"), Prefix: aws.String(execution[strings.LastIndex(execution, ":")+1:] + "/")})
	must(p.t, 0, err)
	if len(runs.Contents) == 0 {
		p.t.Errorf("%s: the function never ran to its end", execution)
	}
	for _, o := range runs.Contents {
		if o.LastModified.After(succeeded.Add(time.Second)) { // times of objects are whole seconds
			p.t.Errorf("%s: the function ran at %v, after it had succeeded at %v", execution, o.LastModified, succeeded)
		}
	}
}
