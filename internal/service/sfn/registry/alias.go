package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/internal/db"
)

// aliasQuota is how many aliases a state machine may have at a time.
const aliasQuota = 100

// CreateStateMachineAlias makes an alias of the state machine whose versions it routes to. The same request again has
// the same answer.
func (r *Registry) CreateStateMachineAlias(ctx context.Context, in *sfn.CreateStateMachineAliasInput, _ ...func(*sfn.Options)) (*sfn.CreateStateMachineAliasOutput, error) {
	q, err := checkRouting(in.RoutingConfiguration)
	if err != nil {
		return nil, err
	}
	// The request names no state machine: it is that of the versions.
	q.version, q.alias = 0, aws.ToString(in.Name)
	now := r.clock.Now().UnixMilli()
	out := &sfn.CreateStateMachineAliasOutput{CreationDate: instant(now), StateMachineAliasArn: aws.String(q.aliasARN(q.alias))}
	err = r.db.Update(ctx, func(tx *db.Tx) error {
		if err := routedTx(tx, q, in.RoutingConfiguration); err != nil {
			return err
		}
		// The description is part of the request's identity, unlike role and tags of a state machine's.
		existing, err := aliasTx(tx, q)
		if err == nil {
			out.CreationDate = instant(existing.Created)
			if encode(existing.Routing) == encode(in.RoutingConfiguration) && existing.Description == aws.ToString(in.Description) {
				return nil
			}
			return &types.ConflictException{Message: text("Failed to create alias because an alias with the same name and a different routing configuration already exists.")}
		}
		if !errors.Is(err, db.ErrNotFound) {
			return err
		}
		n, err := db.One(tx, db.Value[int64], `SELECT COUNT(*) FROM sfn_alias WHERE account = $1 AND region = $2 AND machine = $3`, q.Account, q.Region, q.name)
		if err != nil {
			return err
		}
		if n >= aliasQuota {
			return &types.ServiceQuotaExceededException{Message: text("The state machine has %d aliases, the most that it may have. Delete those that are not needed.", n)}
		}
		_, err = tx.Exec(`INSERT INTO sfn_alias (account, region, machine, `+aliasColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)`,
			q.Account, q.Region, q.name, q.alias, aws.ToString(in.Description), encode(in.RoutingConfiguration), now)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// UpdateStateMachineAlias changes an alias's description or routing.
func (r *Registry) UpdateStateMachineAlias(ctx context.Context, in *sfn.UpdateStateMachineAliasInput, _ ...func(*sfn.Options)) (*sfn.UpdateStateMachineAliasOutput, error) {
	asked := aws.ToString(in.StateMachineAliasArn)
	q, err := parseAliasARN(asked)
	if err != nil {
		return nil, err
	}
	if in.Description == nil && in.RoutingConfiguration == nil {
		return nil, &types.ValidationException{Reason: types.ValidationExceptionReasonMissingRequiredParameter,
			Message: text("Either the description or the routing configuration must be specified")}
	}
	if in.RoutingConfiguration != nil {
		to, err := checkRouting(in.RoutingConfiguration)
		if err != nil {
			return nil, err
		}
		if to.machineARN() != q.machineARN() {
			return nil, otherMachine(in.RoutingConfiguration)
		}
	}
	// Running executions keep the version that was drawn for them: an update moves new ones only.
	now := r.clock.Now().UnixMilli()
	err = r.db.Update(ctx, func(tx *db.Tx) error {
		a, err := aliasTx(tx, q)
		if err != nil {
			return missingAlias(err, asked)
		}
		if in.Description != nil {
			a.Description = *in.Description
		}
		if in.RoutingConfiguration != nil {
			if err := routedTx(tx, q, in.RoutingConfiguration); err != nil {
				return err
			}
			a.Routing = in.RoutingConfiguration
		}
		_, err = tx.Exec(`UPDATE sfn_alias SET description = $1, routing = $2, updated_at = $3 WHERE account = $4 AND region = $5 AND machine = $6 AND name = $7`,
			a.Description, encode(a.Routing), now, q.Account, q.Region, q.name, q.alias)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &sfn.UpdateStateMachineAliasOutput{UpdateDate: instant(now)}, nil
}

// DescribeStateMachineAlias answers an alias.
func (r *Registry) DescribeStateMachineAlias(ctx context.Context, in *sfn.DescribeStateMachineAliasInput, _ ...func(*sfn.Options)) (*sfn.DescribeStateMachineAliasOutput, error) {
	asked := aws.ToString(in.StateMachineAliasArn)
	q, err := parseAliasARN(asked)
	if err != nil {
		return nil, err
	}
	var a aliasRow
	err = r.db.View(ctx, func(tx *db.Tx) (err error) {
		a, err = aliasTx(tx, q)
		return err
	})
	if err != nil {
		return nil, missingAlias(err, asked)
	}
	// An alias that was never updated has its creation as updateDate.
	return &sfn.DescribeStateMachineAliasOutput{StateMachineAliasArn: &asked, Name: &a.Name, Description: optional(a.Description),
		RoutingConfiguration: a.Routing, CreationDate: instant(a.Created), UpdateDate: instant(a.Updated)}, nil
}

// ListStateMachineAliases answers a state machine's aliases by name; given a version's ARN, those that lead to it.
func (r *Registry) ListStateMachineAliases(ctx context.Context, in *sfn.ListStateMachineAliasesInput, _ ...func(*sfn.Options)) (*sfn.ListStateMachineAliasesOutput, error) {
	asked := aws.ToString(in.StateMachineArn)
	q, err := parseMachineARN(asked)
	if err != nil {
		return nil, err
	}
	p, err := newPage("aliases:"+q.name, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	var rows []aliasRow
	err = r.db.View(ctx, func(tx *db.Tx) (err error) {
		if _, err := machineTx(tx, q); err != nil {
			return missing(err, asked)
		}
		rows, err = db.All(tx, scanAlias, `SELECT `+aliasColumns+` FROM sfn_alias WHERE account = $1 AND region = $2 AND machine = $3 AND name > $4 ORDER BY name`,
			q.Account, q.Region, q.name, p.after) // there are a hundred at most
		return err
	})
	if err != nil {
		return nil, err
	}
	// Filtered after reading: routing is a document, and there are few.
	if q.version != 0 {
		rows = routingTo(rows, q.version)
	}
	rows, token := cut(p, rows, func(a aliasRow) string { return a.Name })
	out := &sfn.ListStateMachineAliasesOutput{NextToken: token, StateMachineAliases: make([]types.StateMachineAliasListItem, len(rows))}
	for i, a := range rows {
		out.StateMachineAliases[i] = types.StateMachineAliasListItem{CreationDate: instant(a.Created), StateMachineAliasArn: aws.String(q.aliasARN(a.Name))}
	}
	return out, nil
}

// DeleteStateMachineAlias deletes an alias. Executions started by it go on.
func (r *Registry) DeleteStateMachineAlias(ctx context.Context, in *sfn.DeleteStateMachineAliasInput, _ ...func(*sfn.Options)) (*sfn.DeleteStateMachineAliasOutput, error) {
	q, err := parseAliasARN(aws.ToString(in.StateMachineAliasArn))
	if err != nil {
		return nil, err
	}
	err = r.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM sfn_alias WHERE account = $1 AND region = $2 AND machine = $3 AND name = $4`, q.Account, q.Region, q.name, q.alias)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &sfn.DeleteStateMachineAliasOutput{}, nil
}

// parseAliasARN reads an ARN that must be an alias's.
func parseAliasARN(s string) (machineRef, error) {
	q, err := parseMachineARN(s)
	if err == nil && q.alias == "" {
		err = invalidARN("Resource type not valid in this context: %s", q.kind())
	}
	return q, err
}

// missingAlias turns a row that is not there into AWS's error, which does not name the alias in its text.
func missingAlias(err error, asked string) error {
	if errors.Is(err, db.ErrNotFound) {
		return &types.ResourceNotFound{Message: text("Request references a resource that does not exist."), ResourceName: &asked}
	}
	return err
}

// checkRouting checks a routing configuration, and returns its first version.
func checkRouting(routes []types.RoutingConfigurationListItem) (first machineRef, err error) {
	seen := map[string]bool{}
	refs := make([]machineRef, len(routes))
	sum := int32(0)
	// The first pass reads, the ones below tell what is wrong, one thing at a time as AWS does.
	for i, route := range routes {
		seen[aws.ToString(route.StateMachineVersionArn)] = true
		q, err := parseMachineARN(aws.ToString(route.StateMachineVersionArn))
		if err != nil {
			return first, err
		}
		refs[i] = q
		sum += route.Weight
	}
	// The wire layer bounds the list and each weight; calls within the platform come here directly.
	if len(refs) == 0 {
		return first, invalidRouting("Routing configuration must contain one or two state machine versions.")
	}
	if len(seen) < len(routes) {
		return first, invalidRouting("Routing configuration must contain distinct state machine version ARNs. Received: [%s]", routedARNs(routes))
	}
	for _, q := range refs {
		if q.version == 0 {
			return first, invalidRouting("Routing configuration must contain state machine version ARNs. Received: [%s]", routedARNs(routes))
		}
		if q.machineARN() != refs[0].machineARN() {
			return first, otherMachine(routes)
		}
	}
	if sum != 100 {
		weights := make([]string, len(routes))
		for i, route := range routes {
			weights[i] = fmt.Sprint(route.Weight)
		}
		return first, invalidRouting("Sum of routing configuration weights must equal 100. Received: [%s]", strings.Join(weights, ", "))
	}
	return refs[0], nil
}

// invalidRouting is the error of a routing configuration; its reason is what programs look at.
func invalidRouting(format string, args ...any) error {
	return &types.ValidationException{Message: text(format, args...), Reason: types.ValidationExceptionReasonInvalidRoutingConfiguration}
}

// otherMachine refuses versions of several machines, or of another one than the alias's. The text is ours.
func otherMachine(routes []types.RoutingConfigurationListItem) error {
	return invalidRouting("Routing configuration must contain versions of the same state machine. Received: [%s]", routedARNs(routes))
}

// routedARNs lists the versions as error texts do.
func routedARNs(routes []types.RoutingConfigurationListItem) string {
	arns := make([]string, len(routes))
	for i, route := range routes {
		arns[i] = aws.ToString(route.StateMachineVersionArn)
	}
	return strings.Join(arns, ", ")
}

// routedTx checks that the state machine and the versions routed to exist.
func routedTx(tx *db.Tx, q machineRef, routes []types.RoutingConfigurationListItem) error {
	if _, err := activeMachineTx(tx, q, q.machineARN()); err != nil {
		return err
	}
	for _, route := range routes {
		if _, err := versionTx(tx, q, versionOf(*route.StateMachineVersionArn)); err != nil {
			if errors.Is(err, db.ErrNotFound) {
				return &types.ResourceNotFound{Message: text("Request references a resource that does not exist."), ResourceName: route.StateMachineVersionArn}
			}
			return err
		}
	}
	return nil
}

// routingTo keeps the aliases that lead to a version.
func routingTo(rows []aliasRow, version int64) (kept []aliasRow) {
	for _, a := range rows {
		for _, route := range a.Routing {
			if versionOf(aws.ToString(route.StateMachineVersionArn)) == version {
				kept = append(kept, a)
				break
			}
		}
	}
	return kept
}
