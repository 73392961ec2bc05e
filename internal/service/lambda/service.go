package lambda

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/headgate/headgate/internal/blob"
	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
)

// Deps is what the service needs from the platform. Fields without "optional" must be set.
type Deps struct {
	DB     *db.DB
	Engine *durable.Engine // not started yet: New registers machines on it
	Clock  clock.Clock
	Blobs  blob.Store // of function packages alone: what no version needs is deleted from it
	Dir    string     // where packages are unpacked; others than our user must be able to enter it

	Environment StartEnvironment
	Runtime     FindRuntime
	Credentials IssueCredentials // optional: functions then run without credentials

	S3      S3      // optional: packages in buckets are then refused
	SQS     SQS     // optional: event source mappings are then refused
	Logs    Logs    // optional
	Metrics Metrics // optional

	// CodeURL is where a client can download a package, for GetFunction and GetLayerVersion; optional.
	CodeURL func(ctx context.Context, sha string) string
	// InUse are asked before a version is deleted; optional.
	InUse []InUse
	// Pinned are asked, for each version, before a function is deleted as a whole; optional. AWS deletes it whatever still
	// runs, and so do we, but for those who asked for more than AWS has: executions that are pinned to exact versions.
	Pinned []InUse

	Limits Limits
	Logger *slog.Logger // optional
}

// Limits bound what the service uses. A zero field takes its default.
type Limits struct {
	Environments  int           // running processes' environments on this host: 64; who finds none free waits
	Starts        int           // cold starts at the same time: twice the processors, at least 4
	Idle          time.Duration // real time after which an unused environment is closed: 5 minutes
	Concurrency   int           // of one account in one region: 1000
	CodeStorage   int64         // bytes of packages of one account in one region: 75 GB
	LogBuffer     int           // bytes of log lines that wait to be written, per environment: 4 MiB
	FlushLogs     time.Duration // real time: 100 ms
	FlushMetrics  time.Duration // real time: 50 ms
	PackageGrace  time.Duration // real time that an unused package is kept: 1 hour
	DrainTimeout  time.Duration // real time that Close waits for running invocations: 10 s
	AsyncInFlight int           // asynchronous invocations under way at the same time on this host: 32
}

func (l Limits) withDefaults() Limits {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	dur := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	def(&l.Environments, 64)
	def(&l.Starts, max(4, 2*runtime.NumCPU()))
	def(&l.Concurrency, 1000)
	def(&l.LogBuffer, 4<<20)
	def(&l.AsyncInFlight, 32)
	dur(&l.Idle, 5*time.Minute)
	dur(&l.FlushLogs, 100*time.Millisecond)
	dur(&l.FlushMetrics, 50*time.Millisecond)
	dur(&l.PackageGrace, time.Hour)
	dur(&l.DrainTimeout, 10*time.Second)
	if l.CodeStorage == 0 {
		l.CodeStorage = 75 << 30
	}
	return l
}

// Service is AWS Lambda. Its methods with the SDK client's signatures are the operations.
type Service struct {
	Deps
	limits Limits
	log    *slog.Logger

	packages  *packages
	directory *directory
	pool      *pool
	usage     *usage
	requests  requestIDs
	logs      *logWriter
	metrics   *metricWriter
	async     chan struct{} // slots of asynchronous invocations under way

	stopPolling context.CancelFunc
	life        context.Context // ends when Close has drained
	cancel      context.CancelFunc
	wg          sync.WaitGroup
}

// New makes the service and registers its instances on d.Engine. Start must follow.
func New(d Deps) (*Service, error) {
	if d.Logger == nil {
		d.Logger = slog.Default()
	}
	s := &Service{Deps: d, limits: d.Limits.withDefaults(), log: d.Logger, stopPolling: func() {}}
	s.life, s.cancel = context.WithCancel(context.Background())
	var err error
	if s.packages, err = newPackages(filepath.Join(d.Dir, "code"), d.Blobs); err != nil {
		return nil, fmt.Errorf("lambda: %w", err)
	}
	s.directory = newDirectory(s)
	s.usage = newUsage(s.limits.Concurrency)
	s.logs = newLogWriter(d.Logs, d.Clock, s.log, s.limits)
	s.metrics = newMetricWriter(d.Metrics, s.log)
	s.pool = newPool(s.limits, s.startEnvironment)
	s.async = make(chan struct{}, s.limits.AsyncInFlight)
	durable.Register(d.Engine, s.preparation())
	durable.Register(d.Engine, s.asyncInvocation())
	d.DB.Subscribe(topic, s.directory.notice)
	return s, nil
}

// Start begins the background work: flushing logs and metrics, reaping, collecting packages.
func (s *Service) Start(ctx context.Context) error {
	s.background(func() { s.logs.run(s.life, s.limits.FlushLogs) })
	s.background(func() { s.metrics.run(s.life, s.limits.FlushMetrics) })
	s.background(func() { s.pool.reap(s.life) })
	s.background(func() { s.collectPackages(s.life) })
	if s.SQS != nil {
		polls, stop := context.WithCancel(s.life)
		s.stopPolling = stop
		s.background(func() { newPollers(s).run(polls) })
	}
	return ctx.Err()
}

func (s *Service) background(f func()) {
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		f()
	}()
}

// Close lets running invocations finish, for Limits.DrainTimeout at most, ends every environment and
// writes what logs and metrics are left. Stop the durable engine first: it invokes too.
func (s *Service) Close() error {
	s.stopPolling()
	s.pool.close(s.limits.DrainTimeout)
	s.cancel()
	s.wg.Wait()
	return nil
}
