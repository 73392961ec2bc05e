package cloudformation

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/service/cloudformation/resource"
)

// world is the services that own the resources, kept in memory. It outlives the platform under
// test, as real services outlive a kill.
type world struct {
	mu          sync.Mutex
	functions   map[string]*function
	deployments map[string]*deployment
	groups      map[string]*group
	configs     map[string]bool
	apps        map[string]bool
	roles       map[string]*role
	policies    map[string]int // ARN → versions
	alarms      map[string]string
	logGroups   map[string]int32
	buckets     map[string]bool

	calls   []string         // every changing call that had an effect: "CreateFunction f"
	refuse  map[string]error // "CreateFunction" or "CreateFunction f" → answer
	polls   int              // until a new function is active; 1 unless set
	failing bool             // deployments fail and roll back
	holding bool             // deployments stay in progress until stopped

	// crash: the call with this number (from 1) of all calls never answers. Its effect has happened
	// if after is set.
	crashAt    int
	crashAfter bool
	number     int
	crashed    chan struct{}
	running    int // calls at this moment
	peak       int
	slow       chan struct{} // when set, changing calls wait for it to close
}

type function struct {
	code, config string
	polls        int // until it is settled
	update       bool
	versions     []string // snapshots: code+config
	deleted      map[int]bool
	aliases      map[string]*alias
	permissions  map[string]bool
	tags         map[string]string
	env          map[string]string
}

type alias struct {
	version, description string
	weights              map[string]float64
}

type role struct {
	trust    string
	inline   map[string]string
	attached map[string]bool
}

func newWorld() *world {
	return &world{functions: map[string]*function{}, deployments: map[string]*deployment{}, groups: map[string]*group{}, configs: map[string]bool{},
		apps: map[string]bool{}, roles: map[string]*role{}, policies: map[string]int{}, alarms: map[string]string{}, logGroups: map[string]int32{},
		buckets: map[string]bool{}, refuse: map[string]error{}, crashed: make(chan struct{}, 1)}
}

func (w *world) peers() resource.Peers {
	return resource.Peers{Lambda: &fakeLambda{w: w}, CodeDeploy: &fakeDeploy{w: w}, IAM: &fakeIAM{w: w},
		CloudWatch: &fakeCloudWatch{w: w}, Logs: &fakeLogs{w: w}, S3: &fakeS3{w: w}}
}

// act runs one call: f under the lock, with the refusals and the crash that the test has asked for.
func (w *world) act(ctx context.Context, name, key string, f func() error) error {
	w.mu.Lock()
	w.running++
	w.peak = max(w.peak, w.running)
	slow := w.slow
	w.mu.Unlock()
	if slow != nil && !strings.HasPrefix(name, "Get") && !strings.HasPrefix(name, "List") && !strings.HasPrefix(name, "Describe") {
		select {
		case <-slow:
		case <-ctx.Done():
		}
	}
	w.mu.Lock()
	w.running--
	w.number++
	crash := w.number == w.crashAt
	var err error
	for _, k := range []string{name, name + " " + key} {
		if e := w.refuse[k]; e != nil {
			err = e
		}
	}
	if err == nil && (!crash || w.crashAfter) {
		if err = f(); err == nil {
			w.calls = append(w.calls, name+" "+key)
		}
	}
	w.mu.Unlock()
	if crash {
		w.crashed <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

func (w *world) count(prefix string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.calls {
		if strings.HasPrefix(c, prefix) {
			n++
		}
	}
	return n
}

func fault(code, format string, args ...any) error {
	return &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}

// snapshot describes all that exists, for comparison.
func (w *world) snapshot() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for name, f := range w.functions {
		add("function %s %s %s %v", name, f.code, f.config, f.tags)
		for n, a := range f.aliases {
			add("alias %s:%s → %s %v %s", name, n, a.version, a.weights, a.description)
		}
		for i := range f.versions {
			if !f.deleted[i+1] {
				add("version %s:%d %s", name, i+1, f.versions[i])
			}
		}
		for p := range f.permissions {
			add("permission %s %s", name, p)
		}
	}
	for n, r := range w.roles {
		add("role %s %s %v %v", n, r.trust, slices.Sorted(maps.Keys(r.inline)), slices.Sorted(maps.Keys(r.attached)))
	}
	for n, g := range w.groups {
		add("group %s %s", n, g.config)
	}
	for n := range w.apps {
		add("application %s", n)
	}
	for n := range w.configs {
		add("config %s", n)
	}
	for n, v := range w.policies {
		add("policy %s %d", n, v)
	}
	for n, v := range w.alarms {
		add("alarm %s %s", n, v)
	}
	for n, v := range w.logGroups {
		add("log group %s %d", n, v)
	}
	for n := range w.buckets {
		add("bucket %s", n)
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}
