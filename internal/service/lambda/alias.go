package lambda

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
)

// weights is what an alias sends elsewhere than to its FunctionVersion: version → share, 0.0–1.0.
func weights(a types.AliasConfiguration) map[string]float64 {
	if a.RoutingConfig == nil {
		return nil
	}
	return a.RoutingConfig.AdditionalVersionWeights
}

// checkAlias checks an alias as it is to be stored. The messages are AWS's (LST).
func checkAlias(tx *db.Tx, k key, a *types.AliasConfiguration) error {
	primary, err := aliasTarget(tx, k, *a.FunctionVersion)
	if err != nil {
		return err
	}
	w := weights(*a)
	if len(w) == 0 {
		a.RoutingConfig = nil // {} clears
		return nil
	}
	if len(w) > 1 {
		return invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
	}
	for version, weight := range w {
		shown := fmt.Sprintf("{%s=%s}", version, strconv.FormatFloat(weight, 'f', -1, 64))
		if !(weight >= 0 && weight <= 1) {
			return validation(shown, "routingConfig.additionalVersionWeights", "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0]")
		}
		if version == *a.FunctionVersion {
			return invalid("Invalid function version %s. Function version %s is already included in routing configuration.", version, version)
		}
		if *a.FunctionVersion == latest || version == latest {
			return invalid("$LATEST is not supported for an alias pointing to more than 1 version")
		}
		if !versionRE.MatchString(version) || len(version) > 1024 {
			return validation(shown, "routingConfig.additionalVersionWeights", "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+]")
		}
		additional, err := aliasTarget(tx, k, version)
		if err != nil {
			return err
		}
		if aws.ToString(additional.shown.Config.Role) != aws.ToString(primary.shown.Config.Role) {
			return invalid("Both function versions of a weighted alias must have the same execution role. Version %s has %s, version %s has %s.", *a.FunctionVersion,
				aws.ToString(primary.shown.Config.Role), version, aws.ToString(additional.shown.Config.Role))
		}
	}
	return nil
}

func aliasTarget(tx *db.Tx, k key, version string) (versionRow, error) {
	number, ok := versionNumber(version)
	if !ok {
		return versionRow{}, validation(version, "functionVersion", `Member must satisfy regular expression pattern: (\$LATEST|[0-9]+)`)
	}
	v, err := readVersion(tx, k, number)
	return v, orNotFound(err, functionNotFound(k.arn(version)))
}

func checkAliasName(name *string) error {
	if name == nil {
		return validationNull("name")
	}
	if len(*name) > 128 || !aliasRE.MatchString(*name) || versionRE.MatchString(*name) {
		return validation(*name, "name", "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)")
	}
	return nil
}

// CreateAlias names a version, or two with weights.
func (s *Service) CreateAlias(ctx context.Context, in *lambda.CreateAliasInput, _ ...func(*lambda.Options)) (*lambda.CreateAliasOutput, error) {
	k, err := parseName(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	if err := checkAliasName(in.Name); err != nil {
		return nil, err
	}
	if in.FunctionVersion == nil {
		return nil, validationNull("functionVersion")
	}
	a := types.AliasConfiguration{AliasArn: aws.String(k.arn(*in.Name)), Name: in.Name, FunctionVersion: in.FunctionVersion,
		Description: aws.String(aws.ToString(in.Description)), RoutingConfig: in.RoutingConfig, RevisionId: aws.String(id.Request())}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		if _, err := readFunction(tx, k, functionNotFound(k.arn(*in.FunctionVersion))); err != nil {
			return err
		}
		if _, err := readAlias(tx, k, *in.Name); !errors.Is(err, db.ErrNotFound) {
			return firstError(err, conflict("Alias already exists: %s", *a.AliasArn))
		}
		if err := checkAlias(tx, k, &a); err != nil {
			return err
		}
		changed(tx, k)
		return writeAlias(tx, k, a)
	})
	if err != nil {
		return nil, err
	}
	out := &lambda.CreateAliasOutput{}
	copyFields(out, a)
	return out, nil
}

// UpdateAlias changes the members that are given. The next invocation on this node, and at the
// notice's arrival on the others, is routed by the new weights.
func (s *Service) UpdateAlias(ctx context.Context, in *lambda.UpdateAliasInput, _ ...func(*lambda.Options)) (*lambda.UpdateAliasOutput, error) {
	k, err := parseName(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	if err := checkAliasName(in.Name); err != nil {
		return nil, err
	}
	out := &lambda.UpdateAliasOutput{}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		a, err := findAlias(tx, k, *in.Name)
		if err != nil {
			return err
		}
		if err := checkRevision(in.RevisionId, a.RevisionId); err != nil {
			return err
		}
		set(&a.FunctionVersion, in.FunctionVersion)
		set(&a.Description, in.Description)
		set(&a.RoutingConfig, in.RoutingConfig)
		if err := checkAlias(tx, k, &a); err != nil {
			return err
		}
		a.RevisionId = aws.String(id.Request())
		copyFields(out, a)
		changed(tx, k)
		return writeAlias(tx, k, a)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// findAlias is readAlias with AWS's errors.
func findAlias(tx *db.Tx, k key, name string) (types.AliasConfiguration, error) {
	if _, err := readFunction(tx, k, functionNotFound(k.arn(""))); err != nil {
		return types.AliasConfiguration{}, err
	}
	a, err := readAlias(tx, k, name)
	return a, orNotFound(err, notFound("Cannot find alias arn: %s", k.arn(name)))
}

// GetAlias describes an alias.
func (s *Service) GetAlias(ctx context.Context, in *lambda.GetAliasInput, _ ...func(*lambda.Options)) (*lambda.GetAliasOutput, error) {
	k, err := parseName(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	if err := checkAliasName(in.Name); err != nil {
		return nil, err
	}
	out := &lambda.GetAliasOutput{}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		a, err := findAlias(tx, k, *in.Name)
		copyFields(out, a)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListAliases lists a function's aliases by name, with FunctionVersion those that send to it.
func (s *Service) ListAliases(ctx context.Context, in *lambda.ListAliasesInput, _ ...func(*lambda.Options)) (*lambda.ListAliasesOutput, error) {
	k, err := parseName(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	all := []types.AliasConfiguration{}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		if _, err := readFunction(tx, k, functionNotFound(k.arn(""))); err != nil {
			return err
		}
		as, err := readAliases(tx, k)
		for _, a := range as {
			_, additional := weights(a)[aws.ToString(in.FunctionVersion)]
			if in.FunctionVersion == nil || additional || *a.FunctionVersion == *in.FunctionVersion {
				all = append(all, a)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &lambda.ListAliasesOutput{}
	out.Aliases, out.NextMarker, err = page(all, func(a types.AliasConfiguration) string { return *a.Name }, in.Marker, in.MaxItems, 10000)
	return out, err
}

// DeleteAlias deletes an alias, its policy and its asynchronous settings. One that is not there is no error.
func (s *Service) DeleteAlias(ctx context.Context, in *lambda.DeleteAliasInput, _ ...func(*lambda.Options)) (*lambda.DeleteAliasOutput, error) {
	k, err := parseName(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	if err := checkAliasName(in.Name); err != nil {
		return nil, err
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		if _, err := readFunction(tx, k, functionNotFound(k.arn(""))); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM lambda_alias WHERE account = $1 AND region = $2 AND name = $3 AND alias = $4`,
			k.account, k.region, k.name, *in.Name); err != nil {
			return wrap(err, "delete alias")
		}
		changed(tx, k)
		return deleteQualified(tx, target{k, *in.Name})
	})
	if err != nil {
		return nil, err
	}
	return &lambda.DeleteAliasOutput{}, nil
}
