package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	awssfn "github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/service/sfn"
)

// passes is a definition of ten Pass states in a row.
var passes = func() string {
	var s strings.Builder
	for i := range 9 {
		fmt.Fprintf(&s, `"P%d": {"Type": "Pass", "Next": "P%d"}, `, i, i+1)
	}
	return `{"StartAt": "P0", "States": {` + s.String() + `"P9": {"Type": "Pass", "End": true}}}`
}()

const (
	benchRole         = "arn:aws:iam::000000000000:role/bench"
	executionStarters = 64
	executionRound    = time.Second
	executionRounds   = 3
)

// BenchmarkTransitions runs executions of ten Pass states, many at once, and counts the transitions that are durable in a second.
// The limit beside it are inserts of two rows of a history's size each, by as many goroutines over the same driver, which
// share commits as executions do.
func BenchmarkTransitions(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { transitions(b, filepath.Join(b.TempDir(), "bench.db")) })
	b.Run("postgres", func(b *testing.B) { transitions(b, dbtest.Postgres(b)) })
}

func transitions(b *testing.B, url string) {
	d := dbtest.Open(b, url)
	service := executions(b, d)
	machine, err := service.CreateStateMachine(b.Context(), &awssfn.CreateStateMachineInput{Name: aws.String("passes"), Definition: &passes, RoleArn: aws.String(benchRole)})
	if err != nil {
		b.Fatal(err)
	}
	table(b, d)
	for b.Loop() {
		var transitions, inserts []float64
		for range executionRounds {
			inserts = append(inserts, insertRate(b, d))
			transitions = append(transitions, transitionRate(b, service, machine.StateMachineArn))
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(median(transitions), "transitions/s")
		b.ReportMetric(median(transitions)/median(inserts), "ratio")
		b.Logf("%.0f durable transitions a second; %.0f inserts of two rows: ratio %.2f (goal 0.4); load average %s",
			median(transitions), median(inserts), median(transitions)/median(inserts), loadAverage())
	}
}

// executions is the Step Functions service alone.
func executions(b *testing.B, d *db.DB) *sfn.Service {
	engine := durable.New(d, clock.New(clock.Anchor{}), "bench")
	service := sfn.New(sfn.Deps{DB: d, Engine: engine, Clock: clock.New(clock.Anchor{}), Services: map[string]any{}})
	if err := engine.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	service.Start(b.Context())
	b.Cleanup(func() { engine.Stop(); service.Close() })
	return service
}

func table(b *testing.B, d *db.DB) {
	if err := d.Update(b.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`CREATE TABLE bench_row (execution TEXT NOT NULL, id BIGINT NOT NULL, event TEXT NOT NULL, PRIMARY KEY (execution, id))`)
		return err
	}); err != nil {
		b.Fatal(err)
	}
}

var benchRows atomic.Int64

// insertRate is how many times a second two rows are durable.
func insertRate(b *testing.B, d *db.DB) float64 {
	event := strings.Repeat("x", 180)
	return rate(b, func(ctx context.Context) error {
		n := benchRows.Add(2)
		return d.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO bench_row (execution, id, event) VALUES ($1, $2, $4), ($1, $3, $4)`, "arn:aws:states:us-east-1:000000000000:execution:passes:x", n, n+1, event)
			return err
		})
	})
}

// transitionRate starts executions for a while and waits for the last.
func transitionRate(b *testing.B, service *sfn.Service, machine *string) float64 {
	began := time.Now()
	var n atomic.Int64
	rate(b, func(ctx context.Context) error {
		_, err := service.StartExecution(ctx, &awssfn.StartExecutionInput{StateMachineArn: machine})
		n.Add(1)
		return err
	})
	for {
		out, err := service.ListExecutions(b.Context(), &awssfn.ListExecutionsInput{StateMachineArn: machine, StatusFilter: types.ExecutionStatusRunning, MaxResults: 1})
		if err != nil {
			b.Fatal(err)
		}
		if len(out.Executions) == 0 {
			return float64(10*n.Load()) / time.Since(began).Seconds()
		}
		time.Sleep(time.Millisecond)
	}
}

// rate is how often a second many goroutines together do something.
func rate(b *testing.B, do func(ctx context.Context) error) float64 {
	began := time.Now()
	var n atomic.Int64
	var wg sync.WaitGroup
	for range executionStarters {
		wg.Go(func() {
			for time.Since(began) < executionRound {
				if err := do(b.Context()); err != nil {
					b.Error(err)
					return
				}
				n.Add(1)
			}
		})
	}
	wg.Wait()
	return float64(n.Load()) / time.Since(began).Seconds()
}

// BenchmarkExecution measures one execution alone, of the real server, from StartExecution to its end as DescribeExecution tells
// it. The limit beside it is a durable commit of one row.
func BenchmarkExecution(b *testing.B) {
	thousand := `{"StartAt": "Each", "States": {"Each": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}}}}`
	items := "[" + strings.TrimSuffix(strings.Repeat("1,", 1000), ",") + "]"
	for _, c := range []struct {
		name, definition, input string
		goal                    float64
	}{{"pass10", passes, "{}", 10}, {"map1000", thousand, items, 250}} {
		b.Run(c.name, func(b *testing.B) {
			p := serve(b)
			client := awssfn.NewFromConfig(sdk(p))
			machine := newMachine(b, client, c.name, c.definition)
			d := dbtest.Open(b, filepath.Join(b.TempDir(), "bench.db"))
			table(b, d)
			for b.Loop() {
				var took, commits []float64
				for range 20 {
					took = append(took, millis(execute(b, client, machine, c.input)))
					commits = append(commits, commit(b, d))
				}
				slices.Sort(took)
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(quantile(took, 0.5), "ms")
				b.ReportMetric(quantile(took, 0.5)/median(commits), "ratio")
				b.Logf("%.1f ms, the slowest of %d %.1f ms (goal %.0f ms); a commit %.2f ms; load average %s",
					quantile(took, 0.5), len(took), took[len(took)-1], c.goal, median(commits), loadAverage())
			}
		})
	}
}

func newMachine(b *testing.B, client *awssfn.Client, name, definition string) *string {
	out, err := client.CreateStateMachine(b.Context(), &awssfn.CreateStateMachineInput{Name: &name, Definition: &definition, RoleArn: aws.String(benchRole)})
	if err != nil {
		b.Fatal(err)
	}
	return out.StateMachineArn
}

func execute(b *testing.B, client *awssfn.Client, machine *string, input string) time.Duration {
	began := time.Now()
	started, err := client.StartExecution(b.Context(), &awssfn.StartExecutionInput{StateMachineArn: machine, Input: &input})
	if err != nil {
		b.Fatal(err)
	}
	for {
		x, err := client.DescribeExecution(b.Context(), &awssfn.DescribeExecutionInput{ExecutionArn: started.ExecutionArn})
		if err != nil {
			b.Fatal(err)
		}
		switch x.Status {
		case types.ExecutionStatusRunning:
			time.Sleep(500 * time.Microsecond)
		case types.ExecutionStatusSucceeded:
			return time.Since(began)
		default:
			b.Fatalf("%s: %s %s", x.Status, aws.ToString(x.Error), aws.ToString(x.Cause))
		}
	}
}

func commit(b *testing.B, d *db.DB) float64 {
	began := time.Now()
	if err := d.Update(b.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO bench_row (execution, id, event) VALUES ('x', $1, '')`, benchRows.Add(1))
		return err
	}); err != nil {
		b.Fatal(err)
	}
	return millis(time.Since(began))
}

// BenchmarkLambdaTasks counts the Lambda tasks that an execution gets done in a second, against warm invocations of the same
// function by eight clients, of the same server: in a Map as it is by default, which has up to 40 iterations under way, and in
// one that is held to eight. A task is two durable commits, which many at once share.
func BenchmarkLambdaTasks(b *testing.B) {
	b.Run("map", func(b *testing.B) { lambdaTasks(b, 0) })
	b.Run("map-of-8", func(b *testing.B) { lambdaTasks(b, 8) })
}

func lambdaTasks(b *testing.B, atOnce int) {
	const clients, tasks = 8, 400
	p := serve(b)
	deploy(b, p, build(b, "bootstrap", "./testdata/function"), nil)
	states, functions := awssfn.NewFromConfig(sdk(p)), lambda.NewFromConfig(sdk(p))
	machine := newMachine(b, states, "tasks", fmt.Sprintf(`{"StartAt": "Each", "States": {"Each": {"Type": "Map", "End": true, "MaxConcurrency": %d, "ItemProcessor":
		{"StartAt": "Call", "States": {"Call": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:bench:live", "End": true}}}}}}`, atOnce))
	input := "[" + strings.TrimSuffix(strings.Repeat(`{"n":1},`, tasks), ",") + "]"
	for range 3 { // environments for as many at once
		execute(b, states, machine, input)
	}
	for b.Loop() {
		var done, invoked []float64
		for range executionRounds {
			began := time.Now()
			var wg sync.WaitGroup
			for range clients {
				wg.Go(func() {
					for range tasks / clients {
						if _, err := functions.Invoke(b.Context(), &lambda.InvokeInput{FunctionName: aws.String("bench:live"), Payload: []byte(`{"n":1}`)}); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			invoked = append(invoked, tasks/time.Since(began).Seconds())
			done = append(done, tasks/execute(b, states, machine, input).Seconds())
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(median(done), "tasks/s")
		b.ReportMetric(median(done)/median(invoked), "ratio")
		b.Logf("%.0f tasks a second, %.0f invocations by %d clients: ratio %.2f (goal 0.8); load average %s",
			median(done), median(invoked), clients, median(done)/median(invoked), loadAverage())
	}
}

// BenchmarkSleepingExecutions starts executions that wait for thirty days and measures what stays in memory of each once the
// collector has run. The rooms are in the benchmark's own process: of a server only the resident memory could be seen, which
// tells more of the collector's pace than of what is kept.
func BenchmarkSleepingExecutions(b *testing.B) {
	const many = 10_000
	service := executions(b, dbtest.Open(b, filepath.Join(b.TempDir(), "bench.db")))
	definition := `{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 2592000, "End": true}}}`
	machine, err := service.CreateStateMachine(b.Context(), &awssfn.CreateStateMachineInput{Name: aws.String("sleep"), Definition: &definition, RoleArn: aws.String(benchRole)})
	if err != nil {
		b.Fatal(err)
	}
	start := func(n int) {
		var wg sync.WaitGroup
		for range executionStarters {
			wg.Go(func() {
				for range n / executionStarters {
					if _, err := service.StartExecution(b.Context(), &awssfn.StartExecutionInput{StateMachineArn: machine.StateMachineArn}); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
	}
	for b.Loop() {
		start(many) // what it takes to start any
		before := live()
		start(many)
		after := live()
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(after-before)/many, "bytes/execution")
		b.Logf("%d executions asleep: %d bytes each (%d kB before, %d kB after; goal: none)", many, (after-before)/many, before>>10, after>>10)
	}
}

// live is how many bytes of the heap are in use when all that is free has been collected.
func live() int64 {
	for range 3 { // finalizers and pools take two rounds
		time.Sleep(time.Second)
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
