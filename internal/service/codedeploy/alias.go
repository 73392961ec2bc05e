package codedeploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/rollout"
)

// aliasArgs is what setAlias wants done, and what it may find. It is fixed when the effect is
// decided, so a repeat after any time judges by the same terms.
type aliasArgs struct {
	Caller     caller.Caller       `json:"caller"`
	Deployment string              `json:"deployment"`
	Function   string              `json:"function"`
	Alias      string              `json:"alias"`
	Want       rollout.AliasUpdate `json:"want"`
	Expect     *rollout.AliasSeen  `json:"expect,omitempty"` // what the deployment left there; nil for a rollback
	Owned      []string            `json:"owned,omitempty"`  // versions that a rollback may find there
	Deadline   time.Time           `json:"deadline"`
}

// aliasResult answers setAlias. With a Failure the alias was not changed, as far as is known.
type aliasResult struct {
	Failure *rollout.Failure `json:"failure,omitempty"`
}

// aliasArgs makes the effect's arguments. What the deployment left at the alias follows from the
// weight that was confirmed last, since no update is decided before the one before is answered.
func (d *deciding) aliasArgs(run *progress, a rollout.Action) aliasArgs {
	spec := run.Spec
	args := aliasArgs{Caller: d.p.Caller, Deployment: spec.DeploymentID, Function: spec.FunctionName, Alias: spec.Alias,
		Want: *a.Alias, Deadline: d.now.Add(patience)}
	if spec.RollbackOf != "" {
		args.Owned, args.Deadline = []string{spec.CurrentVersion, spec.TargetVersion}, d.now.Add(rollbackPatience)
		return args
	}
	args.Expect = &rollout.AliasSeen{Version: spec.CurrentVersion}
	if run.Weight > 0 {
		args.Expect.Weights = map[string]float64{spec.TargetVersion: float64(run.Weight) / 100}
	}
	return args
}

// aliasSeen is an alias's answer in rollout's terms; a weight of zero is no weight.
func aliasSeen(version *string, routing *lambdatypes.AliasRoutingConfiguration) rollout.AliasSeen {
	seen := rollout.AliasSeen{Version: aws.ToString(version)}
	if routing != nil {
		seen.Weights = maps.Clone(routing.AdditionalVersionWeights)
		maps.DeleteFunc(seen.Weights, func(_ string, w float64) bool { return w == 0 })
	}
	return seen
}

// same compares aliases; weights went through JSON and decimal fractions on the way.
func same(a, b rollout.AliasSeen) bool {
	return a.Version == b.Version && maps.EqualFunc(a.Weights, b.Weights, func(x, y float64) bool { return math.Abs(x-y) < 1e-9 })
}

// admits tells whether the alias, as it was found, may be overwritten: a shift replaces exactly
// what the deployment itself left, a rollback any mixture of its two versions.
func (a aliasArgs) admits(seen rollout.AliasSeen) bool {
	if a.Expect != nil {
		return same(seen, *a.Expect)
	}
	for v := range seen.Weights {
		if !slices.Contains(a.Owned, v) {
			return false
		}
	}
	return slices.Contains(a.Owned, seen.Version)
}

// setAlias makes the alias say what the rollout wants. It may run again at any time. A passing
// error is tried again until the deadline, or until the deployment is to end.
func (s *Service) setAlias(ctx context.Context, call durable.Call) (any, error) {
	var a aliasArgs
	if err := json.Unmarshal(call.Args, &a); err != nil {
		return nil, err
	}
	failure, err := s.compareAndSet(caller.With(ctx, a.Caller), a)
	if err == nil {
		return aliasResult{failure}, nil
	}
	if !passing(err) || !s.clock.Now().Before(a.Deadline) || s.ending(ctx, a) {
		f := lambdaFailure(err, fmt.Sprintf("update alias %s of function %s", a.Alias, a.Function))
		return aliasResult{&f}, nil
	}
	return nil, durable.Retry(err, retryAfter)
}

// compareAndSet returns a failure for an alias that somebody else changed, an error for a peer's.
func (s *Service) compareAndSet(ctx context.Context, a aliasArgs) (*rollout.Failure, error) {
	want := rollout.AliasSeen{Version: a.Want.Primary}
	if a.Want.AdditionalVersion != "" {
		want.Weights = map[string]float64{a.Want.AdditionalVersion: a.Want.AdditionalWeight}
	}
	for {
		now, err := s.peers.Lambda.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &a.Function, Name: &a.Alias})
		if err != nil {
			return nil, err
		}
		seen := aliasSeen(now.FunctionVersion, now.RoutingConfig)
		if same(seen, want) { // this effect ran before, or there was nothing to do
			return nil, nil
		}
		if !a.admits(seen) {
			return &rollout.Failure{Code: rollout.InvalidLambdaConfiguration, Message: fmt.Sprintf(
				"The alias %s of function %s was changed while the deployment was running: it points to %s. It was left as it is.",
				a.Alias, a.Function, describe(seen))}, nil
		}
		// An empty map clears the weights; a missing one would keep them.
		weights := want.Weights
		if weights == nil {
			weights = map[string]float64{}
		}
		_, err = s.peers.Lambda.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: &a.Function, Name: &a.Alias,
			FunctionVersion: &a.Want.Primary, RevisionId: now.RevisionId,
			RoutingConfig: &lambdatypes.AliasRoutingConfiguration{AdditionalVersionWeights: weights}})
		var moved *lambdatypes.PreconditionFailedException
		if !errors.As(err, &moved) { // else: changed since it was read; look again
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
}

// describe words an alias for an error message.
func describe(a rollout.AliasSeen) string {
	s := "version " + a.Version
	for _, v := range slices.Sorted(maps.Keys(a.Weights)) {
		s += fmt.Sprintf(", with %g of the traffic on version %s", a.Weights[v], v)
	}
	return s
}

// ending tells whether the deployment only waits for this effect in order to end. Then an update
// that could not be done is given up: a shift must not come through later.
func (s *Service) ending(ctx context.Context, a aliasArgs) bool {
	row, err := s.readDeployment(ctx, placeOf(a.Caller), a.Deployment)
	return err == nil && (row.Progress.Ending != nil || row.Progress.Finished())
}
