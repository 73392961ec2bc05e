package registry

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/internal/db"
)

// initialRevision is what PublishStateMachineVersion calls the revision that CreateStateMachine made.
const initialRevision = "INITIAL"

// versionQuota is how many versions a state machine may have at a time.
const versionQuota = 1000

// PublishStateMachineVersion gives the present revision a number. A revision that has one keeps it.
func (r *Registry) PublishStateMachineVersion(ctx context.Context, in *sfn.PublishStateMachineVersionInput, _ ...func(*sfn.Options)) (*sfn.PublishStateMachineVersionOutput, error) {
	asked := aws.ToString(in.StateMachineArn)
	q, err := parseMachineARN(asked)
	if err != nil {
		return nil, err
	}
	if q.qualified() {
		return nil, missing(db.ErrNotFound, asked)
	}
	out := &sfn.PublishStateMachineVersionOutput{}
	err = r.db.Update(ctx, func(tx *db.Tx) error {
		row, err := activeMachineTx(tx, q, asked)
		if err != nil {
			return err
		}
		v, err := revisionTx(tx, row.Revision)
		if err != nil {
			return err
		}
		// revisionId makes publishing safe against an update by someone else: only what the caller has seen is published.
		current := v.ID
		if v.Initial {
			current = initialRevision
		}
		if in.RevisionId != nil && *in.RevisionId != current {
			return &types.ConflictException{Message: text("Failed to publish the State Machine version for revision %s. The current State Machine revision is %s.",
				*in.RevisionId, current)}
		}
		p, err := publishTx(tx, q, row, in.Description, r.clock.Now().UnixMilli())
		*out = sfn.PublishStateMachineVersionOutput{CreationDate: instant(p.Created), StateMachineVersionArn: aws.String(q.versionARN(p.Version))}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// publishTx gives the machine's present revision a version, unless it has one.
func publishTx(tx *db.Tx, q machineRef, row machineRow, description *string, now int64) (versionRow, error) {
	// FACTS §6: publishing is idempotent on the revision. The version keeps its description too.
	v, err := versionOfRevisionTx(tx, q, row.Revision)
	if !errors.Is(err, db.ErrNotFound) {
		return v, err
	}
	n, err := db.One(tx, db.Value[int64], `SELECT COUNT(*) FROM sfn_version WHERE account = $1 AND region = $2 AND machine = $3`, q.Account, q.Region, q.name)
	if err != nil {
		return v, err
	}
	if n >= versionQuota {
		return v, &types.ServiceQuotaExceededException{Message: text("The state machine has %d versions, the most that it may have. Delete those that are not needed.", n)}
	}
	// The counter is read here rather than taken from row, which the caller may have read before another publish.
	next, err := db.One(tx, db.Value[int64], `SELECT next_version FROM sfn_machine WHERE account = $1 AND region = $2 AND name = $3`, q.Account, q.Region, q.name)
	if err != nil {
		return v, err
	}
	v = versionRow{Version: next, Revision: row.Revision, Description: aws.ToString(description), Created: now}
	if _, err := tx.Exec(`UPDATE sfn_machine SET next_version = $1 WHERE account = $2 AND region = $3 AND name = $4`, next+1, q.Account, q.Region, q.name); err != nil {
		return v, err
	}
	_, err = tx.Exec(`INSERT INTO sfn_version (account, region, machine, `+versionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		q.Account, q.Region, q.name, v.Version, v.Revision, v.Description, v.Created)
	return v, err
}

// ListStateMachineVersions answers a state machine's versions, the newest first.
func (r *Registry) ListStateMachineVersions(ctx context.Context, in *sfn.ListStateMachineVersionsInput, _ ...func(*sfn.Options)) (*sfn.ListStateMachineVersionsOutput, error) {
	asked := aws.ToString(in.StateMachineArn)
	q, err := parseMachineARN(asked)
	if err != nil {
		return nil, err
	}
	p, err := newPage("versions:"+q.name, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	// The token holds the last number that was answered; what follows is below it.
	below := int64(1) << 62
	if p.after != "" {
		if below, err = strconv.ParseInt(p.after, 10, 64); err != nil {
			return nil, &types.InvalidToken{Message: text("Invalid Token: '%s'", *in.NextToken)}
		}
	}
	var rows []versionRow
	err = r.db.View(ctx, func(tx *db.Tx) (err error) {
		if _, err := machineTx(tx, q); err != nil {
			return missing(err, asked)
		}
		rows, err = db.All(tx, scanVersion, `SELECT `+versionColumns+` FROM sfn_version WHERE account = $1 AND region = $2 AND machine = $3
			AND version < $4 ORDER BY version DESC LIMIT $5`, q.Account, q.Region, q.name, below, p.limit+1)
		return err
	})
	if err != nil {
		return nil, err
	}
	rows, token := cut(p, rows, func(v versionRow) string { return fmt.Sprint(v.Version) })
	out := &sfn.ListStateMachineVersionsOutput{NextToken: token, StateMachineVersions: make([]types.StateMachineVersionListItem, len(rows))}
	for i, v := range rows {
		out.StateMachineVersions[i] = types.StateMachineVersionListItem{CreationDate: instant(v.Created), StateMachineVersionArn: aws.String(q.versionARN(v.Version))}
	}
	return out, nil
}

// DeleteStateMachineVersion deletes a version that no alias leads to. Executions of it go on. One that does not exist
// is deleted already.
func (r *Registry) DeleteStateMachineVersion(ctx context.Context, in *sfn.DeleteStateMachineVersionInput, _ ...func(*sfn.Options)) (*sfn.DeleteStateMachineVersionOutput, error) {
	asked := aws.ToString(in.StateMachineVersionArn)
	q, err := parseMachineARN(asked)
	if err != nil {
		return nil, err
	}
	if q.version == 0 {
		return nil, invalidARN("Resource type not valid in this context: %s", q.kind())
	}
	err = r.db.Update(ctx, func(tx *db.Tx) error {
		// FACTS §6: executions of the version go on, an alias that routes to it forbids to delete it.
		v, err := versionTx(tx, q, q.version)
		if errors.Is(err, db.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		// Its number is not given again even if it was the newest: next_version is the machine's.
		aliases, err := aliasesOfTx(tx, q, q.version)
		if err != nil {
			return err
		}
		if len(aliases) > 0 {
			return &types.ConflictException{Message: text("Version to be deleted must not be referenced by an alias. "+
				"Current list of aliases referencing this version: [%s]", strings.Join(aliases, ", "))}
		}
		if _, err := tx.Exec(`DELETE FROM sfn_version WHERE account = $1 AND region = $2 AND machine = $3 AND version = $4`,
			q.Account, q.Region, q.name, q.version); err != nil {
			return err
		}
		return r.Trim(tx, q.machineARN(), v.Revision)
	})
	if err != nil {
		return nil, err
	}
	return &sfn.DeleteStateMachineVersionOutput{}, nil
}

// aliasesOfTx names the aliases that route to a version.
func aliasesOfTx(tx *db.Tx, q machineRef, version int64) ([]string, error) {
	// Names, without the machine: the error's text lists them so.
	all, err := db.All(tx, scanAlias, `SELECT `+aliasColumns+` FROM sfn_alias WHERE account = $1 AND region = $2 AND machine = $3 ORDER BY name`,
		q.Account, q.Region, q.name)
	names := []string{}
	for _, a := range routingTo(all, version) {
		names = append(names, a.Name)
	}
	return names, err
}
