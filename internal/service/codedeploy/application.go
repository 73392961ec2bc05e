package codedeploy

import (
	"context"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
)

var nameForm = regexp.MustCompile(`^[A-Za-z0-9+=,.@_-]{1,100}$`)

// checkApplicationName checks a name's form.
func checkApplicationName(name *string) error {
	if aws.ToString(name) == "" {
		return &types.ApplicationNameRequiredException{Message: text("The application name is required.")}
	}
	if !nameForm.MatchString(*name) {
		return &types.InvalidApplicationNameException{Message: text("The application name %q is not valid: 1 to 100 letters, digits and + = , . @ - _", *name)}
	}
	return nil
}

// CreateApplication implements the operation. Only the Lambda compute platform is offered.
func (s *Service) CreateApplication(ctx context.Context, in *codedeploy.CreateApplicationInput, _ ...func(*codedeploy.Options)) (*codedeploy.CreateApplicationOutput, error) {
	if err := checkApplicationName(in.ApplicationName); err != nil {
		return nil, err
	}
	if err := lambdaOnly(in.ComputePlatform); err != nil {
		return nil, err
	}
	tags, err := tagMap(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	p, newID := placeOf(caller.From(ctx)), id.Request()
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`INSERT INTO codedeploy_application (account, region, name, id, tags, created_at)
			VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
			p.account, p.region, *in.ApplicationName, newID, encode(tags), s.clock.Now().UnixMilli())
		if err == nil && n == 0 {
			return &types.ApplicationAlreadyExistsException{Message: text("Application already exists: %s", *in.ApplicationName)}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &codedeploy.CreateApplicationOutput{ApplicationId: &newID}, nil
}

// lambdaOnly refuses the other compute platforms. AWS takes an omitted one for Server.
func lambdaOnly(p types.ComputePlatform) error {
	switch p {
	case types.ComputePlatformLambda:
		return nil
	case "":
		return &types.InvalidComputePlatformException{Message: text("No compute platform means Server, which this platform does not offer: set computePlatform to Lambda.")}
	case types.ComputePlatformServer, types.ComputePlatformEcs:
		return &types.InvalidComputePlatformException{Message: text("The compute platform %s is not offered here: only Lambda is.", p)}
	}
	return &types.InvalidComputePlatformException{Message: text("The compute platform %q is not valid: it must be Lambda, Server or ECS.", p)}
}

// GetApplication implements the operation.
func (s *Service) GetApplication(ctx context.Context, in *codedeploy.GetApplicationInput, _ ...func(*codedeploy.Options)) (*codedeploy.GetApplicationOutput, error) {
	var a applicationRow
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		a, err = applicationTx(tx, placeOf(caller.From(ctx)), in.ApplicationName)
		return err
	})
	if err != nil {
		return nil, err
	}
	info := a.info()
	return &codedeploy.GetApplicationOutput{Application: &info}, nil
}

// UpdateApplication renames an application.
func (s *Service) UpdateApplication(ctx context.Context, in *codedeploy.UpdateApplicationInput, _ ...func(*codedeploy.Options)) (*codedeploy.UpdateApplicationOutput, error) {
	if in.NewApplicationName != nil {
		if err := checkApplicationName(in.NewApplicationName); err != nil {
			return nil, err
		}
	}
	p := placeOf(caller.From(ctx))
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		a, err := applicationTx(tx, p, in.ApplicationName)
		if err != nil || in.NewApplicationName == nil || *in.NewApplicationName == a.Name {
			return err
		}
		if _, err := applicationTx(tx, p, in.NewApplicationName); err == nil {
			return &types.ApplicationAlreadyExistsException{Message: text("Application already exists: %s", *in.NewApplicationName)}
		}
		_, err = tx.Exec(`UPDATE codedeploy_application SET name = $1 WHERE id = $2`, *in.NewApplicationName, a.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &codedeploy.UpdateApplicationOutput{}, nil
}

// DeleteApplication removes an application with its groups and revisions. Deployments stay to be
// read, and running ones go on to their end: half-shifted traffic would help nobody. As on AWS,
// an application that is not there is no error.
func (s *Service) DeleteApplication(ctx context.Context, in *codedeploy.DeleteApplicationInput, _ ...func(*codedeploy.Options)) (*codedeploy.DeleteApplicationOutput, error) {
	if err := checkApplicationName(in.ApplicationName); err != nil {
		return nil, err
	}
	p := placeOf(caller.From(ctx))
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		ids, err := db.All(tx, db.Value[string], `SELECT id FROM codedeploy_application WHERE account = $1 AND region = $2 AND name = $3`,
			p.account, p.region, *in.ApplicationName)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, table := range []string{"codedeploy_group", "codedeploy_revision"} {
			if _, err := tx.Exec(`DELETE FROM `+table+` WHERE account = $1 AND region = $2 AND application_id = $3`, p.account, p.region, ids[0]); err != nil {
				return err
			}
		}
		_, err = tx.Exec(`DELETE FROM codedeploy_application WHERE id = $1`, ids[0])
		return err
	})
	if err != nil {
		return nil, err
	}
	return &codedeploy.DeleteApplicationOutput{}, nil
}

// ListApplications implements the operation.
func (s *Service) ListApplications(ctx context.Context, in *codedeploy.ListApplicationsInput, _ ...func(*codedeploy.Options)) (*codedeploy.ListApplicationsOutput, error) {
	from, err := after(in.NextToken)
	if err != nil {
		return nil, err
	}
	p := placeOf(caller.From(ctx))
	var names []string
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		names, err = db.All(tx, db.Value[string], `SELECT name FROM codedeploy_application
			WHERE account = $1 AND region = $2 AND name > $3 ORDER BY name LIMIT $4`, p.account, p.region, from, pageSize+1)
		return err
	})
	if err != nil {
		return nil, err
	}
	names, next := page(names, itself)
	return &codedeploy.ListApplicationsOutput{Applications: names, NextToken: next}, nil
}

// BatchGetApplications implements the operation: all of the names must exist.
func (s *Service) BatchGetApplications(ctx context.Context, in *codedeploy.BatchGetApplicationsInput, _ ...func(*codedeploy.Options)) (*codedeploy.BatchGetApplicationsOutput, error) {
	if len(in.ApplicationNames) == 0 {
		return nil, &types.ApplicationNameRequiredException{Message: text("At least one application name is required.")}
	}
	if err := batchLimit(len(in.ApplicationNames), 100); err != nil {
		return nil, err
	}
	out := &codedeploy.BatchGetApplicationsOutput{}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		for _, name := range in.ApplicationNames {
			a, err := applicationTx(tx, placeOf(caller.From(ctx)), &name)
			if err != nil {
				return err
			}
			out.ApplicationsInfo = append(out.ApplicationsInfo, a.info())
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// batchLimit refuses requests for more than most items.
func batchLimit(n, most int) error {
	if n > most {
		return &types.BatchLimitExceededException{Message: text("At most %d items may be asked for in one request, not %d.", most, n)}
	}
	return nil
}
