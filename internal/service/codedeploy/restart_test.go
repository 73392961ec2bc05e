package codedeploy

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

// restart ends the platform's life, effects under way and all, and begins another.
func (f *fixture) restart() {
	f.Helper()
	f.stop()
	f.start()
}

func TestRestartAtEveryLifecycleEvent(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		release := make(chan struct{})
		f.lambda.hooks["hook"] = func(ctx context.Context, p []byte) error {
			select {
			case <-release: // closed: this life's hook may answer
				return f.calls("Succeeded")(ctx, p)
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		id := f.deploy(spec("BeforeAllowTraffic", "hook", "AfterAllowTraffic", "hook"))
		hookWaits := func(n int) {
			f.until("hook invoked", func() bool { f.lambda.mu.Lock(); defer f.lambda.mu.Unlock(); return len(f.lambda.invoked) == n })
		}
		hookWaits(1)
		f.restart()
		hookWaits(2)
		close(release)
		f.untilShare(10)
		release = make(chan struct{})
		f.restart()
		f.clock.Advance(9 * time.Minute)
		f.restart()
		f.clock.Advance(time.Minute)
		f.untilShare(100)
		hookWaits(3)
		f.restart()
		hookWaits(4)
		close(release)
		f.untilStatus(id, types.DeploymentStatusSucceeded)
		f.restart()
		f.done()
		if got := f.timeline(); len(got) != 2 || got[0] != (minutes{0, 10}) || got[1] != (minutes{10, 100}) {
			t.Errorf("shifts %v", got)
		}
	})
}

// An answer of UpdateAlias that a crash swallowed: the effect runs again and finds its work done.
func TestAliasUpdateWhoseAnswerWasLost(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		lose := true
		f.lambda.after = func(ctx context.Context) {
			if lose {
				<-ctx.Done()
			}
		}
		id := f.deploy(spec())
		f.untilShare(10)
		f.stop()
		lose = false
		f.start()
		f.until("weight recorded", func() bool { return f.target(id).LambdaFunctionInfo.TargetVersionWeight == 0.1 })
		f.clock.Advance(10 * time.Minute)
		f.untilStatus(id, types.DeploymentStatusSucceeded)
		f.done()
		if n := len(f.lambda.shifts()); n != 2 {
			t.Errorf("%d updates of the alias", n)
		}
	})
}

// Whatever moment the platform is killed at, a deployment ends as it would have, and the share of
// the new version only grows, until the one step back of a rollback.
func TestRestartAtRandomMoments(t *testing.T) {
	const seeds = 12
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			dbtest.Run(t, func(t *testing.T, d *db.DB) { restartAtRandom(t, d, rand.New(rand.NewPCG(seed, 1))) })
		})
	}
}

func restartAtRandom(t *testing.T, d *db.DB, r *rand.Rand) {
	f := newFixture(t, d)
	f.lambda.hooks["hook"] = func(ctx context.Context, p []byte) error { return f.calls("Succeeded")(ctx, p) }
	f.lambda.after = func(ctx context.Context) {
		if time.Now().UnixNano()%3 == 0 { // now and then the answer is slow, and a restart loses it
			select {
			case <-ctx.Done():
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	outcome := []string{"success", "alarm", "stop"}[r.IntN(3)]
	id := f.deploy(spec("BeforeAllowTraffic", "hook", "AfterAllowTraffic", "hook"), config("Linear10PercentEvery1Minute"))
	trouble := 2 + r.IntN(6)
	for step := 0; f.get(id).CompleteTime == nil; step++ {
		if step > 5000 {
			t.Fatal("the deployment does not end")
		}
		switch {
		case r.IntN(4) == 0:
			f.restart()
		case outcome == "alarm" && f.lambda.now().share("2") >= trouble*10:
			f.alarm("errors")
		case outcome == "stop" && f.lambda.now().share("2") >= trouble*10:
			if _, err := f.StopDeployment(t.Context(), &codedeploy.StopDeploymentInput{DeploymentId: &id}); err != nil && f.get(id).CompleteTime == nil {
				t.Fatal(err)
			}
		default:
			f.clock.Advance(time.Duration(r.IntN(40)) * time.Second)
		}
		time.Sleep(time.Duration(r.IntN(3000)) * time.Microsecond)
	}
	info, back := f.get(id), 0
	want := types.DeploymentStatusSucceeded
	if outcome != "success" {
		want, back = types.DeploymentStatusStopped, 1
		for range r.IntN(3) {
			f.restart()
		}
		f.untilRolledBack(id)
	}
	if info.Status != want {
		t.Fatalf("%s ended %s: %+v", outcome, info.Status, info.ErrorInformation)
	}
	f.done()
	shares, steps := f.lambda.shifts(), 0
	for i, s := range shares {
		before := 0
		if i > 0 {
			before = shares[i-1].share("2")
		}
		if s.share("2") <= before {
			steps++
			if s.share("2") != 0 || i != len(shares)-1 {
				t.Errorf("shift %d goes from %d %% to %d %%", i, before, s.share("2"))
			}
		}
	}
	if steps != back {
		t.Errorf("%d steps back in %v", steps, f.timeline())
	}
}
