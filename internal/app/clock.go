package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
)

// storedClock is the platform's clock with its anchor in the store: a restart continues platform time, and all nodes
// of a cluster keep the same.
type storedClock struct {
	*clock.Scaled
	db *db.DB
}

const (
	clockSetting = "clock"
	clockTopic   = "clock"
)

// openClock continues the store's clock. A rate other than 0 is set from now on.
func openClock(ctx context.Context, d *db.DB, rate float64) (*storedClock, error) {
	if rate < 0 {
		return nil, errors.New("the clock's rate must be positive: platform seconds in a real second")
	}
	anchor, err := readAnchor(ctx, d)
	if err != nil {
		return nil, err
	}
	c := &storedClock{clock.New(anchor), d}
	if rate != 0 && rate != c.Anchor().Rate {
		if err := c.change(ctx, rate, 0); err != nil {
			return nil, err
		}
	}
	d.Subscribe(clockTopic, func(db.Notice) { go c.follow() })
	return c, nil
}

func readAnchor(ctx context.Context, d *db.DB) (a clock.Anchor, err error) {
	err = d.View(ctx, func(tx *db.Tx) error {
		text, err := db.One(tx, db.Value[string], `SELECT value FROM setting WHERE name = $1`, clockSetting)
		if errors.Is(err, db.ErrNotFound) {
			return nil // real time
		}
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(text), &a)
	})
	if err != nil {
		return a, fmt.Errorf("the store's clock: %w", err)
	}
	return a, nil
}

// change sets the rate (0 leaves it) and moves the clock forward, here and on the other nodes.
func (c *storedClock) change(ctx context.Context, rate float64, advance time.Duration) error {
	text, err := json.Marshal(c.Set(rate, advance))
	if err != nil {
		return err
	}
	err = c.db.Update(ctx, func(tx *db.Tx) error {
		tx.Notify(clockTopic, "changed")
		_, err := tx.Exec(`INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2`, clockSetting, string(text))
		return err
	})
	if err != nil {
		return fmt.Errorf("store the clock: %w", err)
	}
	return nil
}

// follow takes over another node's change. Platform time never goes back.
func (c *storedClock) follow() {
	a, err := readAnchor(context.Background(), c.db)
	if err != nil {
		slog.Warn("clock not read again", "error", err)
		return
	}
	c.Set(a.Rate, a.At(time.Now()).Sub(c.Now()))
}
