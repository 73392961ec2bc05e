package execution_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
	"github.com/headgate/headgate/internal/id"
)

// chain is a definition of n Pass states, or of n tasks.
func chain(n int, state string) string {
	var b strings.Builder
	b.WriteString(`{"StartAt": "S0", "States": {`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		next := fmt.Sprintf(`"Next": "S%d"`, i+1)
		if i == n-1 {
			next = `"End": true`
		}
		fmt.Fprintf(&b, `"S%d": {%s, %s}`, i, state, next)
	}
	b.WriteString(`}}`)
	return b.String()
}

// stores runs a benchmark on SQLite, on disk as it is used, and on PostgreSQL.
func stores(b *testing.B, f func(b *testing.B, d *db.DB)) {
	b.Run("sqlite", func(b *testing.B) { f(b, dbtest.Open(b, dbtest.SQLite(b))) })
	if os.Getenv("HEADGATE_TEST_POSTGRES") != "" {
		b.Run("postgres", func(b *testing.B) { f(b, dbtest.Open(b, dbtest.Postgres(b))) })
	}
}

// side runs n calls of f by so many clients.
func side(clients, n int, f func(i int)) time.Duration {
	began := time.Now()
	var wg sync.WaitGroup
	next := make(chan int, n)
	for i := range n {
		next <- i
	}
	close(next)
	for range clients {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range next {
				f(i)
			}
		}()
	}
	wg.Wait()
	return time.Since(began)
}

// BenchmarkTransitions compares transitions with grouped inserts of two rows each.
func BenchmarkTransitions(b *testing.B) {
	stores(b, func(b *testing.B, d *db.DB) {
		w := newWorld(b, d, realTime(), "a")
		defer w.close()
		machine := w.machine(chain(10, `"Type": "Pass"`))
		input := `{"hello": "world"}`
		for b.Loop() {
			const clients, n = 64, 2000
			took := side(clients, n, func(int) {
				if _, err := w.StartExecution(ctx(), &sfn.StartExecutionInput{StateMachineArn: &machine, Input: &input}); err != nil {
					b.Error(err)
				}
			})
			event := strings.Repeat("x", 200)
			inserts := side(clients, n*4, func(int) {
				if err := d.Update(b.Context(), func(tx *db.Tx) error {
					_, err := tx.Exec(`INSERT INTO sfn_history (execution, first, last, events) VALUES ($1, $2, $3, $4), ($5, $6, $7, $8)`,
						id.Ordered(), 1, 1, event, id.Ordered(), 1, 1, event)
					return err
				}); err != nil {
					b.Error(err)
				}
			})
			transitions, two := float64(n*10)/took.Seconds(), float64(n*4)/inserts.Seconds()
			b.ReportMetric(transitions, "transitions/s")
			b.ReportMetric(float64(n)/took.Seconds(), "executions/s")
			b.ReportMetric(transitions/two, "ratio")
		}
	})
}

// BenchmarkAlone is one execution of ten Pass states, from the request to the answer that it has ended.
func BenchmarkAlone(b *testing.B) {
	stores(b, func(b *testing.B, d *db.DB) {
		w := newWorld(b, d, realTime(), "a")
		defer w.close()
		machine := w.machine(chain(10, `"Type": "Pass"`))
		for b.Loop() {
			w.ended(w.start(machine, `{}`))
		}
	})
}

func items(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("1,", n), ",") + "]" }

// BenchmarkMap is an inline Map of 1,000 items: of Pass states, and of tasks.
func BenchmarkMap(b *testing.B) {
	for name, state := range map[string]string{"pass": `"Type": "Pass"`, "tasks": `"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f"`} {
		b.Run(name, func(b *testing.B) {
			stores(b, func(b *testing.B, d *db.DB) {
				w := newWorld(b, d, realTime(), "a")
				defer w.close()
				machine := w.machine(`{"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "ItemProcessor": ` + chain(1, state) + `}}}`)
				in := items(1000)
				for b.Loop() {
					w.ended(w.start(machine, in))
				}
			})
		})
	}
}

// BenchmarkTasks is executions of ten tasks each, whose calls take no time.
func BenchmarkTasks(b *testing.B) {
	stores(b, func(b *testing.B, d *db.DB) {
		w := newWorld(b, d, realTime(), "a")
		defer w.close()
		machine := w.machine(chain(10, `"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f"`))
		for b.Loop() {
			const n = 500
			began := time.Now()
			arns := make([]string, n)
			side(32, n, func(i int) { arns[i] = w.start(machine, `{}`) })
			for _, a := range arns {
				w.ended(a)
			}
			b.ReportMetric(n*10/time.Since(began).Seconds(), "tasks/s")
		}
	})
}
