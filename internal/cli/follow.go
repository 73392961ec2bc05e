package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// stackWatch shows a stack operation as it goes: resource events, and every rollout that they start.
type stackWatch struct {
	e        *env
	client   *cloudformation.Client
	stack    string
	seen     map[string]bool
	rollouts *rolloutWatch
	reason   string // of the first failure
	began    time.Time
	shifting bool // an alias has been updated: there may be rollouts
}

// follow shows the operation that runs on the stack until it ends. The error is a failure if it did not end well.
func follow(e *env, cfg aws.Config, stack string) error {
	return newStackWatch(e, cfg, stack).run()
}

func newStackWatch(e *env, cfg aws.Config, stack string) *stackWatch {
	return &stackWatch{e: e, client: cloudformation.NewFromConfig(cfg), stack: stack, seen: map[string]bool{}, rollouts: newRolloutWatch(e, cfg)}
}

func (w *stackWatch) run() error {
	defer w.rollouts.close()
	if err := w.skipOlder(); err != nil {
		return err
	}
	for {
		out, err := w.client.DescribeStacks(w.e.ctx, &cloudformation.DescribeStacksInput{StackName: &w.stack})
		if err != nil {
			return err
		}
		for _, look := range []func() error{w.events, w.findRollouts, w.rollouts.refresh} { // after the status: the last look sees all
			if err := look(); err != nil {
				return err
			}
		}
		if s := out.Stacks[0]; !strings.HasSuffix(string(s.StackStatus), "_IN_PROGRESS") {
			return w.end(s)
		}
		select {
		case <-time.After(pollEvery):
		case <-w.e.ctx.Done():
			return w.e.ctx.Err()
		}
	}
}

// skipOlder remembers the events of earlier operations, so that only this one's are shown: everything before
// the newest "User Initiated".
func (w *stackWatch) skipOlder() error {
	events, err := w.all(w.e.ctx)
	if err != nil {
		return err
	}
	begin := slices.IndexFunc(events, func(ev types.StackEvent) bool { // newest first
		return aws.ToString(ev.ResourceStatusReason) == "User Initiated"
	})
	if begin >= 0 {
		w.began = aws.ToTime(events[begin].Timestamp)
	}
	for i, ev := range events {
		if begin >= 0 && i > begin {
			w.seen[aws.ToString(ev.EventId)] = true
		}
	}
	return nil
}

func (w *stackWatch) all(ctx context.Context) (events []types.StackEvent, err error) {
	pages := cloudformation.NewDescribeStackEventsPaginator(w.client, &cloudformation.DescribeStackEventsInput{StackName: &w.stack})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, ev := range out.StackEvents {
			if w.seen[aws.ToString(ev.EventId)] {
				return events, nil
			}
			events = append(events, ev)
		}
	}
	return events, nil
}

func (w *stackWatch) events() error {
	fresh, err := w.all(w.e.ctx)
	if err != nil {
		return err
	}
	for _, ev := range slices.Backward(fresh) {
		w.seen[aws.ToString(ev.EventId)] = true
		status, reason := string(ev.ResourceStatus), aws.ToString(ev.ResourceStatusReason)
		w.shifting = w.shifting || aws.ToString(ev.ResourceType) == "AWS::Lambda::Alias" && strings.HasPrefix(status, "UPDATE_")
		if w.reason == "" && strings.HasSuffix(status, "_FAILED") && !strings.Contains(reason, "cancelled") {
			w.reason = aws.ToString(ev.LogicalResourceId) + ": " + reason
		}
		if w.e.json {
			if err := w.e.print(map[string]any{"type": "resource", "time": ev.Timestamp, "id": ev.LogicalResourceId,
				"resourceType": ev.ResourceType, "status": status, "reason": reason}); err != nil {
				return err
			}
			continue
		}
		w.rollouts.line("%s  %-28s %s%s", aws.ToTime(ev.Timestamp).Format("15:04:05"), status, aws.ToString(ev.LogicalResourceId), after("  ", reason))
	}
	return nil
}

// findRollouts adds the deployments that the operation has started in the stack's deployment groups.
func (w *stackWatch) findRollouts() error {
	if !w.shifting {
		return nil
	}
	out, err := w.client.DescribeStackResources(w.e.ctx, &cloudformation.DescribeStackResourcesInput{StackName: &w.stack})
	if err != nil {
		return err
	}
	var apps, groups []string
	for _, r := range out.StackResources {
		switch aws.ToString(r.ResourceType) {
		case "AWS::CodeDeploy::Application":
			apps = append(apps, aws.ToString(r.PhysicalResourceId))
		case "AWS::CodeDeploy::DeploymentGroup":
			groups = append(groups, aws.ToString(r.PhysicalResourceId))
		}
	}
	for _, app := range apps {
		if err := w.rollouts.findIn(app, groups, w.began); err != nil {
			return err
		}
	}
	return nil
}

func (w *stackWatch) end(s types.Stack) error {
	status := string(s.StackStatus)
	good := slices.Contains([]string{"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"}, status)
	if w.e.json {
		outputs := map[string]string{}
		for _, o := range s.Outputs {
			outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
		}
		if err := w.e.print(map[string]any{"type": "result", "stack": s.StackName, "status": status, "reason": w.reason, "outputs": outputs}); err != nil {
			return err
		}
	} else {
		for _, o := range s.Outputs {
			if good && status != "DELETE_COMPLETE" {
				w.rollouts.line("%s = %s", aws.ToString(o.OutputKey), aws.ToString(o.OutputValue))
			}
		}
	}
	if good {
		w.rollouts.line("%s %s", aws.ToString(s.StackName), status)
		return nil
	}
	return failf("%s ended in %s%s", aws.ToString(s.StackName), status, after(". ", first(w.reason, aws.ToString(s.StackStatusReason))))
}

func after(separator, text string) string {
	if text == "" {
		return ""
	}
	return separator + text
}
