package codedeploy

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/headgate/headgate/internal/durable"
)

type announcement struct {
	DeploymentID string                 `json:"deploymentId"`
	Event        types.TriggerEventType `json:"event"`
	Targets      []string               `json:"targets"`
}

// trigger has the group's triggers for an event announced. The instance does not end before.
func (d *deciding) trigger(event types.TriggerEventType, run *progress) {
	a := announcement{DeploymentID: run.Spec.DeploymentID, Event: event}
	for _, t := range d.p.Triggers {
		if slices.Contains(t.TriggerEvents, event) {
			a.Targets = append(a.Targets, aws.ToString(t.TriggerTargetArn))
		}
	}
	if len(a.Targets) == 0 {
		return
	}
	id := a.DeploymentID + "/announce/" + string(event)
	d.p.Announcing = append(d.p.Announcing, id)
	d.effects = append(d.effects, durable.Effect{ID: id, Name: effectAnnounce, Args: a})
}

// announce says that a trigger's message was not sent: there is no SNS here.
func (s *Service) announce(_ context.Context, call durable.Call) (any, error) {
	var a announcement
	if err := json.Unmarshal(call.Args, &a); err != nil {
		return nil, err
	}
	for _, t := range a.Targets {
		s.log.Warn("trigger not sent: this platform has no SNS", "deployment", a.DeploymentID, "event", string(a.Event), "topic", t)
	}
	return nil, nil
}
