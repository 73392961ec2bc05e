package cloudformation

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

// ListExports implements the operation.
func (s *Service) ListExports(ctx context.Context, in *cloudformation.ListExportsInput, _ ...func(*cloudformation.Options)) (*cloudformation.ListExportsOutput, error) {
	c := caller.From(ctx)
	all, err := view(ctx, s, func(tx *db.Tx) ([]types.Export, error) {
		return db.All(tx, func(r db.Row) (types.Export, error) {
			e := types.Export{Name: new(string), ExportingStackId: new(string), Value: new(string)}
			return e, r.Scan(e.Name, e.ExportingStackId, e.Value)
		}, `SELECT name, stack_id, value FROM cfn_export WHERE account = $1 AND region = $2 ORDER BY name`, c.Account, c.Region)
	})
	if err != nil {
		return nil, err
	}
	some, next, err := page(all, in.NextToken, 100)
	if err != nil {
		return nil, err
	}
	return &cloudformation.ListExportsOutput{Exports: append([]types.Export{}, some...), NextToken: next}, nil
}

// ListImports implements the operation: the names of the stacks that use an export.
func (s *Service) ListImports(ctx context.Context, in *cloudformation.ListImportsInput, _ ...func(*cloudformation.Options)) (*cloudformation.ListImportsOutput, error) {
	c, name := caller.From(ctx), aws.ToString(in.ExportName)
	all, err := view(ctx, s, func(tx *db.Tx) ([]string, error) {
		return db.All(tx, db.Value[string], `SELECT s.name FROM cfn_import i JOIN cfn_stack s ON s.id = i.stack_id
			WHERE i.account = $1 AND i.region = $2 AND i.name = $3 ORDER BY s.name`, c.Account, c.Region, name)
	})
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, invalid("Export '%s' is not imported by any stack.", name)
	}
	some, next, err := page(all, in.NextToken, 100)
	if err != nil {
		return nil, err
	}
	return &cloudformation.ListImportsOutput{Imports: some, NextToken: next}, nil
}
