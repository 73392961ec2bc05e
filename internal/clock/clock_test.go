package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/headgate/headgate/internal/clock"
)

func TestAThirtyMinuteWaitTakesThirtySecondsAtRateSixty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		c := clock.New(clock.Anchor{Wall: now, Platform: now, Rate: 60})
		start := time.Now()
		if err := clock.Sleep(t.Context(), c, 30*time.Minute); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start).Round(time.Millisecond); took != 30*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestAdvancingFiresTheWaitsThatItMakesDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.New(clock.Anchor{})
		soon, _ := c.After(time.Hour)
		late, stop := c.After(3 * time.Hour)
		defer stop()
		start := time.Now()
		c.Set(0, 2*time.Hour)
		<-soon
		synctest.Wait()
		if time.Since(start) != 0 {
			t.Error("real time passed")
		}
		select {
		case <-late:
			t.Error("a wait that is not due has fired")
		default:
		}
	})
}

func TestARestartContinuesWhereTheAnchorSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := clock.New(clock.Anchor{})
		first.Set(60, 24*time.Hour)
		a := first.Anchor()
		time.Sleep(10 * time.Second) // the process is away, platform time goes on
		if first, second := first.Now(), clock.New(a).Now(); first.Sub(second).Abs() > time.Millisecond {
			t.Errorf("was %v, continues at %v", first, second)
		}
	})
}

func TestTimeNeverGoesBack(t *testing.T) {
	c := clock.New(clock.Anchor{})
	before := c.Now()
	c.Set(5, -time.Hour)
	if c.Now().Before(before) {
		t.Error("went back")
	}
}

func TestAFakeClockFiresWhatIsDueAndNothingElse(t *testing.T) {
	f := clock.NewFake(time.Unix(0, 0))
	due, _ := f.After(time.Minute)
	given, stop := f.After(time.Minute)
	stop()
	f.Advance(59 * time.Second)
	if f.Waiting() != 1 {
		t.Fatalf("%d waiting, want 1", f.Waiting())
	}
	f.Advance(time.Second)
	if at := <-due; at != time.Unix(60, 0).UTC() {
		t.Errorf("fired at %v", at)
	}
	if len(given) != 0 {
		t.Error("a wait that was given up has fired")
	}
}

func TestAFastClockPassesCenturies(t *testing.T) {
	wall := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	a := clock.Anchor{Wall: wall, Platform: wall, Rate: 1e6}
	at := a.At(wall.Add(8766 * time.Hour / 1000)) // a thousandth of a year
	if years := at.Year() - 2026; years < 999 || years > 1001 {
		t.Errorf("%d years passed, want 1000", years)
	}
}
