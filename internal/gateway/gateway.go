package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/id"
	"github.com/headgate/headgate/internal/wire"
)

// ErrUnknownKey is what Credentials answer for an access key that they did not issue.
var ErrUnknownKey = errors.New("gateway: unknown access key")

// Identity is the owner of an access key. The gateway never logs it.
type Identity struct {
	Account string    // 12 digits; empty leaves it to the access key id, see caller
	ARN     string    // of the principal; empty is the account's root
	Secret  string    // secret access key; only needed to verify
	Expires time.Time // of a session, in wall time; zero is never
}

// Credentials looks up access keys: configured ones, IAM users' and the sessions that STS issued.
// It is asked once a request, so it answers from memory. An unknown key, or a session token that
// does not belong to it, is ErrUnknownKey.
type Credentials interface {
	Identity(ctx context.Context, accessKeyID, sessionToken string) (Identity, error)
}

// Config says what a gateway serves. The zero value serves nothing, unverified.
type Config struct {
	Services []*wire.Service
	S3       http.Handler // gets what is no other service's; nil refuses it
	Admin    http.Handler // serves /_headgate/; nil is 404

	// Verify demands a valid signature of every request but those that open lets through. It must be set
	// wherever others than this machine's users can connect. Needs Credentials.
	Verify      bool
	Credentials Credentials // may be nil without Verify

	// Hosts are further names under which clients on this machine reach an unverified gateway,
	// beyond loopback, IP addresses, names without a dot and those that local-cloud tools use.
	Hosts []string

	Now func() time.Time // wall time, in which clients sign; time.Now if nil. Never platform time.
	Log *slog.Logger     // slog.Default if nil; access log at debug level
}

type gateway struct {
	Config
	bySigning map[string]*wire.Service
	byTarget  map[string]*wire.Service
	byVersion map[string]*wire.Service // query services by API version
	rest      []*wire.Service
}

// New returns the handler of a whole platform.
func New(cfg Config) (http.Handler, error) {
	if cfg.Verify && cfg.Credentials == nil {
		return nil, errors.New("gateway: Verify needs Credentials")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	g := &gateway{Config: cfg, bySigning: map[string]*wire.Service{}, byTarget: map[string]*wire.Service{}, byVersion: map[string]*wire.Service{}}
	for _, s := range cfg.Services {
		c := s.Config()
		g.bySigning[c.Signing] = s
		if c.Target != "" {
			g.byTarget[c.Target] = s
		}
		if c.APIVersion != "" {
			g.byVersion[c.APIVersion] = s
		}
		if c.Protocols&wire.RestJSON != 0 {
			g.rest = append(g.rest, s)
		}
	}
	return g, nil
}

// request is one request on its way through the gateway.
type request struct {
	*http.Request
	service string // AWS's short name, for the log
	call    *wire.Call
	auth    auth
	err     error // why it is refused
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now() // a duration in real time, whatever the platform's clock does
	rec := &recorder{ResponseWriter: w}
	who := caller.Caller{RequestID: id.Request()}
	req := &request{Request: r}
	defer func() { g.logAccess(req, rec, who.RequestID, start) }()
	if reason := g.refuse(r); reason != "" {
		w.Header().Set("X-Amzn-Requestid", who.RequestID)
		http.Error(rec, reason, http.StatusForbidden)
		return
	}
	req.auth, req.err = parseAuth(r)
	identity := g.identify(r.Context(), req, &who)
	if g.Verify && (req.auth.accessKeyID == "" || req.err != nil) {
		spare(rec, r)
	}
	req.Request = r.WithContext(caller.With(r.Context(), who))
	g.resolve(req)
	if g.Verify && req.err == nil && !open(r.URL.Path) {
		req.err = g.verify(req, identity)
	}
	g.serve(rec, req)
}

// What is read of a request that is going to be refused, only to word the refusal, and for how long.
const (
	maxUnsigned  = 64 << 10
	unsignedTime = 10 * time.Second
)

// spare keeps somebody without a key from filling the memory, or from holding it by sending slowly.
func spare(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength > maxUnsigned {
		r.Body, r.ContentLength = http.NoBody, 0
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(unsignedTime)) // a writer without one: tests'
	r.Body = http.MaxBytesReader(w, r.Body, maxUnsigned)
}

// open tells what needs no signature: the health, descriptions that are the same for everybody, and links to packages, which
// carry a seal of their own.
func open(path string) bool {
	return path == "/_headgate/health" || strings.HasPrefix(path, "/_headgate/openapi/") || strings.HasPrefix(path, "/_headgate/code/")
}

// identify fills in who calls: the owner of the key if it is known, else the account that a
// 12-digit access key id names. The region is the credential scope's.
func (g *gateway) identify(ctx context.Context, req *request, who *caller.Caller) Identity {
	a := req.auth
	who.AccessKeyID, who.Region = a.accessKeyID, a.region
	if isAccount(a.accessKeyID) {
		who.Account = a.accessKeyID
	}
	if g.Credentials == nil || a.accessKeyID == "" || !g.Verify && isAccount(a.accessKeyID) {
		return Identity{}
	}
	found, err := g.Credentials.Identity(ctx, a.accessKeyID, a.sessionToken)
	switch {
	case errors.Is(err, ErrUnknownKey):
		if g.Verify {
			req.refuse(err)
		}
		return Identity{}
	case err != nil:
		req.refuse(err)
		return Identity{}
	}
	if found.Account != "" {
		who.Account = found.Account
	}
	who.ARN = found.ARN
	return found
}

// refuse notes the first reason.
func (req *request) refuse(err error) {
	if req.err == nil {
		req.err = err
	}
}

func isAccount(key string) bool {
	return len(key) == 12 && strings.Trim(key, "0123456789") == ""
}

// serve hands the request over, or answers why not in the service's own shape.
func (g *gateway) serve(w http.ResponseWriter, req *request) {
	r := req.Request
	// Without Verify broken credentials are as good as none; only what cannot be routed, or a
	// look-up that failed, is refused.
	if req.err != nil && !g.Verify && isAuthError(req.err) {
		req.err = nil
	}
	switch {
	case req.call != nil && req.err != nil:
		req.call.Fail(w, r, authError(req.err, familyOf(req.call)))
	case req.call != nil:
		req.call.ServeHTTP(w, r)
	case req.service == "":
		failNoService(w, r, authError(req.err, familyREST))
	case req.service == "headgate" && req.err != nil:
		failJSON(w, r, authError(req.err, familyREST))
	case req.service == "headgate" && g.Admin != nil:
		g.Admin.ServeHTTP(w, r)
	case req.service == "s3" && req.err != nil:
		failS3(w, r, authError(req.err, familyS3))
	case req.service == "s3" && g.S3 != nil:
		g.S3.ServeHTTP(w, r)
	default:
		http.NotFound(w, r)
	}
}

// recorder remembers the status for the access log.
type recorder struct {
	http.ResponseWriter
	status int
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap and Flush let handlers stream.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
func (w *recorder) Flush()                      { _ = http.NewResponseController(w.ResponseWriter).Flush() }

func (g *gateway) logAccess(req *request, w *recorder, requestID string, start time.Time) {
	if !g.Log.Enabled(req.Context(), slog.LevelDebug) {
		return
	}
	operation := req.Method + " " + req.URL.Path // never the query: it may carry a signature
	if req.call != nil {
		operation = req.call.Operation
	}
	g.Log.LogAttrs(req.Context(), slog.LevelDebug, "request", slog.String("service", req.service), slog.String("operation", operation),
		slog.Int("status", w.status), slog.Duration("took", time.Since(start)), slog.String("request_id", requestID))
}
