package rollout

import (
	"fmt"
	"time"
)

// TrafficType says how traffic moves to the new version, in CodeDeploy's own words.
type TrafficType string

// The three ways.
const (
	AllAtOnce       TrafficType = "AllAtOnce"
	TimeBasedCanary TrafficType = "TimeBasedCanary"
	TimeBasedLinear TrafficType = "TimeBasedLinear"
)

// Limits of a traffic configuration (FACTS §3).
const (
	MaxPercentage   = 99   // of the first or of every increment
	MaxShiftMinutes = 2880 // from the first shift to the last: two days
)

// TrafficConfig is a trafficRoutingConfig. Percentage and IntervalMinutes are canaryPercentage and
// canaryInterval, or linearPercentage and linearInterval; both are zero for AllAtOnce.
type TrafficConfig struct {
	Type            TrafficType `json:"type"`
	Percentage      int         `json:"percentage,omitempty"`
	IntervalMinutes int         `json:"intervalMinutes,omitempty"`
}

// Validate returns what InvalidTrafficRoutingConfigurationException should say, or nil.
func (c TrafficConfig) Validate() error {
	switch c.Type {
	case AllAtOnce:
		if c.Percentage != 0 || c.IntervalMinutes != 0 {
			return fmt.Errorf("traffic routing of type AllAtOnce takes neither timeBasedCanary nor timeBasedLinear")
		}
		return nil
	case TimeBasedCanary, TimeBasedLinear:
	case "":
		return fmt.Errorf("the type of the traffic routing configuration is required")
	default:
		return fmt.Errorf("%q is not a type of traffic routing: use TimeBasedCanary, TimeBasedLinear or AllAtOnce", c.Type)
	}
	if c.Percentage < 1 || c.Percentage > MaxPercentage {
		return fmt.Errorf("the percentage of %s must be between 1 and %d, not %d", c.Type, MaxPercentage, c.Percentage)
	}
	if c.IntervalMinutes < 1 {
		return fmt.Errorf("the interval of %s must be at least 1 minute, not %d", c.Type, c.IntervalMinutes)
	}
	// A division, so that a huge interval cannot overflow into a valid one.
	if shifts := c.increments() - 1; c.IntervalMinutes > MaxShiftMinutes/shifts {
		return fmt.Errorf("the last shift of %s comes %d × %d minutes after the first: at most %d minutes are allowed",
			c.Type, shifts, c.IntervalMinutes, MaxShiftMinutes)
	}
	return nil
}

// increments is the number of shifts, the last one to 100 % included.
func (c TrafficConfig) increments() int {
	switch c.Type {
	case TimeBasedCanary:
		return 2
	case TimeBasedLinear:
		return (100 + c.Percentage - 1) / c.Percentage
	}
	return 1
}

// Duration is the time from the first shift to the last.
func (c TrafficConfig) Duration() time.Duration {
	return time.Duration(c.increments()-1) * c.interval()
}

func (c TrafficConfig) interval() time.Duration {
	return time.Duration(c.IntervalMinutes) * time.Minute
}

// At returns the new version's weight in percent at now, for traffic that began to shift at start,
// and the time of the next shift (zero once the weight is 100). Increments shift at their start:
// Linear10PercentEvery10Minutes has 10 % at once and 100 % after 90 minutes (FACTS trap 10). The
// configuration must be valid. A now before start counts as start.
func (c TrafficConfig) At(start, now time.Time) (weight int, next time.Time) {
	if c.Type == AllAtOnce {
		return 100, time.Time{}
	}
	elapsed := max(now.Sub(start), 0)
	n := int(elapsed / c.interval()) // whole intervals gone by
	if n >= c.increments()-1 {
		return 100, time.Time{}
	}
	return c.Percentage * (n + 1), start.Add(time.Duration(n+1) * c.interval())
}
