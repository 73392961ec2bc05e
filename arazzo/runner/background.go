package runner

import (
	"context"
	"slices"
)

// background is a receive under way beside the workflow.
type background struct {
	done   chan struct{}
	out    outcome
	cancel context.CancelFunc
}

// background starts a receive with the values of this moment.
func (f *frame) background(ctx context.Context, s *stepPlan) {
	if f.pending[s.at] != nil {
		return // a loop came back while it is still under way
	}
	if reason := f.missing(s); reason != "" {
		b := &background{done: make(chan struct{}), out: outcome{reason: reason}, cancel: func() {}}
		close(b.done)
		f.pending[s.at] = b
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	b := &background{done: make(chan struct{}), cancel: cancel}
	f.pending[s.at] = b
	w := f.wait(s)
	go func() {
		defer close(b.done)
		defer cancel()
		b.out = w.receive(ctx)
	}()
}

// join waits for receives in the background, those of which or all, and lets them decide: a step whose decision is anything but to go on is
// returned with it.
func (f *frame) join(ctx context.Context, which []int, all bool) (*stepPlan, direction, error) {
	for at, b := range f.pending {
		if b == nil || !all && !slices.Contains(which, at) {
			continue
		}
		<-b.done
		f.pending[at] = nil
		s := f.plan.steps[at]
		d, err := f.visit(ctx, s, &b.out)
		if err != nil || d.stops() || d.to != at+1 {
			return s, d, err
		}
	}
	return nil, direction{}, nil
}

// abandon ends what is still under way when the workflow ends before it.
func (f *frame) abandon() {
	for at, b := range f.pending {
		if b != nil {
			b.cancel()
			<-b.done
			f.pending[at] = nil
		}
	}
}
