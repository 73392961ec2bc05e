package cloudformation

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
)

// platform is the service on its engine, over a store and a world that outlive it.
type platform struct {
	*Service
	t      *testing.T
	db     *db.DB
	engine *durable.Engine
	world  *world
	ctx    context.Context
}

func start(t *testing.T, d *db.DB, w *world) *platform {
	t.Helper()
	now := time.Now()
	c := clock.New(clock.Anchor{Wall: now, Platform: now, Rate: 100})
	e := durable.New(d, c, "node")
	s := New(Deps{DB: d, Engine: e, Clock: c, Peers: w.peers()})
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	return &platform{Service: s, t: t, db: d, engine: e, world: w, ctx: t.Context()}
}

// again is the platform after a kill: nothing but store and world is left.
func (p *platform) again() *platform {
	p.t.Helper()
	p.engine.Stop()
	return start(p.t, p.db, p.world)
}

func (p *platform) create(name, template string, parameters ...string) {
	p.t.Helper()
	_, err := p.CreateStack(p.ctx, &cloudformation.CreateStackInput{StackName: &name, TemplateBody: &template,
		Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam, types.CapabilityCapabilityAutoExpand}, Parameters: params(parameters)})
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *platform) update(name, template string, parameters ...string) {
	p.t.Helper()
	_, err := p.UpdateStack(p.ctx, &cloudformation.UpdateStackInput{StackName: &name, TemplateBody: &template,
		Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam, types.CapabilityCapabilityAutoExpand}, Parameters: params(parameters)})
	if err != nil {
		p.t.Fatal(err)
	}
}

func params(kv []string) (out []types.Parameter) {
	for _, x := range kv {
		k, v, _ := strings.Cut(x, "=")
		out = append(out, types.Parameter{ParameterKey: &k, ParameterValue: &v})
	}
	return out
}

// settled waits until the stack is not at work any more and returns it.
func (p *platform) settled(name, want string) types.Stack {
	p.t.Helper()
	deadline := time.Now().Add(90 * time.Second)
	for {
		out, err := p.DescribeStacks(p.ctx, &cloudformation.DescribeStacksInput{StackName: &name})
		if err != nil {
			p.t.Fatal(err)
		}
		st := out.Stacks[0]
		if status := string(st.StackStatus); !strings.HasSuffix(status, "_IN_PROGRESS") || status == "REVIEW_IN_PROGRESS" {
			if status != want {
				p.t.Fatalf("stack is %s (%s), want %s\n%s", status, aws.ToString(st.StackStatusReason), want, p.events(*st.StackId))
			}
			return st
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("stack stays %s\n%s", st.StackStatus, p.events(*st.StackId))
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// events lists a stack's events, oldest first: "Logical STATUS reason".
func (p *platform) events(name string) string {
	p.t.Helper()
	var lines []string
	var token *string
	for {
		out, err := p.DescribeStackEvents(p.ctx, &cloudformation.DescribeStackEventsInput{StackName: &name, NextToken: token})
		if err != nil {
			p.t.Fatal(err)
		}
		for _, e := range out.StackEvents {
			lines = append([]string{strings.TrimSpace(aws.ToString(e.LogicalResourceId) + " " + string(e.ResourceStatus) + " " + aws.ToString(e.ResourceStatusReason))}, lines...)
		}
		if token = out.NextToken; token == nil {
			return strings.Join(lines, "\n")
		}
	}
}

func (p *platform) physical(stack, logical string) string {
	p.t.Helper()
	out, err := p.DescribeStackResource(p.ctx, &cloudformation.DescribeStackResourceInput{StackName: &stack, LogicalResourceId: &logical})
	if err != nil {
		p.t.Fatal(err)
	}
	return aws.ToString(out.StackResourceDetail.PhysicalResourceId)
}

func outputs(st types.Stack) map[string]string {
	m := map[string]string{}
	for _, o := range st.Outputs {
		m[*o.OutputKey] = *o.OutputValue
	}
	return m
}
