package codedeploy

import (
	"cmp"
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
)

// revisionRow is a row of codedeploy_revision; times in milliseconds, 0 for never.
type revisionRow struct {
	Location                    types.RevisionLocation
	Key, Description            string
	Registered, FirstUsed, Last int64
}

const revisionColumns = `location, doc, description, registered_at, first_used_at, last_used_at FROM codedeploy_revision`

func scanRevision(r db.Row) (v revisionRow, err error) {
	var doc string
	if err := r.Scan(&v.Key, &doc, &v.Description, &v.Registered, &v.FirstUsed, &v.Last); err != nil {
		return v, err
	}
	return v, json.Unmarshal([]byte(doc), &v.Location)
}

// register writes a revision down unless it is known; used is when it was deployed, 0 if it is not.
func register(tx *db.Tx, p place, applicationID string, r *types.RevisionLocation, description string, now, used int64) (string, error) {
	doc := encode(r)
	key := sum(doc)
	var bucket, object string
	if r.S3Location != nil {
		bucket, object = aws.ToString(r.S3Location.Bucket), aws.ToString(r.S3Location.Key)
	}
	_, err := tx.Exec(`INSERT INTO codedeploy_revision
		(account, region, application_id, location, doc, description, bucket, object_key, registered_at, first_used_at, last_used_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0) ON CONFLICT DO NOTHING`,
		p.account, p.region, applicationID, key, doc, description, bucket, object, now)
	if err != nil || used == 0 {
		return key, err
	}
	_, err = tx.Exec(`UPDATE codedeploy_revision SET last_used_at = $1, first_used_at = CASE WHEN first_used_at = 0 THEN $1 ELSE first_used_at END
		WHERE account = $2 AND region = $3 AND application_id = $4 AND location = $5`, used, p.account, p.region, applicationID, key)
	return key, err
}

// useRevision registers a revision because it is deployed now.
func useRevision(tx *db.Tx, p place, applicationID string, r *types.RevisionLocation, now int64) (string, error) {
	return register(tx, p, applicationID, r, "", now, now)
}

// RegisterApplicationRevision implements the operation.
func (s *Service) RegisterApplicationRevision(ctx context.Context, in *codedeploy.RegisterApplicationRevisionInput, _ ...func(*codedeploy.Options)) (*codedeploy.RegisterApplicationRevisionOutput, error) {
	if _, err := checkRevision(in.Revision); err != nil {
		return nil, err
	}
	if err := checkDescription(in.Description); err != nil {
		return nil, err
	}
	p := placeOf(caller.From(ctx))
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		a, err := applicationTx(tx, p, in.ApplicationName)
		if err != nil {
			return err
		}
		key, err := register(tx, p, a.ID, in.Revision, aws.ToString(in.Description), s.clock.Now().UnixMilli(), 0)
		if err != nil || in.Description == nil {
			return err
		}
		_, err = tx.Exec(`UPDATE codedeploy_revision SET description = $1 WHERE account = $2 AND region = $3 AND application_id = $4 AND location = $5`,
			*in.Description, p.account, p.region, a.ID, key)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &codedeploy.RegisterApplicationRevisionOutput{}, nil
}

// revisionTx finds a registered revision and the groups whose target it is.
func revisionTx(tx *db.Tx, p place, a applicationRow, r *types.RevisionLocation) (types.RevisionInfo, error) {
	if r == nil {
		return types.RevisionInfo{}, &types.RevisionRequiredException{Message: text("The revision is required.")}
	}
	v, err := db.One(tx, scanRevision, `SELECT `+revisionColumns+` WHERE account = $1 AND region = $2 AND application_id = $3 AND location = $4`,
		p.account, p.region, a.ID, sum(encode(r)))
	if errors.Is(err, db.ErrNotFound) {
		return types.RevisionInfo{}, &types.RevisionDoesNotExistException{Message: text("The revision is not registered with application %s", a.Name)}
	}
	if err != nil {
		return types.RevisionInfo{}, err
	}
	targets, err := targetRevisions(tx, p, a)
	if err != nil {
		return types.RevisionInfo{}, err
	}
	return types.RevisionInfo{RevisionLocation: &v.Location, GenericRevisionInfo: &types.GenericRevisionInfo{
		Description: optional(v.Description), DeploymentGroups: append([]string{}, targets[v.Key]...),
		RegisterTime: instant(v.Registered), FirstUsedTime: instant(v.FirstUsed), LastUsedTime: instant(v.Last)}}, nil
}

// targetRevisions maps revisions to the groups of which they are the target: what the group's last
// successful deployment deployed.
func targetRevisions(tx *db.Tx, p place, a applicationRow) (map[string][]string, error) {
	type pair struct{ group, revision string }
	pairs, err := db.All(tx, func(r db.Row) (v pair, err error) { return v, r.Scan(&v.group, &v.revision) },
		`SELECT g.name, d.revision FROM codedeploy_group g JOIN codedeploy_deployment d ON d.group_id = g.id
		WHERE g.account = $1 AND g.region = $2 AND g.application_id = $3 AND d.status = 'Succeeded' ORDER BY g.name, d.created_at DESC, d.completed_at DESC`,
		p.account, p.region, a.ID)
	if err != nil {
		return nil, err
	}
	out, last := map[string][]string{}, ""
	for _, v := range pairs {
		if v.group != last { // the group's newest
			out[v.revision] = append(out[v.revision], v.group)
		}
		last = v.group
	}
	return out, nil
}

// GetApplicationRevision implements the operation.
func (s *Service) GetApplicationRevision(ctx context.Context, in *codedeploy.GetApplicationRevisionInput, _ ...func(*codedeploy.Options)) (*codedeploy.GetApplicationRevisionOutput, error) {
	p := placeOf(caller.From(ctx))
	out := &codedeploy.GetApplicationRevisionOutput{ApplicationName: in.ApplicationName}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		a, err := applicationTx(tx, p, in.ApplicationName)
		if err != nil {
			return err
		}
		v, err := revisionTx(tx, p, a, in.Revision)
		out.Revision, out.RevisionInfo = v.RevisionLocation, v.GenericRevisionInfo
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// BatchGetApplicationRevisions implements the operation.
func (s *Service) BatchGetApplicationRevisions(ctx context.Context, in *codedeploy.BatchGetApplicationRevisionsInput, _ ...func(*codedeploy.Options)) (*codedeploy.BatchGetApplicationRevisionsOutput, error) {
	if len(in.Revisions) == 0 {
		return nil, &types.RevisionRequiredException{Message: text("At least one revision is required.")}
	}
	if err := batchLimit(len(in.Revisions), 25); err != nil {
		return nil, err
	}
	p := placeOf(caller.From(ctx))
	out := &codedeploy.BatchGetApplicationRevisionsOutput{ApplicationName: in.ApplicationName, Revisions: []types.RevisionInfo{}}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		a, err := applicationTx(tx, p, in.ApplicationName)
		if err != nil {
			return err
		}
		for _, r := range in.Revisions {
			v, err := revisionTx(tx, p, a, &r)
			var missing *types.RevisionDoesNotExistException
			if errors.As(err, &missing) {
				out.ErrorMessage = missing.Message
				continue
			}
			if err != nil {
				return err
			}
			out.Revisions = append(out.Revisions, v)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListApplicationRevisions implements the operation.
func (s *Service) ListApplicationRevisions(ctx context.Context, in *codedeploy.ListApplicationRevisionsInput, _ ...func(*codedeploy.Options)) (*codedeploy.ListApplicationRevisionsOutput, error) {
	less, err := revisionOrder(in)
	if err != nil {
		return nil, err
	}
	from, err := after(in.NextToken)
	if err != nil {
		return nil, err
	}
	p := placeOf(caller.From(ctx))
	var all []revisionRow
	var targets map[string][]string
	err = s.db.View(ctx, func(tx *db.Tx) error {
		a, err := applicationTx(tx, p, in.ApplicationName)
		if err != nil {
			return err
		}
		if targets, err = targetRevisions(tx, p, a); err != nil {
			return err
		}
		all, err = db.All(tx, scanRevision, `SELECT `+revisionColumns+` WHERE account = $1 AND region = $2 AND application_id = $3 ORDER BY location`,
			p.account, p.region, a.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(v revisionRow) bool { return !listed(in, v, targets) })
	slices.SortStableFunc(all, less)
	if from != "" {
		i := slices.IndexFunc(all, func(v revisionRow) bool { return v.Key == from })
		all = all[i+1:]
	}
	all, next := page(all, func(v revisionRow) string { return v.Key })
	out := &codedeploy.ListApplicationRevisionsOutput{NextToken: next, Revisions: []types.RevisionLocation{}}
	for _, v := range all {
		out.Revisions = append(out.Revisions, v.Location)
	}
	return out, nil
}

// listed tells whether the request's filters let v through.
func listed(in *codedeploy.ListApplicationRevisionsInput, v revisionRow, targets map[string][]string) bool {
	deployed := len(targets[v.Key]) > 0
	if in.Deployed == types.ListStateFilterActionInclude && !deployed || in.Deployed == types.ListStateFilterActionExclude && deployed {
		return false
	}
	if in.S3Bucket == nil {
		return true
	}
	l := v.Location.S3Location
	return l != nil && aws.ToString(l.Bucket) == *in.S3Bucket && strings.HasPrefix(aws.ToString(l.Key), aws.ToString(in.S3KeyPrefix))
}

// revisionOrder checks the request and makes its order. Without sortBy any order will do.
func revisionOrder(in *codedeploy.ListApplicationRevisionsInput) (func(a, b revisionRow) int, error) {
	if in.S3KeyPrefix != nil && in.S3Bucket == nil {
		return nil, &types.BucketNameFilterRequiredException{Message: text("A key prefix needs a bucket name as well.")}
	}
	if in.Deployed != "" && !slices.Contains(in.Deployed.Values(), in.Deployed) {
		return nil, &types.InvalidDeployedStateFilterException{Message: text("%q is not include, exclude or ignore.", in.Deployed)}
	}
	if in.SortOrder != "" && !slices.Contains(in.SortOrder.Values(), in.SortOrder) {
		return nil, &types.InvalidSortOrderException{Message: text("%q is not ascending or descending.", in.SortOrder)}
	}
	by := func(v revisionRow) int64 { return v.Registered }
	switch in.SortBy {
	case "", types.ApplicationRevisionSortByRegisterTime:
	case types.ApplicationRevisionSortByFirstUsedTime:
		by = func(v revisionRow) int64 { return v.FirstUsed }
	case types.ApplicationRevisionSortByLastUsedTime:
		by = func(v revisionRow) int64 { return v.Last }
	default:
		return nil, &types.InvalidSortByException{Message: text("%q is not registerTime, firstUsedTime or lastUsedTime.", in.SortBy)}
	}
	return func(a, b revisionRow) int {
		c := cmp.Compare(by(a), by(b))
		if in.SortOrder == types.SortOrderDescending {
			return -c
		}
		return c
	}, nil
}
