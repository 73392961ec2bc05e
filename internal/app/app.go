package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/gateway"
	"github.com/headgate/headgate/internal/service/iam"
)

// Config says how to run a platform.
type Config struct {
	Listen          string  // host:port; port 0 takes a free one
	Data            string  // folder
	DB              string  // postgres://…; empty: SQLite in the folder
	ClockRate       float64 // platform seconds in a real second; 0 leaves what the store says
	AllowUnisolated bool    // run functions even where the kernel cannot isolate them
}

// App is a running platform.
type App struct {
	cfg      Config
	folder   *folder
	db       *db.DB
	clock    *storedClock
	engine   *durable.Engine
	services *services
	sessions *iam.Sessions
	listener net.Listener
	server   *http.Server
	verify   bool
	keyFile  string
	failed   chan struct{}
	err      atomic.Value // of the HTTP server
	closers  []func() error
}

// shutdownTime bounds how long Close waits for requests under way, in real time.
const shutdownTime = 20 * time.Second

// Start runs a platform. What it opened is closed again if it fails.
func Start(ctx context.Context, cfg Config) (a *App, err error) {
	begun := &App{cfg: cfg, failed: make(chan struct{})}
	a = begun
	defer func() {
		if err != nil { // a is nil then
			err = errors.Join(err, begun.closeAll())
		}
	}()
	if a.folder, err = openFolder(cfg.Data); err != nil {
		return nil, err
	}
	a.onClose(a.folder.close)
	if cfg.DB == "" {
		cfg.DB = a.folder.path("headgate.db")
	}
	if a.db, err = db.Open(ctx, cfg.DB); err != nil {
		return nil, err
	}
	a.onClose(a.db.Close)
	if a.clock, err = openClock(ctx, a.db, cfg.ClockRate); err != nil {
		return nil, err
	}
	if a.sessions, err = iam.OpenSessions(ctx, a.db); err != nil {
		return nil, err
	}
	if a.listener, err = net.Listen("tcp", cfg.Listen); err != nil {
		return nil, fmt.Errorf("listen: %w (another headgate? choose --listen)", err)
	}
	a.onClose(func() error { a.listener.Close(); return nil })
	if err = a.guard(); err != nil {
		return nil, err
	}
	a.engine = durable.New(a.db, a.clock, a.folder.node)
	if a.services, err = a.newServices(); err != nil {
		return nil, err
	}
	a.onClose(a.services.close)
	if err = a.services.start(ctx); err != nil {
		return nil, err
	}
	if err = a.engine.Start(ctx); err != nil {
		return nil, err
	}
	a.onClose(func() error { a.engine.Stop(); return nil })
	if err = a.serve(); err != nil {
		return nil, err
	}
	go giveBack()
	return a, nil
}

func (a *App) onClose(f func() error) { a.closers = append(a.closers, f) }

func (a *App) closeAll() (err error) {
	for i := len(a.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, a.closers[i]())
	}
	a.closers = nil
	return err
}

// guard decides whether requests must be signed: whenever others than this machine can connect.
func (a *App) guard() error {
	ip := a.listener.Addr().(*net.TCPAddr).IP
	if ip.IsLoopback() {
		return nil
	}
	a.verify = true
	root := a.sessions.Root()
	file, err := a.folder.writeCredentials(root.AccessKeyID, root.Secret)
	a.keyFile = file
	return err
}

func (a *App) serve() error {
	handlers, err := a.services.wired()
	if err != nil {
		return err
	}
	handler, err := gateway.New(gateway.Config{Services: handlers, S3: a.services.s3, Admin: a.admin(handlers), Verify: a.verify, Credentials: identities{a.sessions}})
	if err != nil {
		return err
	}
	a.server = &http.Server{Handler: handler, ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 5 * time.Minute,
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug)}
	go func() {
		if err := a.server.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
			a.err.Store(fmt.Errorf("serve: %w", err))
			close(a.failed)
		}
	}()
	a.onClose(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
		defer cancel()
		if err := a.server.Shutdown(ctx); err != nil {
			return a.server.Close() // who still waits after all that time is cut off
		}
		return nil
	})
	return nil
}

// Close stops taking requests, lets those under way finish, and closes everything. What takes longer goes on at the
// next start.
func (a *App) Close() error { return a.closeAll() }

// Failed is closed if the platform cannot serve any more; Err says why.
func (a *App) Failed() <-chan struct{} { return a.failed }

// Err is why the platform failed, or nil.
func (a *App) Err() error {
	err, _ := a.err.Load().(error)
	return err
}

// Endpoint is the URL at which clients on this machine, and functions, find the platform.
func (a *App) Endpoint() string {
	addr := a.listener.Addr().(*net.TCPAddr)
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, fmt.Sprint(addr.Port))
}

// Missing lists the protections that this machine cannot give functions.
func (a *App) Missing() []string { return a.services.sandbox.Missing() }

// CredentialsFile is where the root access key was written, or empty on loopback.
func (a *App) CredentialsFile() string { return a.keyFile }

// identities answers the gateway out of the sessions.
type identities struct{ *iam.Sessions }

// Identity implements gateway.Credentials.
func (i identities) Identity(_ context.Context, accessKeyID, token string) (gateway.Identity, error) {
	secret, who, err := i.Lookup(accessKeyID, token)
	if errors.Is(err, iam.ErrUnknownKey) {
		return gateway.Identity{}, gateway.ErrUnknownKey
	}
	return gateway.Identity{Account: who.Account, ARN: who.ARN, Secret: secret}, err
}

var _ gateway.Credentials = identities{}
