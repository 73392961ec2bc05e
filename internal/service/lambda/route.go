package lambda

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/db"
)

// directory is what the invoke path knows of functions. An entry is never changed, only replaced:
// a notice drops it, and the next invocation reads it anew.
type directory struct {
	s       *Service
	mu      sync.RWMutex
	entries map[key]*entry
	loading map[key]*load
}

type load struct {
	done  chan struct{}
	entry *entry
	err   error
}

// entry is a function as invocations need it.
type entry struct {
	key
	reserved    *int64
	reservedSum int64 // of all functions of the account in the region
	routes      map[string]route

	mu       sync.Mutex
	versions map[int64]*version // $LATEST and what aliases lead to; others as they are asked for
}

// route is an alias: where its invocations go.
type route struct {
	primary, additional int64
	weight              float64 // share of additional
}

// pick chooses for one invocation; each choice is independent of every other (FACTS §4).
func (r route) pick() int64 {
	if r.weight > 0 && rand.Float64() < r.weight {
		return r.additional
	}
	return r.primary
}

// version is one version as it serves.
type version struct {
	key
	number  int64
	name    string // "$LATEST" or the number
	arn     string // qualified
	state   types.State
	serves  *snapshot   // nil while nothing can be run
	retired atomic.Bool // environments of it are not kept for later
}

func (v *version) timeout() time.Duration {
	return time.Duration(aws.ToInt32(v.serves.Config.Timeout)) * time.Second
}

func newDirectory(s *Service) *directory {
	return &directory{s: s, entries: map[key]*entry{}, loading: map[key]*load{}}
}

// get returns the function's entry; it reads the store only after a change. It returns db.ErrNotFound.
func (d *directory) get(ctx context.Context, k key) (*entry, error) {
	d.mu.RLock()
	e := d.entries[k]
	d.mu.RUnlock()
	if e != nil {
		return e, nil
	}
	d.mu.Lock()
	if e = d.entries[k]; e != nil {
		d.mu.Unlock()
		return e, nil
	}
	l := d.loading[k]
	if l == nil {
		l = &load{done: make(chan struct{})}
		d.loading[k] = l
		go d.load(context.WithoutCancel(ctx), k, l)
	}
	d.mu.Unlock()
	select {
	case <-l.done:
		return l.entry, l.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (d *directory) load(ctx context.Context, k key, l *load) {
	l.err = d.s.DB.View(ctx, func(tx *db.Tx) (err error) {
		l.entry, err = readEntry(tx, k)
		return err
	})
	d.mu.Lock()
	if d.loading[k] == l { // else a notice came meanwhile: what was read may be old
		delete(d.loading, k)
		if l.err == nil {
			d.entries[k] = l.entry
		}
	}
	d.mu.Unlock()
	close(l.done)
}

func readEntry(tx *db.Tx, k key) (*entry, error) {
	fn, err := readFunction(tx, k, db.ErrNotFound)
	if err != nil {
		return nil, err
	}
	e := &entry{key: k, reserved: fn.reserved, routes: map[string]route{}, versions: map[int64]*version{}}
	if e.reservedSum, err = reservedSum(tx, k); err != nil {
		return nil, err
	}
	aliases, err := readAliases(tx, k)
	if err != nil {
		return nil, err
	}
	wanted := map[int64]bool{0: true}
	for _, a := range aliases {
		r := route{}
		r.primary, _ = versionNumber(*a.FunctionVersion)
		for v, w := range weights(a) {
			r.additional, _ = versionNumber(v)
			r.weight = w
			wanted[r.additional] = true
		}
		wanted[r.primary] = true
		e.routes[*a.Name] = r
	}
	for n := range wanted {
		if _, err := e.read(tx, n); err != nil && !errors.Is(err, db.ErrNotFound) {
			return nil, err
		}
	}
	return e, nil
}

// read adds a version from the store.
func (e *entry) read(tx *db.Tx, number int64) (*version, error) {
	row, err := readVersion(tx, e.key, number)
	if err != nil {
		return nil, err
	}
	v := &version{key: e.key, number: number, name: versionName(number), state: row.shown.Config.State, serves: row.serving}
	v.arn = e.key.arn(v.name)
	e.versions[number] = v
	return v, nil
}

// version returns a version of the function, or db.ErrNotFound.
func (d *directory) version(ctx context.Context, e *entry, number int64) (*version, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if v := e.versions[number]; v != nil {
		return v, nil
	}
	var v *version
	err := d.s.DB.View(ctx, func(tx *db.Tx) (err error) {
		v, err = e.read(tx, number)
		return err
	})
	return v, err
}

// resolve chooses the version for one invocation of t.
func (d *directory) resolve(ctx context.Context, t target) (*entry, *version, error) {
	missing := functionNotFound
	e, err := d.get(ctx, t.key)
	if err != nil {
		q := t.qualifier
		if q == "" {
			q = latest // AWS names it here
		}
		return nil, nil, orNotFound(err, missing(t.key.arn(q)))
	}
	number, isVersion := versionNumber(t.qualifier)
	if !isVersion {
		r, ok := e.routes[t.qualifier]
		if !ok {
			return nil, nil, missing(t.arn())
		}
		number = r.pick()
	}
	v, err := d.version(ctx, e, number)
	return e, v, orNotFound(err, missing(t.arn()))
}

// notice drops what a commit made old. It runs before the Update that committed returns.
func (d *directory) notice(n db.Notice) {
	var drop []*entry
	d.mu.Lock()
	k, one := parseKey(n.Payload)
	whole := func(x key) bool {
		return n.Payload == "" || k.name == "" && x.account == k.account && x.region == k.region
	}
	if one && k.name != "" {
		if e := d.entries[k]; e != nil {
			drop = append(drop, e)
		}
		delete(d.loading, k)
	} else {
		for x, e := range d.entries {
			if whole(x) {
				drop = append(drop, e)
			}
		}
		for x := range d.loading {
			if whole(x) {
				delete(d.loading, x)
			}
		}
	}
	for _, e := range drop {
		delete(d.entries, e.key)
	}
	d.mu.Unlock()
	for _, e := range drop {
		if d.s.pool.has(e.key) {
			d.s.background(func() { d.retire(e) })
		}
	}
}

// retire ends the environments of versions that are gone or serve other code by now.
func (d *directory) retire(old *entry) {
	now, err := d.get(d.s.life, old.key)
	if err != nil && !errors.Is(err, db.ErrNotFound) {
		return // the store is away: they are reaped when idle
	}
	keep := map[string]bool{}
	if now != nil {
		now.mu.Lock()
		for _, v := range now.versions {
			if v.serves != nil {
				keep[v.serves.Generation] = true
			}
		}
		now.mu.Unlock()
	}
	old.mu.Lock()
	defer old.mu.Unlock()
	for n, v := range old.versions {
		if v.serves == nil || keep[v.serves.Generation] {
			continue
		}
		if now != nil { // no alias leads there any more, but it may well be there: versions are cheap to keep warm
			if again, err := d.version(d.s.life, now, n); err == nil && again.serves != nil && again.serves.Generation == v.serves.Generation {
				continue
			}
		}
		v.retired.Store(true)
		d.s.pool.retire(old.key, v.serves.Generation)
	}
}

// accountKey is the notice payload that concerns all functions of an account in a region.
func accountKey(k key) string { return strings.Join([]string{k.account, k.region, ""}, "/") }
