package lambda

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
)

// PublishVersion makes an immutable version of $LATEST, or answers the last one if nothing has
// changed since (LS).
func (s *Service) PublishVersion(ctx context.Context, in *lambda.PublishVersionInput, _ ...func(*lambda.Options)) (*lambda.PublishVersionOutput, error) {
	t, err := parseTarget(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	if in.Description != nil && len(*in.Description) > 256 {
		return nil, validation(*in.Description, "description", "Member must have length less than or equal to 256")
	}
	if err := notHere(in.PublishTo != "", "PublishTo is"); err != nil {
		return nil, err
	}
	out := &lambda.PublishVersionOutput{}
	// Executions with pinned functions ask at each start, and nearly always nothing has changed: no write then.
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		fn, v, err := readForPublish(tx, t.key, in)
		if err != nil {
			return err
		}
		p, ok, err := published(tx, fn, v)
		if ok {
			copyFields(out, p.shown.Config)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if out.Version != nil {
		return out, nil
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		fn, v, err := readForPublish(tx, t.key, in)
		if err != nil {
			return err
		}
		p, err := publish(tx, &fn, v, in.Description)
		if err != nil {
			return err
		}
		changed(tx, t.key)
		copyFields(out, p.shown.Config)
		return updateFunction(tx, fn)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// readForPublish reads $LATEST, if it may be published.
func readForPublish(tx *db.Tx, k key, in *lambda.PublishVersionInput) (functionRow, versionRow, error) {
	fn, err := readFunction(tx, k, functionNotFound(k.arn("")))
	if err != nil {
		return fn, versionRow{}, err
	}
	v, err := readLatest(tx, k)
	if err != nil {
		return fn, v, err
	}
	return fn, v, firstError(checkSettled(v), checkRevision(in.RevisionId, v.shown.Config.RevisionId), checkCode(in.CodeSha256, v))
}

// checkSettled refuses to change or publish $LATEST while it is being readied (FACTS §4).
func checkSettled(v versionRow) error {
	c := v.shown.Config
	if c.State == types.StatePending {
		return notNow(c.State)
	}
	if c.LastUpdateStatus == types.LastUpdateStatusInProgress {
		return conflict("The operation cannot be performed at this time. An update is in progress for resource: %s", *c.FunctionArn)
	}
	return nil
}

func notNow(state types.State) error {
	return conflict("The operation cannot be performed at this time. The function is currently in the following state: %s", state)
}

func checkCode(wanted *string, v versionRow) error {
	if current := aws.ToString(v.shown.Config.CodeSha256); wanted != nil && *wanted != "" && *wanted != current {
		return invalid("CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). Please try again with the CodeSHA256 in $LATEST.", *wanted, current)
	}
	return nil
}

// publish writes the next version of v, which is $LATEST, and counts it in fn, whose row the
// caller writes. A version of a package that is not ready becomes Active together with it.
func publish(tx *db.Tx, fn *functionRow, v versionRow, description *string) (versionRow, error) {
	if p, ok, err := published(tx, *fn, v); ok || err != nil {
		return p, err
	}
	fn.lastVersion, fn.publishedHash = fn.lastVersion+1, v.shown.hash()
	p := versionRow{key: fn.key, number: fn.lastVersion, shown: v.shown, preparation: v.preparation}
	p.shown.Generation = id.Request()
	c := &p.shown.Config
	c.Version, c.FunctionArn = aws.String(versionName(p.number)), aws.String(fn.key.arn(versionName(p.number)))
	c.RevisionId = aws.String(id.Request())
	set(&c.Description, description)
	if p.preparation != "" {
		c.State, c.StateReason, c.StateReasonCode = types.StatePending, aws.String("The function is being created."), types.StateReasonCodeCreating
		c.LastUpdateStatus, c.LastUpdateStatusReason, c.LastUpdateStatusReasonCode = "", nil, ""
	} else {
		p.serving = &p.shown
	}
	return p, writeVersion(tx, p)
}

// published is the last version, if $LATEST has not changed since.
func published(tx *db.Tx, fn functionRow, v versionRow) (versionRow, bool, error) {
	if fn.lastVersion == 0 || fn.publishedHash != v.shown.hash() {
		return versionRow{}, false, nil
	}
	p, err := readVersion(tx, fn.key, fn.lastVersion)
	if errors.Is(err, db.ErrNotFound) {
		return p, false, nil
	}
	return p, err == nil, err
}

// hash is the same for snapshots of the same code and configuration.
func (n snapshot) hash() string {
	c := n.Config
	c.Version, c.FunctionArn, c.RevisionId, c.LastModified = nil, nil, nil, nil
	c.State, c.StateReason, c.StateReasonCode = "", nil, ""
	c.LastUpdateStatus, c.LastUpdateStatusReason, c.LastUpdateStatusReasonCode = "", nil, ""
	n.Config, n.Generation = c, ""
	sum := sha256.Sum256([]byte(document(n)))
	return hex.EncodeToString(sum[:])
}

// ListVersionsByFunction lists $LATEST and the published versions, oldest first.
func (s *Service) ListVersionsByFunction(ctx context.Context, in *lambda.ListVersionsByFunctionInput, _ ...func(*lambda.Options)) (*lambda.ListVersionsByFunctionOutput, error) {
	k, err := parseName(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	if err := s.DB.View(ctx, func(tx *db.Tx) error {
		_, err := readFunction(tx, k, functionNotFound(k.arn("")))
		return err
	}); err != nil {
		return nil, err
	}
	rows, next, err := listVersions(ctx, s.DB, `SELECT `+versionColumns+` FROM lambda_version
		WHERE account = $1 AND region = $2 AND name = $3`, []any{k.account, k.region, k.name}, in.Marker, in.MaxItems, 50)
	if err != nil {
		return nil, err
	}
	out := &lambda.ListVersionsByFunctionOutput{Versions: []types.FunctionConfiguration{}, NextMarker: next}
	for _, v := range rows {
		out.Versions = append(out.Versions, listed(v, true))
	}
	return out, nil
}
