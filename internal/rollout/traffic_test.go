package rollout

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestTrafficAt(t *testing.T) {
	linear := TrafficConfig{TimeBasedLinear, 10, 10}
	canary := TrafficConfig{TimeBasedCanary, 10, 5}
	for _, c := range []struct {
		name    string
		config  TrafficConfig
		elapsed time.Duration
		weight  int
		next    time.Duration // -1: none
	}{
		{"all at once", TrafficConfig{Type: AllAtOnce}, 0, 100, -1},
		{"canary starts with its share", canary, 0, 10, 5 * time.Minute},
		{"canary waits out its interval", canary, 5*time.Minute - 1, 10, 5 * time.Minute},
		{"canary ends", canary, 5 * time.Minute, 100, -1},
		{"linear shifts at the start of an increment", linear, 0, 10, 10 * time.Minute},
		{"linear's second increment", linear, 10 * time.Minute, 20, 20 * time.Minute},
		{"linear has 90 % before its ninth interval ends", linear, 90*time.Minute - 1, 90, 90 * time.Minute},
		{"linear is done after nine intervals", linear, 90 * time.Minute, 100, -1},
		{"linear long after", linear, 1000 * time.Hour, 100, -1},
		{"an uneven last increment", TrafficConfig{TimeBasedLinear, 30, 1}, 3 * time.Minute, 100, -1},
		{"before an uneven last increment", TrafficConfig{TimeBasedLinear, 30, 1}, 2 * time.Minute, 90, 3 * time.Minute},
		{"a clock that is behind", linear, -time.Hour, 10, 10 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			weight, next := c.config.At(epoch, epoch.Add(c.elapsed))
			if weight != c.weight {
				t.Errorf("weight %d, want %d", weight, c.weight)
			}
			if c.next < 0 != next.IsZero() || c.next >= 0 && !next.Equal(epoch.Add(c.next)) {
				t.Errorf("next %v, want start + %v", next, c.next)
			}
		})
	}
}

func TestTrafficValidate(t *testing.T) {
	for _, c := range []struct {
		config TrafficConfig
		ok     bool
	}{
		{TrafficConfig{Type: AllAtOnce}, true},
		{TrafficConfig{AllAtOnce, 10, 0}, false},
		{TrafficConfig{}, false},
		{TrafficConfig{"Sudden", 10, 10}, false},
		{TrafficConfig{TimeBasedCanary, 99, 2880}, true},
		{TrafficConfig{TimeBasedCanary, 99, 2881}, false},
		{TrafficConfig{TimeBasedCanary, 100, 5}, false},
		{TrafficConfig{TimeBasedCanary, 0, 5}, false},
		{TrafficConfig{TimeBasedCanary, 10, 0}, false},
		{TrafficConfig{TimeBasedLinear, 1, 29}, true},  // 99 × 29 = 2871
		{TrafficConfig{TimeBasedLinear, 1, 30}, false}, // 99 × 30 = 2970
		{TrafficConfig{TimeBasedLinear, 10, 1 << 62}, false},
	} {
		if err := c.config.Validate(); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c.config, err)
		}
	}
}

func TestPredefined(t *testing.T) {
	all := Predefined()
	if len(all) != 9 {
		t.Fatalf("%d configurations, want 9", len(all))
	}
	for _, c := range all {
		if err := c.Traffic.Validate(); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
		if got, ok := LookupPredefined(c.Name); !ok || got != c {
			t.Errorf("%s is not found", c.Name)
		}
	}
	c, ok := LookupPredefined("CodeDeployDefault.LambdaLinear10PercentEvery1Minute")
	if !ok || c.Traffic != (TrafficConfig{TimeBasedLinear, 10, 1}) {
		t.Errorf("%+v %v", c, ok)
	}
	if _, ok := LookupPredefined("CodeDeployDefault.OneAtATime"); ok {
		t.Error("a server's configuration is found")
	}
}

func anyTraffic(t *rapid.T) TrafficConfig {
	for {
		c := TrafficConfig{
			Type:            rapid.SampledFrom([]TrafficType{AllAtOnce, TimeBasedCanary, TimeBasedLinear}).Draw(t, "type"),
			Percentage:      rapid.IntRange(1, 99).Draw(t, "percentage"),
			IntervalMinutes: rapid.IntRange(1, 60).Draw(t, "interval"),
		}
		if c.Type == AllAtOnce {
			c.Percentage, c.IntervalMinutes = 0, 0
		}
		if c.Validate() == nil {
			return c
		}
	}
}

// Weights grow, change only at the announced times, and reach 100 within Duration.
func TestTrafficIsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyTraffic(t)
		weight, at := 0, epoch
		for {
			w, next := c.At(epoch, at)
			if w <= weight || w > 100 {
				t.Fatalf("weight %d after %d at %v", w, weight, at.Sub(epoch))
			}
			if next.IsZero() {
				if w != 100 || at.Sub(epoch) != c.Duration() {
					t.Fatalf("ends with %d after %v, want 100 after %v", w, at.Sub(epoch), c.Duration())
				}
				return
			}
			if before, _ := c.At(epoch, next.Add(-1)); before != w {
				t.Fatalf("shifts before the announced time")
			}
			weight, at = w, next
		}
	})
}
