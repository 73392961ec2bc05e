package chaos

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/headgate/headgate/internal/db/dbtest"
)

// onPostgres runs test in rounds on PostgreSQL alone.
func onPostgres(t *testing.T, test func(t *testing.T, url string, luck *rand.Rand)) {
	t.Parallel()
	for round := range number(t, envRounds, 1) {
		t.Run(fmt.Sprint("round", round+1), func(t *testing.T) { test(t, dbtest.Postgres(t), chance(t)) })
	}
}

// TestDeploymentSurvivesLostConnections has the database end every connection, several times.
func TestDeploymentSurvivesLostConnections(t *testing.T) {
	onPostgres(t, func(t *testing.T, url string, luck *rand.Rand) {
		p := newPlatform(t, url, deploymentRate, luck)
		p.application(200 * time.Millisecond)
		p.connect(retry.NewStandard()) // a request whose connection ends is answered with an error that clients repeat
		admin, err := sql.Open("pgx", url)
		must(t, 0, err)
		defer admin.Close()
		d := p.deploy(quick, "1", "2", "hook", "hook")
		f := d.follow()
		for range 5 {
			time.Sleep(upTo(luck, shift))
			p.until("there are connections to end", func(ctx context.Context) (bool, error) {
				var ended int
				err := admin.QueryRowContext(ctx, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
					WHERE datname = current_database() AND pid <> pg_backend_pid()`).Scan(&ended)
				return ended > 0, err
			})
		}
		d.ends(shipped)
		if err := f.check(false); err != nil {
			t.Error(err)
		}
		d.another(shipped)
	})
}

// leaseTime is how soon another node must have taken over, in real time: the lease, its renewal, and a busy machine.
const leaseTime = 20 * time.Second

// TestAnotherNodeTakesOver kills the node that owns a deployment, for ever: the other one, which shares nothing with it but the
// database, ends it, hook and all.
func TestAnotherNodeTakesOver(t *testing.T) {
	onPostgres(t, func(t *testing.T, url string, luck *rand.Rand) {
		const rate = 20 // the lease is real time: a hook's hour must not be over before the lease is
		a := newPlatform(t, url, rate, luck)
		b := newPlatform(t, url, rate, luck)
		a.application(200 * time.Millisecond)
		d := a.deploy(quick, "1", "2", "hook", "hook")
		d.untilShare(25)
		time.Sleep(upTo(luck, time.Minute/rate))
		a.kill()
		died := time.Now()
		d.p = b
		f := d.follow()
		b.until("the deployment goes on", func(ctx context.Context) (bool, error) {
			s, err := d.share(ctx)
			return s == 100, err
		})
		if took := time.Since(died); took > leaseTime {
			t.Errorf("the other node took over after %v", took)
		}
		d.ends(shipped)
		if err := f.check(false); err != nil {
			t.Error(err)
		}
		out, err := b.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("app:live"), Payload: []byte(`"there"`)})
		if err != nil || string(out.Payload) != `"there"` {
			t.Errorf("the other node does not serve the function: %v, %+v", err, out)
		}
		d.another(shipped)
	})
}
