package environment

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/headgate/headgate/internal/runtime"
	"github.com/headgate/headgate/internal/sandbox"
)

// Host starts environments.
type Host struct {
	cfg  Config
	next atomic.Uint64 // numbers environments
}

// Config is what all environments of a process share.
type Config struct {
	Sandbox  *sandbox.Sandbox
	Runtimes *runtime.Host
	Logger   *slog.Logger

	// ReservedEnv is added to every function's environment, e.g. AWS_ENDPOINT_URL. A function's
	// own variables win over it.
	ReservedEnv map[string]string
}

// Function is everything that a version needs in order to run.
type Function struct {
	Name, Version       string
	Runtime, Handler    string
	AccountID, Region   string
	MemoryMB            int      // MemorySize; also the limit
	TmpMB               int      // EphemeralStorage; 0 means 512
	CodeDir             string   // the unpacked package; others may read it (0755, 0644)
	Layers              []string // unpacked layers in order; a later one wins
	Environment         map[string]string
	Credentials         Credentials
	LogGroup, LogStream string
	LogFormat           string // "Text" (also the default) or "JSON"
	LogLevel            string // ApplicationLogLevel; only with JSON
}

// Credentials become AWS_ACCESS_KEY_ID and so on; empty members are left out.
type Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// NewHost returns a Host; the Sandbox stays the caller's to close.
func NewHost(cfg Config) *Host {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Host{cfg: cfg}
}

// initLimit is how long a function may take to initialize before its first invocation.
const initLimit = 10 * time.Second

// Start starts an environment and waits for its initialization. log gets the lines that the
// function writes, in order and one call at a time; it must not keep the slice. An error means
// that the platform could not start it; ctx bounds that.
func (h *Host) Start(ctx context.Context, f Function, log func(line []byte)) (*Environment, error) {
	in, err := h.cfg.Runtimes.Find(f.Runtime)
	if err != nil {
		return nil, err
	}
	e := &Environment{
		host: h, function: f, interpreter: in, log: log,
		id: fmt.Sprintf("%s-%d", name(f), h.next.Add(1)),
	}
	began := time.Now()
	g, err := e.begin(ctx)
	if err != nil {
		return nil, err
	}
	e.current.Store(g)
	ctx, cancel := context.WithTimeoutCause(ctx, initLimit, errInitLimit)
	defer cancel()
	e.initFailure = g.initialize(ctx)
	e.initDuration = time.Since(began)
	if ctx.Err() != nil && context.Cause(ctx) != errInitLimit {
		e.Close(AfterFailure)
		return nil, fmt.Errorf("environment: %w", ctx.Err())
	}
	return e, nil
}

// name makes a function's name fit for a control group's.
func name(f Function) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '.'
	}, f.Name+"-"+f.Version)
}
