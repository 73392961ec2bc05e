package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"github.com/headgate/headgate/internal/app"
)

// Serve is `headgate serve`.
type Serve struct {
	Listen    string  `default:"127.0.0.1:4566" help:"Address; beyond loopback every request must be signed." placeholder:"HOST:PORT"`
	Data      string  `default:"headgate-data" help:"Folder for everything that is kept." placeholder:"DIR"`
	DB        string  `name:"db" help:"postgres://… for a shared database (default: SQLite in the data folder)." placeholder:"URL"`
	ClockRate float64 `name:"clock-rate" help:"Platform seconds in a real second; 0 keeps the data folder's (1 at first)." placeholder:"N"`
	LogLevel  string  `enum:"debug,info,warn,error" default:"info" help:"debug, info, warn or error."`
	Unsafe    bool    `name:"allow-unisolated" help:"Run functions even where the kernel cannot isolate them."`
}

// Help is printed below the flags.
func (*Serve) Help() string {
	return `  headgate serve
  headgate serve --data /var/lib/headgate --clock-rate 60
  headgate serve --listen 0.0.0.0:4566 --db postgres://headgate@db/headgate`
}

// Run implements the command: a ready line, then the platform until it is interrupted.
func (c *Serve) Run(e *env) error {
	began := time.Now()
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return usage{err}
	}
	var handler slog.Handler = slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: level})
	if e.json {
		handler = slog.NewJSONHandler(e.stderr, &slog.HandlerOptions{Level: level})
	}
	slog.SetDefault(slog.New(handler))
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300) // what lives is a few megabytes; an invocation's garbage would have it collected all the time
	}
	a, err := app.Start(e.ctx, app.Config{Listen: c.Listen, Data: c.Data, DB: c.DB, ClockRate: c.ClockRate, AllowUnisolated: c.Unsafe})
	if err != nil {
		return err
	}
	took := time.Since(began).Round(time.Millisecond)
	if e.json {
		err = e.print(map[string]any{"ready": true, "endpoint": a.Endpoint(), "data": c.Data, "missingProtections": a.Missing(),
			"credentials": a.CredentialsFile(), "startMillis": took.Milliseconds()})
	} else {
		for _, m := range a.Missing() {
			e.note("not isolated: %s", m)
		}
		if f := a.CredentialsFile(); f != "" {
			e.note("requests must be signed; the root access key is in %s", f)
		}
		_, err = fmt.Fprintf(e.stdout, "headgate %s ready at %s (data in %s, %v)\n", Version, a.Endpoint(), c.Data, took)
	}
	if err != nil {
		return errors.Join(err, a.Close())
	}
	select {
	case <-e.ctx.Done():
		e.note("stopping: running invocations may finish")
	case <-a.Failed():
	}
	if err := a.Close(); err != nil {
		return err
	}
	return a.Err()
}
