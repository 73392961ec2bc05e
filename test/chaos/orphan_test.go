package chaos

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// TestNoFunctionOutlivesTheServer kills the server while functions run: kill itself fails the test if one of them goes
// on. The next start removes the control groups and files that they had.
func TestNoFunctionOutlivesTheServer(t *testing.T) {
	onEachStore(t, func(t *testing.T, store func(t *testing.T) string, luck *rand.Rand) {
		p := newPlatform(t, store(t), 1, luck)
		p.function("app", "app", nil)
		p.function("slow", "witness", map[string]string{"HOLD": "15s"})
		var running sync.WaitGroup
		defer running.Wait()
		for _, f := range []string{"app", "app", "slow", "slow"} {
			running.Go(func() { // fails when the server does
				p.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &f, Payload: []byte(`{"DeploymentId": "d", "LifecycleEventHookExecutionId": "e"}`)})
			})
		}
		p.until("all functions have processes", func(context.Context) (bool, error) {
			return bootstraps(descendants(p.cmd.Process.Pid)) >= 3, nil // app may have served both with one
		})
		time.Sleep(upTo(luck, 100*time.Millisecond))
		killed := p.kill()
		if bootstraps(killed) < 3 {
			t.Errorf("only %v ran: that shows nothing", killed)
		}
		p.start()
		for _, x := range killed {
			for _, dir := range x.groups {
				if b, err := os.ReadFile(filepath.Join(dir, "cgroup.procs")); err == nil && len(b) == 0 {
					t.Errorf("the control group of %v is left: %s", x, dir)
				}
			}
		}
		mounts, err := os.ReadFile("/proc/self/mountinfo")
		if must(t, 0, err); strings.Contains(string(mounts), p.dir) {
			t.Errorf("mounts are left in %s", p.dir)
		}
		out, err := p.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("app"), Payload: []byte(`"again"`)})
		if err != nil || string(out.Payload) != `"again"` {
			t.Errorf("after the restart: %v, %+v", err, out)
		}
	})
}

// bootstraps counts the processes that are functions.
func bootstraps(all []process) (n int) {
	for _, p := range all {
		if strings.HasSuffix(p.name, "bootstrap") {
			n++
		}
	}
	return n
}
