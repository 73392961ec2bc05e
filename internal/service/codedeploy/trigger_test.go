package codedeploy

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

// lines is a log that can be read while it is written.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.buf.String(), text)
}

// There is no SNS: each message that a trigger would have sent is said not to be, once.
func TestTriggersAreKeptAndReportedAsNotSent(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := newFixture(t, d)
		var log lines
		f.log = slog.New(slog.NewTextHandler(&log, nil))
		triggers := []types.TriggerConfig{{TriggerName: aws.String("t"), TriggerTargetArn: aws.String("arn:aws:sns:us-east-1:000000000000:topic"),
			TriggerEvents: []types.TriggerEventType{"DeploymentStart", "DeploymentStop", "DeploymentRollback", "DeploymentSuccess"}}}
		_, err := f.UpdateDeploymentGroup(t.Context(), &codedeploy.UpdateDeploymentGroupInput{ApplicationName: aws.String("app"),
			CurrentDeploymentGroupName: aws.String("group"), TriggerConfigurations: triggers})
		f.ok(err)
		g, err := f.GetDeploymentGroup(t.Context(), &codedeploy.GetDeploymentGroupInput{ApplicationName: aws.String("app"), DeploymentGroupName: aws.String("group")})
		if err != nil || encode(g.DeploymentGroupInfo.TriggerConfigurations) != encode(triggers) {
			t.Errorf("%v %v", g, err)
		}
		id := f.deploy(spec())
		f.untilShare(10)
		f.alarm("errors")
		f.untilStatus(id, types.DeploymentStatusStopped)
		back := *f.untilRolledBack(id).DeploymentId
		f.done()
		for event, deployment := range map[string]string{"DeploymentStart": id, "DeploymentStop": id, "DeploymentRollback": back, "DeploymentSuccess": back} {
			if n := log.count("deployment=" + deployment + " event=" + event + " "); n != 1 {
				t.Errorf("%s reported %d times", event, n)
			}
		}
	})
}
