package cloudformation

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/service/cloudformation/resource"
)

func TestAFastClockLeavesAServiceTheTimeThatItNeeds(t *testing.T) {
	now := time.Now()
	s := &Service{clock: clock.New(clock.Anchor{Wall: now, Platform: now, Rate: 1000}), log: slog.New(slog.DiscardHandler)}
	tries := 0
	_, err := s.attempt(t.Context(), effectArgs{}, func(context.Context) (resource.Result, error) {
		if tries++; time.Since(now) < 500*time.Millisecond { // eight minutes on that clock
			return resource.Result{}, errors.New("the store is away")
		}
		return resource.Result{}, nil
	})
	if err != nil || tries > 200 {
		t.Errorf("%d tries, then %v", tries, err)
	}
}
