package execution

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
)

// StopExecution aborts an execution. It answers once that is done; one that has ended stays as it is.
func (s *Service) StopExecution(ctx context.Context, in *sfn.StopExecutionInput, _ ...func(*sfn.Options)) (*sfn.StopExecutionOutput, error) {
	name := aws.ToString(in.ExecutionArn)
	var x row
	ended := s.ended.watch(name)
	defer s.ended.forget(name, ended)
	if err := s.db.Update(ctx, func(tx *db.Tx) (err error) {
		if x, err = find(tx, name); err != nil || x.Stopped != 0 {
			return err
		}
		err = s.engine.Signal(tx, kind, x.ID, eventStop, asl.Stop{Error: aws.ToString(in.Error), Cause: aws.ToString(in.Cause)})
		if errors.Is(err, durable.ErrNotFound) {
			return nil // it ends just now
		}
		return err
	}); err != nil {
		return nil, err
	}
	var gone *types.ExecutionDoesNotExist
	for x.Stopped == 0 {
		select {
		case <-ended:
		case <-time.After(50 * time.Millisecond): // another node's, whose word may be late
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if err := s.db.View(ctx, func(tx *db.Tx) (err error) {
			x, err = find(tx, name)
			return err
		}); errors.As(err, &gone) {
			break // it was the last one of a state machine that is being deleted, and went with it
		} else if err != nil {
			return nil, err
		}
	}
	if x.Stopped == 0 {
		x.Stopped = s.clock.Now().UnixMilli()
	}
	return &sfn.StopExecutionOutput{StopDate: instant(x.Stopped)}, nil
}

// watchers wait for executions' ends.
type watchers struct {
	mu sync.Mutex
	by map[string]map[chan struct{}]bool
}

func (w *watchers) watch(arn string) chan struct{} {
	ch := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by == nil {
		w.by = map[string]map[chan struct{}]bool{}
	}
	if w.by[arn] == nil {
		w.by[arn] = map[chan struct{}]bool{}
	}
	w.by[arn][ch] = true
	return ch
}

func (w *watchers) forget(arn string, ch chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.by[arn], ch)
	if len(w.by[arn]) == 0 {
		delete(w.by, arn)
	}
}

func (w *watchers) told(arn string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ch := range w.by[arn] {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

func (w *watchers) everyone() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, chs := range w.by {
		for ch := range chs {
			select {
			case ch <- struct{}{}:
			default:
			}
		}
	}
}
