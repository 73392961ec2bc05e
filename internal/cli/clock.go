package cli

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// platformNow asks the platform for its time, which may run ahead of ours. An endpoint that is not
// Headgate's keeps wall time.
func platformNow(e *env) (time.Time, error) {
	c, err := platformClock(e.ctx, e.endpoint)
	if err != nil {
		return time.Time{}, err
	}
	return c.Now, nil
}

// clockAnswer is what /_headgate/clock answers.
type clockAnswer struct {
	Now  time.Time `json:"now"`
	Rate float64   `json:"rate"`
}

func platformClock(ctx context.Context, endpoint string) (clockAnswer, error) {
	wall := clockAnswer{Now: time.Now(), Rate: 1}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(endpoint, "/")+"/_headgate/clock", nil)
	if err != nil {
		return wall, usage{err}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return wall, err
	}
	defer resp.Body.Close()
	var c clockAnswer
	if resp.StatusCode != http.StatusOK || json.NewDecoder(resp.Body).Decode(&c) != nil || c.Rate <= 0 {
		return wall, nil
	}
	return c, nil
}
