package runner

import "time"

// Limits bound what a document can make a run do. Zero members take the defaults of DefaultLimits.
type Limits struct {
	Steps     int           // steps begun in a run, attempts and sub-workflows' steps included
	Depth     int           // workflows within workflows, and steps run for the sake of a retry
	Retries   int           // of one action in one visit of a step, whatever its retryLimit says
	Loops     int           // visits of one step in a row by goto while the same answer keeps coming
	Body      int64         // bytes of one response or message
	Wait      time.Duration // of one retryAfter or Retry-After
	Messages  int           // kept of one channel while no step has asked for them
	Documents int           // API descriptions and Arazzo documents loaded for a run
}

// DefaultLimits are far beyond what people write by intent and end what they write by mistake.
func DefaultLimits() Limits {
	return Limits{
		Steps: 1_000_000, Depth: 32, Retries: 10_000, Loops: 10_000, Body: 64 << 20, Wait: 24 * time.Hour, Messages: 10_000, Documents: 100,
	}
}

// filled replaces what is not positive by the default.
func (l Limits) filled() Limits {
	d := DefaultLimits()
	for _, f := range []struct{ have, none *int }{
		{&l.Steps, &d.Steps}, {&l.Depth, &d.Depth}, {&l.Retries, &d.Retries}, {&l.Loops, &d.Loops}, {&l.Messages, &d.Messages}, {&l.Documents, &d.Documents},
	} {
		if *f.have <= 0 {
			*f.have = *f.none
		}
	}
	if l.Body <= 0 {
		l.Body = d.Body
	}
	if l.Wait <= 0 {
		l.Wait = d.Wait
	}
	return l
}
