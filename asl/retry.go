package asl

import (
	"math"
	"slices"
	"time"
)

// retrier is one entry of Retry.
type retrier struct {
	errors   []string
	interval int64   // seconds
	attempts int     // beyond the first
	rate     float64 // of growth
	maxDelay int64   // seconds; 0: none
	jitter   bool    // FULL
}

func (f *fields) retriers() []retrier {
	var out []retrier
	list := f.list("Retry")
	for i, v := range list {
		r := f.p.fields(v, f.path("Retry["+itoa(i)+"]"), f.jsonata)
		r.require("ErrorEquals")
		out = append(out, retrier{
			errors:   r.errorNames(i == len(list)-1),
			interval: r.integer("IntervalSeconds", 1, 1, maxSeconds),
			attempts: int(r.integer("MaxAttempts", 3, 0, maxSeconds)),
			rate:     r.number("BackoffRate", 2, 1),
			maxDelay: r.integer("MaxDelaySeconds", 0, 1, 31_622_400),
			jitter:   r.oneOf("JitterStrategy", "NONE", "FULL") == "FULL",
		})
		r.unknown()
	}
	return out
}

// errorNames reads ErrorEquals. States.ALL must stand alone, in the last entry.
func (f *fields) errorNames(last bool) []string {
	names := f.strings("ErrorEquals")
	if f.has("ErrorEquals") && len(names) == 0 {
		f.note("ErrorEquals", "Array must have at least 1 element")
	}
	if slices.Contains(names, ErrAll) && (len(names) > 1 || !last) {
		f.note("ErrorEquals", "States.ALL must appear alone and at the end of the list")
	}
	return names
}

// matches tells whether one of the names stands for a failure. States.TaskFailed stands for all but time-outs.
func matches(names []string, failure *Failure, task bool) bool {
	for _, name := range names {
		switch {
		case name == ErrAll, name == failure.Code:
			return true
		case name == ErrTaskFailed && task && failure.Code != ErrTimeout && failure.Code != ErrHeartbeat:
			return true
		case name == ErrTimeout && failure.Code == ErrHeartbeat:
			return true
		}
	}
	return false
}

// retried lets a matching retrier run the state again, now or later.
func (s *stepper) retried(f *Frame, st *State, failure *Failure) bool {
	for i, r := range st.retry {
		if !matches(r.errors, failure, st.Type == TypeTask) {
			continue
		}
		if f.Retries[i] >= r.attempts {
			return false // the first matching entry decides
		}
		if f.Retries == nil {
			f.Retries = map[int]int{}
		}
		delay := s.retryDelay(r, f.Retries[i])
		s.inspect.retried(i, delay)
		f.Retries[i]++
		f.RetryCount++
		s.settle(f)
		f.Phase, f.WakeAt = PhaseRetrying, s.now.Add(delay)
		s.touch(f)
		return true
	}
	return false
}

// retryDelay grows with each attempt that was made.
func (s *stepper) retryDelay(r retrier, made int) time.Duration {
	seconds := float64(r.interval) * math.Pow(r.rate, float64(made))
	limit := float64(maxSeconds)
	if r.maxDelay > 0 {
		limit = float64(r.maxDelay)
	}
	delay := time.Duration(min(seconds, limit) * float64(time.Second))
	if r.jitter && delay > 0 {
		delay = time.Duration(s.random() % uint64(delay))
	}
	return delay.Round(time.Millisecond)
}
