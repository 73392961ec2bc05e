package cli

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/headgate/headgate/internal/rollout"
)

// rolloutView is one deployment as people want to see it; its JSON is what --json prints.
type rolloutView struct {
	ID           string          `json:"id"`
	Application  string          `json:"application"`
	Group        string          `json:"group"`
	Function     string          `json:"function"`
	Alias        string          `json:"alias"`
	From         string          `json:"from"`
	To           string          `json:"to"`
	Status       string          `json:"status"`
	Weight       float64         `json:"weight"` // percent of the traffic that the new version gets
	Config       string          `json:"config"`
	Creator      string          `json:"creator"`
	Created      time.Time       `json:"created"`
	Lifecycle    []lifecycleView `json:"lifecycle"`
	Alarms       []alarmView     `json:"alarms,omitempty"`
	Left         time.Duration   `json:"-"` // platform time to the last shift
	LeftSeconds  float64         `json:"secondsLeft,omitempty"`
	Error        string          `json:"error,omitempty"`
	RolledBackBy string          `json:"rollback,omitempty"`
	RollbackOf   string          `json:"rollbackOf,omitempty"`
}

type lifecycleView struct {
	Name    string `json:"name"`
	Status  string `json:"status"`
	Message string `json:"message,omitempty"`
}

type alarmView struct {
	Name  string `json:"name"`
	State string `json:"state"`
}

func (r *rolloutView) over() bool {
	switch types.DeploymentStatus(r.Status) {
	case types.DeploymentStatusSucceeded, types.DeploymentStatusFailed, types.DeploymentStatusStopped:
		return true
	}
	return false
}

// look reads all there is to see of a deployment.
func (w *rolloutWatch) look(deployment string) (*rolloutView, error) {
	got, err := w.deploys.GetDeployment(w.e.ctx, &codedeploy.GetDeploymentInput{DeploymentId: &deployment})
	if err != nil {
		return nil, err
	}
	d := got.DeploymentInfo
	r := &rolloutView{ID: deployment, Application: aws.ToString(d.ApplicationName), Group: aws.ToString(d.DeploymentGroupName),
		Status: string(d.Status), Config: aws.ToString(d.DeploymentConfigName), Creator: string(d.Creator),
		Created: aws.ToTime(d.CreateTime), Error: errorText(d.ErrorInformation)}
	if i := d.RollbackInfo; i != nil {
		if i.RollbackTriggeringDeploymentId != nil {
			r.RollbackOf = aws.ToString(i.RollbackMessage)
		} else {
			r.RolledBackBy = aws.ToString(i.RollbackMessage)
		}
	}
	began, err := w.target(r)
	if err != nil {
		return nil, err
	}
	if err := w.alarms(r); err != nil {
		return nil, err
	}
	if !r.over() && !began.IsZero() {
		r.Left = w.left(r.Config, began).Round(time.Second)
		r.LeftSeconds = r.Left.Seconds()
	}
	return r, nil
}

// target fills in the function, its weight and the lifecycle; it answers when traffic began to shift.
func (w *rolloutWatch) target(r *rolloutView) (began time.Time, err error) {
	list, err := w.deploys.ListDeploymentTargets(w.e.ctx, &codedeploy.ListDeploymentTargetsInput{DeploymentId: &r.ID})
	if err != nil || len(list.TargetIds) == 0 {
		return began, err
	}
	got, err := w.deploys.GetDeploymentTarget(w.e.ctx, &codedeploy.GetDeploymentTargetInput{DeploymentId: &r.ID, TargetId: &list.TargetIds[0]})
	if err != nil || got.DeploymentTarget.LambdaTarget == nil {
		return began, err
	}
	t := got.DeploymentTarget.LambdaTarget
	if f := t.LambdaFunctionInfo; f != nil {
		r.Function, r.Alias = aws.ToString(f.FunctionName), aws.ToString(f.FunctionAlias)
		r.From, r.To = aws.ToString(f.CurrentVersion), aws.ToString(f.TargetVersion)
		r.Weight = f.TargetVersionWeight * 100 // a fraction, whatever its documentation says
	}
	for _, l := range t.LifecycleEvents {
		v := lifecycleView{Name: aws.ToString(l.LifecycleEventName), Status: string(l.Status)}
		if l.Diagnostics != nil {
			v.Message = aws.ToString(l.Diagnostics.Message)
		}
		r.Lifecycle = append(r.Lifecycle, v)
		if v.Name == "AllowTraffic" && v.Status == string(types.LifecycleEventStatusInProgress) {
			began = aws.ToTime(l.StartTime)
		}
	}
	return began, nil
}

// alarms fills in the states of the alarms that guard the deployment.
func (w *rolloutWatch) alarms(r *rolloutView) error {
	key := r.Application + "/" + r.Group
	names, known := w.guards[key]
	if !known {
		got, err := w.deploys.GetDeploymentGroup(w.e.ctx, &codedeploy.GetDeploymentGroupInput{ApplicationName: &r.Application, DeploymentGroupName: &r.Group})
		if err != nil {
			return nil //nolint:nilerr // deleted since: an old deployment is shown without
		}
		if c := got.DeploymentGroupInfo.AlarmConfiguration; c != nil && c.Enabled {
			for _, a := range c.Alarms {
				names = append(names, aws.ToString(a.Name))
			}
		}
		w.guards[key] = names
	}
	if len(names) == 0 {
		return nil
	}
	out, err := w.watch.DescribeAlarms(w.e.ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: names})
	if err != nil {
		return err
	}
	for _, a := range out.MetricAlarms {
		r.Alarms = append(r.Alarms, alarmView{aws.ToString(a.AlarmName), string(a.StateValue)})
	}
	return nil
}

// left is the platform time until all traffic has been shifted.
func (w *rolloutWatch) left(config string, began time.Time) time.Duration {
	traffic, ok := w.configs[config]
	if !ok {
		out, err := w.deploys.GetDeploymentConfig(w.e.ctx, &codedeploy.GetDeploymentConfigInput{DeploymentConfigName: &config})
		if err != nil || out.DeploymentConfigInfo.TrafficRoutingConfig == nil {
			return 0
		}
		traffic = trafficOf(out.DeploymentConfigInfo.TrafficRoutingConfig)
		w.configs[config] = traffic
	}
	end := began
	for at, next := traffic.At(began, began); at < 100 && !next.IsZero(); at, next = traffic.At(began, next) {
		end = next
	}
	now, err := platformNow(w.e)
	if err != nil {
		return 0
	}
	return max(0, end.Sub(now))
}

func trafficOf(c *types.TrafficRoutingConfig) rollout.TrafficConfig {
	t := rollout.TrafficConfig{Type: rollout.TrafficType(c.Type)}
	if x := c.TimeBasedCanary; x != nil {
		t.Percentage, t.IntervalMinutes = int(x.CanaryPercentage), int(x.CanaryInterval)
	}
	if x := c.TimeBasedLinear; x != nil {
		t.Percentage, t.IntervalMinutes = int(x.LinearPercentage), int(x.LinearInterval)
	}
	return t
}

const barWidth = 20

// bar draws a weight in percent.
func bar(percent float64) string {
	full := int(math.Round(percent / 100 * barWidth))
	return fmt.Sprintf("[%s%s] %3.0f %%", strings.Repeat("█", full), strings.Repeat("·", barWidth-full), percent)
}
