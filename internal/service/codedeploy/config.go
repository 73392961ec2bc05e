package codedeploy

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
	"github.com/headgate/headgate/internal/rollout"
)

// predefined are the configurations that every account has: those of the Lambda platform, and
// those of the other platforms, which can be read but not deployed with here.
func predefined() []types.DeploymentConfigInfo {
	var all []types.DeploymentConfigInfo
	for _, c := range rollout.Predefined() {
		all = append(all, types.DeploymentConfigInfo{DeploymentConfigName: aws.String(c.Name),
			ComputePlatform: types.ComputePlatformLambda, TrafficRoutingConfig: routing(c.Traffic)})
	}
	server := func(name string, hosts types.MinimumHealthyHosts) types.DeploymentConfigInfo {
		return types.DeploymentConfigInfo{DeploymentConfigName: aws.String(rollout.PredefinedPrefix + name),
			ComputePlatform: types.ComputePlatformServer, MinimumHealthyHosts: &hosts}
	}
	ecs := func(name string, t rollout.TrafficConfig) types.DeploymentConfigInfo {
		return types.DeploymentConfigInfo{DeploymentConfigName: aws.String(rollout.PredefinedPrefix + name),
			ComputePlatform: types.ComputePlatformEcs, TrafficRoutingConfig: routing(t)}
	}
	all = append(all,
		server("AllAtOnce", types.MinimumHealthyHosts{Type: types.MinimumHealthyHostsTypeFleetPercent}),
		server("HalfAtATime", types.MinimumHealthyHosts{Type: types.MinimumHealthyHostsTypeFleetPercent, Value: 50}),
		server("OneAtATime", types.MinimumHealthyHosts{Type: types.MinimumHealthyHostsTypeHostCount, Value: 1}),
		ecs("ECSAllAtOnce", rollout.TrafficConfig{Type: rollout.AllAtOnce}),
		ecs("ECSCanary10Percent5Minutes", rollout.TrafficConfig{Type: rollout.TimeBasedCanary, Percentage: 10, IntervalMinutes: 5}),
		ecs("ECSCanary10Percent15Minutes", rollout.TrafficConfig{Type: rollout.TimeBasedCanary, Percentage: 10, IntervalMinutes: 15}),
		ecs("ECSLinear10PercentEvery1Minutes", rollout.TrafficConfig{Type: rollout.TimeBasedLinear, Percentage: 10, IntervalMinutes: 1}),
		ecs("ECSLinear10PercentEvery3Minutes", rollout.TrafficConfig{Type: rollout.TimeBasedLinear, Percentage: 10, IntervalMinutes: 3}))
	slices.SortFunc(all, func(a, b types.DeploymentConfigInfo) int {
		return strings.Compare(*a.DeploymentConfigName, *b.DeploymentConfigName)
	})
	return all
}

// routing writes a traffic configuration in CodeDeploy's form.
func routing(t rollout.TrafficConfig) *types.TrafficRoutingConfig {
	r := &types.TrafficRoutingConfig{Type: types.TrafficRoutingType(t.Type)}
	switch t.Type {
	case rollout.TimeBasedCanary:
		r.TimeBasedCanary = &types.TimeBasedCanary{CanaryPercentage: int32(t.Percentage), CanaryInterval: int32(t.IntervalMinutes)}
	case rollout.TimeBasedLinear:
		r.TimeBasedLinear = &types.TimeBasedLinear{LinearPercentage: int32(t.Percentage), LinearInterval: int32(t.IntervalMinutes)}
	}
	return r
}

// traffic reads and checks what routing writes.
func traffic(r *types.TrafficRoutingConfig) (rollout.TrafficConfig, error) {
	var t rollout.TrafficConfig
	if r == nil {
		return t, &types.InvalidTrafficRoutingConfigurationException{Message: text("A deployment configuration of the Lambda platform needs a trafficRoutingConfig.")}
	}
	t.Type = rollout.TrafficType(r.Type)
	// Exactly the member that the type names must be there.
	switch {
	case t.Type == rollout.TimeBasedCanary && r.TimeBasedLinear == nil && r.TimeBasedCanary != nil:
		t.Percentage, t.IntervalMinutes = int(r.TimeBasedCanary.CanaryPercentage), int(r.TimeBasedCanary.CanaryInterval)
	case t.Type == rollout.TimeBasedLinear && r.TimeBasedCanary == nil && r.TimeBasedLinear != nil:
		t.Percentage, t.IntervalMinutes = int(r.TimeBasedLinear.LinearPercentage), int(r.TimeBasedLinear.LinearInterval)
	case t.Type == rollout.TimeBasedCanary || t.Type == rollout.TimeBasedLinear,
		t.Type == rollout.AllAtOnce && (r.TimeBasedCanary != nil || r.TimeBasedLinear != nil):
		return t, &types.InvalidTrafficRoutingConfigurationException{Message: text("A trafficRoutingConfig of type %s takes timeBasedCanary or timeBasedLinear as its type says, and no other.", t.Type)}
	}
	if err := t.Validate(); err != nil {
		return t, &types.InvalidTrafficRoutingConfigurationException{Message: text("Invalid traffic routing configuration: %v.", err)}
	}
	return t, nil
}

// configTx finds a configuration, predefined or custom.
func configTx(tx *db.Tx, p place, name *string) (c types.DeploymentConfigInfo, err error) {
	if aws.ToString(name) == "" {
		return c, &types.DeploymentConfigNameRequiredException{Message: text("The deployment configuration name is required.")}
	}
	for _, c := range predefined() {
		if *c.DeploymentConfigName == *name {
			return c, nil
		}
	}
	doc, err := db.One(tx, db.Value[string], `SELECT doc FROM codedeploy_config WHERE account = $1 AND region = $2 AND name = $3`, p.account, p.region, *name)
	if errors.Is(err, db.ErrNotFound) {
		return c, &types.DeploymentConfigDoesNotExistException{Message: text("No Deployment Config found for name: %s", *name)}
	}
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal([]byte(doc), &c)
}

// lambdaConfigTx is configTx for a configuration that a Lambda deployment can use.
func lambdaConfigTx(tx *db.Tx, p place, name *string) (types.DeploymentConfigInfo, error) {
	c, err := configTx(tx, p, name)
	if err == nil && c.ComputePlatform != types.ComputePlatformLambda {
		return c, &types.InvalidDeploymentConfigNameException{Message: text("The deployment configuration %s is for the %s compute platform: "+
			"a Lambda deployment needs one for Lambda, such as CodeDeployDefault.LambdaCanary10Percent5Minutes.", *name, c.ComputePlatform)}
	}
	return c, err
}

// CreateDeploymentConfig implements the operation.
func (s *Service) CreateDeploymentConfig(ctx context.Context, in *codedeploy.CreateDeploymentConfigInput, _ ...func(*codedeploy.Options)) (*codedeploy.CreateDeploymentConfigOutput, error) {
	name := aws.ToString(in.DeploymentConfigName)
	switch {
	case name == "":
		return nil, &types.DeploymentConfigNameRequiredException{Message: text("The deployment configuration name is required.")}
	case !nameForm.MatchString(name):
		return nil, &types.InvalidDeploymentConfigNameException{Message: text("The deployment configuration name %q is not valid: 1 to 100 letters, digits and + = , . @ - _", name)}
	case strings.HasPrefix(name, rollout.PredefinedPrefix):
		return nil, &types.InvalidDeploymentConfigNameException{Message: text("Names that begin with %s are reserved.", rollout.PredefinedPrefix)}
	}
	if err := lambdaOnly(in.ComputePlatform); err != nil {
		return nil, err
	}
	if in.MinimumHealthyHosts != nil {
		return nil, &types.InvalidMinimumHealthyHostValueException{Message: text("minimumHealthyHosts is for the Server compute platform.")}
	}
	if in.ZonalConfig != nil {
		return nil, &types.InvalidZonalDeploymentConfigurationException{Message: text("zonalConfig is for the Server compute platform.")}
	}
	t, err := traffic(in.TrafficRoutingConfig)
	if err != nil {
		return nil, err
	}
	p, newID := placeOf(caller.From(ctx)), id.Request()
	info := types.DeploymentConfigInfo{DeploymentConfigId: &newID, DeploymentConfigName: &name, CreateTime: aws.Time(s.clock.Now()),
		ComputePlatform: types.ComputePlatformLambda, TrafficRoutingConfig: routing(t)}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`INSERT INTO codedeploy_config (account, region, name, doc) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			p.account, p.region, name, encode(info))
		if err == nil && n == 0 {
			return &types.DeploymentConfigAlreadyExistsException{Message: text("Deployment Config already exists: %s", name)}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &codedeploy.CreateDeploymentConfigOutput{DeploymentConfigId: &newID}, nil
}

// GetDeploymentConfig implements the operation.
func (s *Service) GetDeploymentConfig(ctx context.Context, in *codedeploy.GetDeploymentConfigInput, _ ...func(*codedeploy.Options)) (*codedeploy.GetDeploymentConfigOutput, error) {
	out := &codedeploy.GetDeploymentConfigOutput{}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		c, err := configTx(tx, placeOf(caller.From(ctx)), in.DeploymentConfigName)
		out.DeploymentConfigInfo = &c
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListDeploymentConfigs implements the operation.
func (s *Service) ListDeploymentConfigs(ctx context.Context, in *codedeploy.ListDeploymentConfigsInput, _ ...func(*codedeploy.Options)) (*codedeploy.ListDeploymentConfigsOutput, error) {
	from, err := after(in.NextToken)
	if err != nil {
		return nil, err
	}
	p := placeOf(caller.From(ctx))
	var names []string
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		names, err = db.All(tx, db.Value[string], `SELECT name FROM codedeploy_config
			WHERE account = $1 AND region = $2 AND name > $3 ORDER BY name LIMIT $4`, p.account, p.region, from, pageSize+1)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, c := range predefined() {
		if *c.DeploymentConfigName > from {
			names = append(names, *c.DeploymentConfigName)
		}
	}
	slices.Sort(names)
	names, next := page(names, itself)
	return &codedeploy.ListDeploymentConfigsOutput{DeploymentConfigsList: names, NextToken: next}, nil
}

// DeleteDeploymentConfig implements the operation: one that a group uses stays. Running
// deployments have copied what they need. As on AWS, one that is not there is no error.
func (s *Service) DeleteDeploymentConfig(ctx context.Context, in *codedeploy.DeleteDeploymentConfigInput, _ ...func(*codedeploy.Options)) (*codedeploy.DeleteDeploymentConfigOutput, error) {
	name := aws.ToString(in.DeploymentConfigName)
	switch {
	case name == "":
		return nil, &types.DeploymentConfigNameRequiredException{Message: text("The deployment configuration name is required.")}
	case strings.HasPrefix(name, rollout.PredefinedPrefix):
		return nil, &types.InvalidOperationException{Message: text("The predefined deployment configuration %s cannot be deleted.", name)}
	}
	p := placeOf(caller.From(ctx))
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		users, err := db.All(tx, db.Value[string], `SELECT name FROM codedeploy_group WHERE account = $1 AND region = $2 AND config = $3 ORDER BY name`,
			p.account, p.region, name)
		if err != nil {
			return err
		}
		if len(users) > 0 {
			return &types.DeploymentConfigInUseException{Message: text("The deployment configuration %s is used by the deployment groups %s.", name, strings.Join(users, ", "))}
		}
		_, err = tx.Exec(`DELETE FROM codedeploy_config WHERE account = $1 AND region = $2 AND name = $3`, p.account, p.region, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &codedeploy.DeleteDeploymentConfigOutput{}, nil
}
