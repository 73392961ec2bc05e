package codedeploy

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
)

// checkGroupName checks a name's form.
func checkGroupName(name *string) error {
	if aws.ToString(name) == "" {
		return &types.DeploymentGroupNameRequiredException{Message: text("The deployment group name is required.")}
	}
	if !nameForm.MatchString(*name) {
		return &types.InvalidDeploymentGroupNameException{Message: text("The deployment group name %q is not valid: 1 to 100 letters, digits and + = , . @ - _", *name)}
	}
	return nil
}

// checkGroup checks what a group may say, whether it is new or changed.
func checkGroup(tx *db.Tx, p place, g types.DeploymentGroupInfo) error {
	if err := checkGroupName(g.DeploymentGroupName); err != nil {
		return err
	}
	if err := checkRole(g.ServiceRoleArn); err != nil {
		return err
	}
	if err := checkAlarms(g.AlarmConfiguration); err != nil {
		return err
	}
	if err := checkRollback(g.AutoRollbackConfiguration); err != nil {
		return err
	}
	if err := checkTriggers(g.TriggerConfigurations); err != nil {
		return err
	}
	if err := checkStyle(g.DeploymentStyle); err != nil {
		return err
	}
	if g.DeploymentConfigName == nil {
		return nil
	}
	_, err := lambdaConfigTx(tx, p, g.DeploymentConfigName)
	return err
}

// CreateDeploymentGroup implements the operation.
func (s *Service) CreateDeploymentGroup(ctx context.Context, in *codedeploy.CreateDeploymentGroupInput, _ ...func(*codedeploy.Options)) (*codedeploy.CreateDeploymentGroupOutput, error) {
	if err := elsewhere(map[string]bool{"ec2TagFilters": len(in.Ec2TagFilters) > 0, "ec2TagSet": in.Ec2TagSet != nil,
		"onPremisesInstanceTagFilters": len(in.OnPremisesInstanceTagFilters) > 0, "onPremisesTagSet": in.OnPremisesTagSet != nil,
		"autoScalingGroups": len(in.AutoScalingGroups) > 0, "ecsServices": len(in.EcsServices) > 0,
		"loadBalancerInfo": in.LoadBalancerInfo != nil, "blueGreenDeploymentConfiguration": in.BlueGreenDeploymentConfiguration != nil,
		"terminationHookEnabled": aws.ToBool(in.TerminationHookEnabled)}); err != nil {
		return nil, err
	}
	tags, err := tagMap(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	g := groupRow{ID: id.Request(), Tags: tags, Info: types.DeploymentGroupInfo{
		DeploymentGroupName: in.DeploymentGroupName, ServiceRoleArn: in.ServiceRoleArn, DeploymentConfigName: optional(aws.ToString(in.DeploymentConfigName)),
		AlarmConfiguration: in.AlarmConfiguration, AutoRollbackConfiguration: in.AutoRollbackConfiguration,
		TriggerConfigurations: in.TriggerConfigurations, DeploymentStyle: in.DeploymentStyle,
		OutdatedInstancesStrategy: in.OutdatedInstancesStrategy, ComputePlatform: types.ComputePlatformLambda}}
	if g.Info.DeploymentStyle == nil {
		g.Info.DeploymentStyle = &types.DeploymentStyle{DeploymentType: types.DeploymentTypeBlueGreen, DeploymentOption: types.DeploymentOptionWithTrafficControl}
	}
	p := placeOf(caller.From(ctx))
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		a, err := applicationTx(tx, p, in.ApplicationName)
		if err != nil {
			return err
		}
		if err := checkGroup(tx, p, g.Info); err != nil {
			return err
		}
		if _, err := groupTx(tx, p, a, in.DeploymentGroupName); err == nil {
			return &types.DeploymentGroupAlreadyExistsException{Message: text("Deployment group name already exists: %s", *in.DeploymentGroupName)}
		}
		return insertGroup(tx, p, a, g)
	})
	if err != nil {
		return nil, err
	}
	return &codedeploy.CreateDeploymentGroupOutput{DeploymentGroupId: &g.ID}, nil
}

// UpdateDeploymentGroup changes what is given. Running deployments keep the settings they began with.
func (s *Service) UpdateDeploymentGroup(ctx context.Context, in *codedeploy.UpdateDeploymentGroupInput, _ ...func(*codedeploy.Options)) (*codedeploy.UpdateDeploymentGroupOutput, error) {
	if err := elsewhere(map[string]bool{"ec2TagFilters": len(in.Ec2TagFilters) > 0, "ec2TagSet": in.Ec2TagSet != nil,
		"onPremisesInstanceTagFilters": len(in.OnPremisesInstanceTagFilters) > 0, "onPremisesTagSet": in.OnPremisesTagSet != nil,
		"autoScalingGroups": len(in.AutoScalingGroups) > 0, "ecsServices": len(in.EcsServices) > 0,
		"loadBalancerInfo": in.LoadBalancerInfo != nil, "blueGreenDeploymentConfiguration": in.BlueGreenDeploymentConfiguration != nil,
		"terminationHookEnabled": aws.ToBool(in.TerminationHookEnabled)}); err != nil {
		return nil, err
	}
	p := placeOf(caller.From(ctx))
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		a, err := applicationTx(tx, p, in.ApplicationName)
		if err != nil {
			return err
		}
		g, err := groupTx(tx, p, a, in.CurrentDeploymentGroupName)
		if err != nil {
			return err
		}
		changeGroup(&g.Info, in)
		if err := checkGroup(tx, p, g.Info); err != nil {
			return err
		}
		if name := aws.ToString(in.NewDeploymentGroupName); name != "" && name != *in.CurrentDeploymentGroupName {
			if _, err := groupTx(tx, p, a, &name); err == nil {
				return &types.DeploymentGroupAlreadyExistsException{Message: text("Deployment group name already exists: %s", name)}
			}
		}
		return updateGroup(tx, g)
	})
	if err != nil {
		return nil, err
	}
	return &codedeploy.UpdateDeploymentGroupOutput{}, nil
}

// changeGroup applies what an update mentions and keeps the rest.
func changeGroup(g *types.DeploymentGroupInfo, in *codedeploy.UpdateDeploymentGroupInput) {
	if in.NewDeploymentGroupName != nil && *in.NewDeploymentGroupName != "" {
		g.DeploymentGroupName = in.NewDeploymentGroupName
	}
	if in.ServiceRoleArn != nil {
		g.ServiceRoleArn = in.ServiceRoleArn
	}
	if aws.ToString(in.DeploymentConfigName) != "" {
		g.DeploymentConfigName = in.DeploymentConfigName
	}
	if in.AlarmConfiguration != nil {
		g.AlarmConfiguration = in.AlarmConfiguration
	}
	if in.AutoRollbackConfiguration != nil {
		g.AutoRollbackConfiguration = in.AutoRollbackConfiguration
	}
	if in.TriggerConfigurations != nil { // an empty list removes them
		g.TriggerConfigurations = in.TriggerConfigurations
	}
	if in.DeploymentStyle != nil {
		g.DeploymentStyle = in.DeploymentStyle
	}
	if in.OutdatedInstancesStrategy != "" {
		g.OutdatedInstancesStrategy = in.OutdatedInstancesStrategy
	}
}

// DeleteDeploymentGroup implements the operation. A deployment that is running goes on to its end.
func (s *Service) DeleteDeploymentGroup(ctx context.Context, in *codedeploy.DeleteDeploymentGroupInput, _ ...func(*codedeploy.Options)) (*codedeploy.DeleteDeploymentGroupOutput, error) {
	if err := checkGroupName(in.DeploymentGroupName); err != nil {
		return nil, err
	}
	p := placeOf(caller.From(ctx))
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		a, err := applicationTx(tx, p, in.ApplicationName)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`DELETE FROM codedeploy_group WHERE account = $1 AND region = $2 AND application_id = $3 AND name = $4`,
			p.account, p.region, a.ID, *in.DeploymentGroupName)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &codedeploy.DeleteDeploymentGroupOutput{}, nil
}

// GetDeploymentGroup implements the operation.
func (s *Service) GetDeploymentGroup(ctx context.Context, in *codedeploy.GetDeploymentGroupInput, _ ...func(*codedeploy.Options)) (*codedeploy.GetDeploymentGroupOutput, error) {
	p := placeOf(caller.From(ctx))
	out := &codedeploy.GetDeploymentGroupOutput{}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		a, err := applicationTx(tx, p, in.ApplicationName)
		if err != nil {
			return err
		}
		g, err := groupTx(tx, p, a, in.DeploymentGroupName)
		if err != nil {
			return err
		}
		info, err := g.withHistory(tx, p, a)
		out.DeploymentGroupInfo = &info
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListDeploymentGroups implements the operation.
func (s *Service) ListDeploymentGroups(ctx context.Context, in *codedeploy.ListDeploymentGroupsInput, _ ...func(*codedeploy.Options)) (*codedeploy.ListDeploymentGroupsOutput, error) {
	from, err := after(in.NextToken)
	if err != nil {
		return nil, err
	}
	p := placeOf(caller.From(ctx))
	var names []string
	err = s.db.View(ctx, func(tx *db.Tx) error {
		a, err := applicationTx(tx, p, in.ApplicationName)
		if err != nil {
			return err
		}
		names, err = db.All(tx, db.Value[string], `SELECT name FROM codedeploy_group
			WHERE account = $1 AND region = $2 AND application_id = $3 AND name > $4 ORDER BY name LIMIT $5`,
			p.account, p.region, a.ID, from, pageSize+1)
		return err
	})
	if err != nil {
		return nil, err
	}
	names, next := page(names, itself)
	return &codedeploy.ListDeploymentGroupsOutput{ApplicationName: in.ApplicationName, DeploymentGroups: names, NextToken: next}, nil
}

// BatchGetDeploymentGroups answers the groups that exist and names the others in errorMessage.
func (s *Service) BatchGetDeploymentGroups(ctx context.Context, in *codedeploy.BatchGetDeploymentGroupsInput, _ ...func(*codedeploy.Options)) (*codedeploy.BatchGetDeploymentGroupsOutput, error) {
	if len(in.DeploymentGroupNames) == 0 {
		return nil, &types.DeploymentGroupNameRequiredException{Message: text("At least one deployment group name is required.")}
	}
	if err := batchLimit(len(in.DeploymentGroupNames), 100); err != nil {
		return nil, err
	}
	p := placeOf(caller.From(ctx))
	out := &codedeploy.BatchGetDeploymentGroupsOutput{DeploymentGroupsInfo: []types.DeploymentGroupInfo{}}
	var missing []string
	err := s.db.View(ctx, func(tx *db.Tx) error {
		a, err := applicationTx(tx, p, in.ApplicationName)
		if err != nil {
			return err
		}
		for _, name := range in.DeploymentGroupNames {
			g, err := groupTx(tx, p, a, &name)
			var none *types.DeploymentGroupDoesNotExistException
			if errors.As(err, &none) {
				missing = append(missing, name)
				continue
			}
			if err != nil {
				return err
			}
			info, err := g.withHistory(tx, p, a)
			if err != nil {
				return err
			}
			out.DeploymentGroupsInfo = append(out.DeploymentGroupsInfo, info)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(missing) > 0 {
		out.ErrorMessage = text("No Deployment Group found for name: %s", strings.Join(missing, ", "))
	}
	return out, nil
}
