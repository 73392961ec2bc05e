package cloudformation

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

// A kill before or after the effect of any single call, of any operation, changes nothing about how
// the operation ends: the same resources, each made once.
func TestAKillAtAnyCallChangesNothingAboutTheOutcome(t *testing.T) {
	type operation struct {
		name    string
		failing bool
		begin   func(p *platform)
		end     string
	}
	update := func(p *platform) { p.update("app", first(gradually("two")), second(gradually("two"))) }
	for _, o := range []operation{
		{"create", false, func(p *platform) { p.create("app", first(gradually("one")), second(gradually("one"))) }, "CREATE_COMPLETE"},
		{"update", false, update, "UPDATE_COMPLETE"},
		{"rollback", true, update, "UPDATE_ROLLBACK_COMPLETE"},
		{"delete", false, func(p *platform) {
			if _, err := p.DeleteStack(p.ctx, &cloudformation.DeleteStackInput{StackName: ptr("app")}); err != nil {
				p.t.Fatal(err)
			}
		}, "DELETE_COMPLETE"},
	} {
		t.Run(o.name, func(t *testing.T) {
			run := func(t *testing.T, d *db.DB, at int, after bool) (calls int, result string) {
				w := newWorld()
				p := start(t, d, w)
				id := "app"
				if o.name != "create" {
					p.create("app", first(gradually("one")), second(gradually("one")))
					id = *p.settled("app", "CREATE_COMPLETE").StackId
				}
				w.mu.Lock()
				w.number, w.crashAt, w.crashAfter, w.failing = 0, at, after, o.failing
				w.mu.Unlock()
				o.begin(p)
				if at > 0 {
					select {
					case <-w.crashed:
						p = p.again()
					case <-time.After(60 * time.Second):
						t.Fatalf("no call number %d", at)
					}
				}
				p.settled(id, o.end)
				w.mu.Lock()
				defer w.mu.Unlock()
				made := map[string]int{}
				for _, c := range w.calls {
					if verb, _, _ := strings.Cut(c, " "); strings.HasPrefix(verb, "Create") {
						made[verb]++
					}
				}
				return w.number, fmt.Sprint(made) + shape(w)
			}
			calls, want := run(t, dbtest.Open(t, dbtest.SQLite(t)), 0, false)
			step := 1
			if testing.Short() {
				step = 5
			}
			for at := 1; at <= calls; at += step {
				for _, after := range []bool{false, true} {
					t.Run(fmt.Sprintf("%d/%v", at, after), func(t *testing.T) {
						if _, got := run(t, dbtest.Open(t, dbtest.SQLite(t)), at, after); got != want {
							t.Errorf("got:\n%s\nwant:\n%s", got, want)
						}
					})
					if at%8 != 0 {
						continue
					}
					t.Run(fmt.Sprintf("%d/%v/postgres", at, after), func(t *testing.T) {
						if _, got := run(t, dbtest.Open(t, dbtest.Postgres(t)), at, after); got != want {
							t.Errorf("got:\n%s\nwant:\n%s", got, want)
						}
					})
				}
			}
		})
	}
}

// shape is the world without the generated parts of names. Call it under the world's lock.
func shape(w *world) string {
	var out []string
	for name, f := range w.functions {
		out = append(out, fmt.Sprint(len(name), f.code, len(f.versions), f.deleted, len(f.aliases), f.aliases["live"]))
		if a := f.aliases["live"]; a != nil {
			out = append(out, a.version, fmt.Sprint(a.weights))
		}
	}
	out = append(out, fmt.Sprint(len(w.roles), len(w.apps), len(w.groups), len(w.deployments)))
	for i, s := range out { // pointers print as addresses
		if j := strings.Index(s, "0x"); j >= 0 {
			out[i] = s[:j]
		}
	}
	return strings.Join(out, "; ")
}

func TestAStackOfHundredsOfEventsPagesAndSurvivesARestart(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		var b strings.Builder
		b.WriteString("Resources:\n")
		for i := range 120 {
			fmt.Fprintf(&b, "  H%d: {Type: AWS::CloudFormation::WaitConditionHandle", i)
			if i >= 10 {
				fmt.Fprintf(&b, ", DependsOn: H%d", i-10)
			}
			b.WriteString("}\n")
		}
		p := start(t, d, newWorld())
		p.create("big", b.String())
		p = p.again()
		p.settled("big", "CREATE_COMPLETE")
		lines := strings.Split(p.events("big"), "\n")
		if len(lines) != 2+3*120 {
			t.Errorf("%d events, want two of the stack and three of each resource", len(lines))
		}
		if lines[0] != "big CREATE_IN_PROGRESS User Initiated" || lines[len(lines)-1] != "big CREATE_COMPLETE" {
			t.Errorf("first %q, last %q", lines[0], lines[len(lines)-1])
		}
	})
}
