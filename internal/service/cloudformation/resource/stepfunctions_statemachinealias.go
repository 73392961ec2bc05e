package resource

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// machineAlias is AWS::StepFunctions::StateMachineAlias. Its physical id is its ARN. With a
// DeploymentPreference of type CANARY or LINEAR a change of its version is shifted over time by
// CloudFormation itself (stepfunctions_statemachinealias_shift.go): CodeDeploy has no part in it.
type machineAlias struct {
	sfn        StepFunctions
	cloudwatch CloudWatch // nil: a preference must not name alarms
}

func (*machineAlias) Schema() *Schema {
	return schema("AWS::StepFunctions::StateMachineAlias", `
		Name*
		Description
		StateMachineArn*
		RoutingConfiguration[].StateMachineVersionArn!
		RoutingConfiguration[].Weight! int
		DeploymentPreference.StateMachineVersionArn!
		DeploymentPreference.Type!
		DeploymentPreference.Percentage int
		DeploymentPreference.Interval int
		DeploymentPreference.Alarms[]
	`).with(func(s *Schema) {
		s.Attributes = []string{"Arn"}
		s.Name = NameRule{Property: "Name", Max: 80, Short: true}
		s.rule = func(p Properties) error {
			if routing, preference := p["RoutingConfiguration"] != nil, p["DeploymentPreference"] != nil; routing == preference {
				return errors.New("Property validation failed. Specify exactly one of [RoutingConfiguration] and [DeploymentPreference].")
			}
			return preferenceOf(p).check()
		}
	})
}

// routing is an alias's: percent by version ARN.
type routing map[string]int32

func (r routing) equal(o routing) bool {
	for _, x := range []routing{r, o} {
		for v := range x {
			if r[v] != o[v] {
				return false
			}
		}
	}
	return true
}

// list is the routing as Step Functions takes it, heaviest first; a version without weight is left out.
func (r routing) list() (out []types.RoutingConfigurationListItem) {
	for v, weight := range r {
		if weight > 0 {
			out = append(out, types.RoutingConfigurationListItem{StateMachineVersionArn: aws.String(v), Weight: weight})
		}
	}
	slices.SortFunc(out, func(a, b types.RoutingConfigurationListItem) int {
		if a.Weight != b.Weight {
			return int(b.Weight - a.Weight)
		}
		return strings.Compare(*a.StateMachineVersionArn, *b.StateMachineVersionArn)
	})
	return out
}

func (r routing) String() string {
	var parts []string
	for _, x := range r.list() {
		parts = append(parts, fmt.Sprintf("%s: %d %%", *x.StateMachineVersionArn, x.Weight))
	}
	return strings.Join(parts, ", ")
}

// wanted is the routing that properties come to in the end.
func wanted(p Properties) (routing, error) {
	if v := p.object("DeploymentPreference").text("StateMachineVersionArn"); v != "" {
		return routing{v: 100}, nil
	}
	var items []types.RoutingConfigurationListItem
	into := struct {
		RoutingConfiguration *[]types.RoutingConfigurationListItem
	}{&items}
	if err := Decode(Properties{"RoutingConfiguration": p.list("RoutingConfiguration")}, &into); err != nil {
		return nil, err
	}
	out := routing{}
	for _, x := range *into.RoutingConfiguration {
		out[aws.ToString(x.StateMachineVersionArn)] += x.Weight
	}
	return out, nil
}

// aliasID is the ARN that the alias has or will have: that of its versions' state machine, and its name.
func (h *machineAlias) aliasID(r Request) (string, error) {
	if strings.HasPrefix(r.PhysicalID, "arn:") {
		return r.PhysicalID, nil
	}
	to, err := wanted(r.Properties)
	if err != nil {
		return "", err
	}
	for v := range to {
		return machineOf(v) + ":" + r.Name, nil
	}
	return "", failf("#/RoutingConfiguration: expected minimum item count: 1, found: 0")
}

func (h *machineAlias) Exists(ctx context.Context, r Request) (bool, error) {
	id, err := h.aliasID(r)
	if err != nil {
		return false, err
	}
	_, err = h.sfn.DescribeStateMachineAlias(ctx, &sfn.DescribeStateMachineAliasInput{StateMachineAliasArn: &id})
	return exists(err, "ResourceNotFound", "StateMachineDoesNotExist")
}

// Create makes the alias with all of its traffic at once: there is nothing to shift from.
func (h *machineAlias) Create(ctx context.Context, r Request) (Result, error) {
	id, err := h.aliasID(r)
	if err != nil {
		return Result{}, err
	}
	there, err := h.Exists(ctx, r)
	if err != nil {
		return Result{}, err
	}
	if there { // an earlier call has made it
		return h.set(ctx, r, id)
	}
	to, err := wanted(r.Properties)
	if err != nil {
		return Result{}, err
	}
	in := &sfn.CreateStateMachineAliasInput{Name: &r.Name, RoutingConfiguration: to.list()}
	if d := r.Properties.text("Description"); d != "" {
		in.Description = &d
	}
	_, err = h.sfn.CreateStateMachineAlias(ctx, in)
	return aliasResult(id), err
}

func aliasResult(id string) Result {
	return Result{PhysicalID: id, Attributes: map[string]any{"Arn": id}}
}

func (h *machineAlias) Update(ctx context.Context, r Request) (Result, error) {
	p := preferenceOf(r.Properties)
	if !r.Rollback && p.gradual() {
		return h.begin(ctx, r, p)
	}
	return h.set(ctx, r, r.PhysicalID)
}

// set brings the alias to what the properties say at once, unless it is there already.
func (h *machineAlias) set(ctx context.Context, r Request, id string) (Result, error) {
	to, err := wanted(r.Properties)
	if err != nil {
		return Result{}, err
	}
	have, description, err := h.read(ctx, id)
	if err != nil {
		return Result{}, err
	}
	if have.equal(to) && description == r.Properties.text("Description") {
		return aliasResult(id), nil
	}
	return aliasResult(id), h.route(ctx, r, to)
}

func (h *machineAlias) read(ctx context.Context, id string) (have routing, description string, err error) {
	out, err := h.sfn.DescribeStateMachineAlias(ctx, &sfn.DescribeStateMachineAliasInput{StateMachineAliasArn: &id})
	if err != nil {
		return nil, "", err
	}
	have = routing{}
	for _, x := range out.RoutingConfiguration {
		have[aws.ToString(x.StateMachineVersionArn)] += x.Weight
	}
	return have, aws.ToString(out.Description), nil
}

// route sets the alias's traffic, and its description along.
func (h *machineAlias) route(ctx context.Context, r Request, to routing) error {
	id, err := h.aliasID(r)
	if err != nil {
		return err
	}
	_, err = h.sfn.UpdateStateMachineAlias(ctx, &sfn.UpdateStateMachineAliasInput{StateMachineAliasArn: &id,
		RoutingConfiguration: to.list(), Description: aws.String(r.Properties.text("Description"))})
	return err
}

func (h *machineAlias) Delete(ctx context.Context, r Request) (Result, error) {
	id, err := h.aliasID(r)
	if err != nil {
		return Result{}, nil //nolint:nilerr // without a version it was never made
	}
	_, err = h.sfn.DeleteStateMachineAlias(ctx, &sfn.DeleteStateMachineAliasInput{StateMachineAliasArn: &id})
	return Result{}, unless(err, "ResourceNotFound", "StateMachineDoesNotExist")
}
