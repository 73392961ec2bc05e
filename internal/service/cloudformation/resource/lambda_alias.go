package resource

import (
	"context"
	"maps"
	"reflect"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
)

// lambdaAlias is AWS::Lambda::Alias. With an UpdatePolicy of CodeDeployLambdaAliasUpdate a change of
// its version is a CodeDeploy deployment, whose end it waits for (lambda_alias_deploy.go).
type lambdaAlias struct {
	lambda Lambda
	deploy CodeDeploy
}

func (*lambdaAlias) Schema() *Schema {
	return schema("AWS::Lambda::Alias", `
		FunctionName!*
		Name!*
		FunctionVersion!
		Description
		RoutingConfig.AdditionalVersionWeights[].FunctionVersion!
		RoutingConfig.AdditionalVersionWeights[].FunctionWeight! number
		ProvisionedConcurrencyConfig.ProvisionedConcurrentExecutions! int
	`).with(func(s *Schema) { s.Attributes = []string{"AliasArn"} })
}

// aliasArn is what Ref and AliasArn give; a function may be named by its name or its ARN.
func aliasArn(ctx context.Context, p Properties) string {
	return arn.Function(caller.From(ctx), functionName(p.text("FunctionName")), p.text("Name"))
}

// functionName takes the name out of an ARN, full or partial, without a qualifier.
func functionName(s string) string {
	if i := strings.Index(s, "function:"); i >= 0 {
		s = s[i+len("function:"):]
	}
	name, _, _ := strings.Cut(s, ":")
	return name
}

func (h *lambdaAlias) get(ctx context.Context, p Properties) (*lambda.GetAliasOutput, error) {
	return h.lambda.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: aws.String(p.text("FunctionName")), Name: aws.String(p.text("Name"))})
}

func (h *lambdaAlias) Exists(ctx context.Context, r Request) (bool, error) {
	_, err := h.get(ctx, r.Properties)
	return exists(err, "ResourceNotFoundException")
}

// Create makes the alias at its version at once: there is nothing to shift from.
func (h *lambdaAlias) Create(ctx context.Context, r Request) (Result, error) {
	routing, err := routingOf(r.Properties)
	if err != nil {
		return Result{}, err
	}
	in := &lambda.CreateAliasInput{}
	if err := Decode(r.Properties.without("RoutingConfig"), in); err != nil {
		return Result{}, err
	}
	if len(routing) > 0 {
		in.RoutingConfig = &types.AliasRoutingConfiguration{AdditionalVersionWeights: routing}
	}
	_, err = h.lambda.CreateAlias(ctx, in)
	if is(err, "ResourceConflictException") { // an earlier call has made it
		err = h.set(ctx, r)
	}
	if err != nil {
		return Result{}, err
	}
	return h.finish(ctx, r)
}

func (h *lambdaAlias) Update(ctx context.Context, r Request) (Result, error) {
	if !r.Rollback && r.Properties.text("FunctionVersion") != r.Previous.text("FunctionVersion") {
		if policy := Properties(r.UpdatePolicy).object("CodeDeployLambdaAliasUpdate"); policy != nil {
			return h.startDeployment(ctx, r, policy)
		}
	}
	if err := h.set(ctx, r); err != nil {
		return Result{}, err
	}
	return h.finish(ctx, r)
}

// set brings the alias to what the properties say, if it is not there already: a deployment that
// failed may have restored it.
func (h *lambdaAlias) set(ctx context.Context, r Request) error {
	routing, err := routingOf(r.Properties)
	if err != nil {
		return err
	}
	have, err := h.get(ctx, r.Properties)
	if err != nil {
		return err
	}
	var weights map[string]float64
	if have.RoutingConfig != nil {
		weights = have.RoutingConfig.AdditionalVersionWeights
	}
	version, description := r.Properties.text("FunctionVersion"), r.Properties.text("Description")
	if aws.ToString(have.FunctionVersion) == version && aws.ToString(have.Description) == description && maps.Equal(weights, routing) {
		return nil
	}
	_, err = h.lambda.UpdateAlias(ctx, &lambda.UpdateAliasInput{
		FunctionName: aws.String(r.Properties.text("FunctionName")), Name: aws.String(r.Properties.text("Name")),
		FunctionVersion: &version, Description: &description,
		RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: routing}, // an empty one clears
	})
	return err
}

// finish sets what is not the alias's own and gives the result.
func (h *lambdaAlias) finish(ctx context.Context, r Request) (Result, error) {
	const name = "ProvisionedConcurrencyConfig"
	function, alias := r.Properties.text("FunctionName"), r.Properties.text("Name")
	if !reflect.DeepEqual(r.Properties[name], r.Previous[name]) {
		if err := provision(ctx, h.lambda, r.Properties, function, alias); err != nil {
			return Result{}, err
		}
		if api, ok := h.lambda.(LambdaProvisioned); ok && r.Properties[name] == nil {
			_, err := api.DeleteProvisionedConcurrencyConfig(ctx, &lambda.DeleteProvisionedConcurrencyConfigInput{FunctionName: &function, Qualifier: &alias})
			if unless(err, "ResourceNotFoundException", "ProvisionedConcurrencyConfigNotFoundException") != nil {
				return Result{}, err
			}
		}
	}
	id := aliasArn(ctx, r.Properties)
	return Result{PhysicalID: id, Attributes: map[string]any{"AliasArn": id}}, nil
}

func (h *lambdaAlias) Delete(ctx context.Context, r Request) (Result, error) {
	_, err := h.lambda.DeleteAlias(ctx, &lambda.DeleteAliasInput{
		FunctionName: aws.String(r.Properties.text("FunctionName")), Name: aws.String(r.Properties.text("Name"))})
	return Result{}, unless(err, "ResourceNotFoundException")
}

// routingOf reads RoutingConfig: CloudFormation has a list where Lambda has a map.
func routingOf(p Properties) (map[string]float64, error) {
	out := map[string]float64{}
	for _, item := range p.object("RoutingConfig").list("AdditionalVersionWeights") {
		m, _ := item.(map[string]any)
		weight, err := strconv.ParseFloat(Properties(m).text("FunctionWeight"), 64)
		if err != nil {
			return nil, failf("FunctionWeight %q is not a number", Properties(m).text("FunctionWeight"))
		}
		out[Properties(m).text("FunctionVersion")] = weight
	}
	return out, nil
}
