package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// traffic sends steady requests to a function and counts what comes back, by the version that served it.
type traffic struct {
	client *lambda.Client
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu   sync.Mutex
	n    tally
	last string // version of the request before
	err  error
}

// tally counts requests.
type tally struct {
	served map[string]int // answered well, by the application's version
	failed int            // the function failed
	lost   int            // no answer at all
	both   bool           // two versions were seen to answer by turns
}

func (n tally) String() string {
	var parts []string
	for _, v := range slices.Sorted(maps.Keys(n.served)) {
		parts = append(parts, fmt.Sprintf("version %s served %d", v, n.served[v]))
	}
	return strings.Join(append(parts, fmt.Sprintf("%d failed", n.failed)), ", ")
}

func newTraffic(c *lambda.Client) *traffic {
	return &traffic{client: c, cancel: func() {}, n: tally{served: map[string]int{}}}
}

// start has the clients send, each with a pause between its requests, until stop.
func (t *traffic) start(ctx context.Context, function string, clients int, pause time.Duration) {
	ctx, t.cancel = context.WithCancel(ctx)
	for range clients {
		t.wg.Go(func() {
			for ctx.Err() == nil {
				t.send(ctx, function)
				select {
				case <-time.After(pause):
				case <-ctx.Done():
				}
			}
		})
	}
}

func (t *traffic) stop() {
	t.cancel()
	t.wg.Wait()
}

func (t *traffic) send(ctx context.Context, function string) {
	out, err := t.client.Invoke(context.WithoutCancel(ctx), &lambda.InvokeInput{FunctionName: &function, Payload: []byte(`{"from":"demo"}`)})
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.n.lost++
		t.err = err
		return
	}
	if out.FunctionError != nil {
		t.n.failed++
		return
	}
	var answer struct{ Version string }
	if err := json.Unmarshal(out.Payload, &answer); err != nil {
		t.n.lost++
		t.err = err
		return
	}
	t.n.served[answer.Version]++
	if t.last > answer.Version { // the older one again: not just a switch from one to the other
		t.n.both = true
	}
	t.last = max(t.last, answer.Version)
}

func (t *traffic) count() tally {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.n
	n.served = maps.Clone(n.served)
	return n
}

func (t *traffic) lastError() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// lines are the traffic's part of the board.
func (t *traffic) lines() []string {
	n := t.count()
	if len(n.served) == 0 {
		return nil
	}
	return []string{"traffic: " + n.String()}
}

// report writes the counts every now and then where there is no board to show them.
func (t *traffic) report(e *env, w *rolloutWatch) (stop func()) {
	if e.live {
		return func() {}
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-time.After(2 * time.Second):
			case <-done:
				return
			}
			n := t.count()
			if e.json {
				_ = e.print(map[string]any{"type": "traffic", "served": n.served, "failed": n.failed, "lost": n.lost}) // shown again at the end
			} else if len(n.served) > 0 {
				w.line("traffic: %s", n)
			}
		}
	}()
	return func() { close(done); <-ended }
}
