package execution

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
)

// mapRunRow makes a map run's row, in the commit that makes the run.
func (s *Service) mapRunRow(p *process, spec asl.MapRunSpec, now time.Time) db.Stmt {
	l := limits{spec.MaxConcurrency, spec.ToleratedFailureCount, spec.ToleratedFailurePercentage}
	return db.Stmt{SQL: `INSERT INTO sfn_map_run (account, region, arn, id, execution, machine, revision, status, started_at, stopped_at, doc)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		Args: []any{p.x.Account, p.x.Region, spec.ARN, mapRunInstance(spec.ARN), p.x.ARN, p.x.MachineARN, p.Revision, string(asl.Running), millis(now), int64(0),
			string(encode(mapRunDoc{Limits: l}))}}
}

// mapRunDoc is what nobody queries of a map run.
type mapRunDoc struct {
	Limits   limits           `json:"limits"`
	Counts   asl.MapRunCounts `json:"counts"`
	Redrives int              `json:"redrives,omitempty"`
	Redriven int64            `json:"redriven,omitempty"` // milliseconds
}

type mapRunRecord struct {
	ARN, ID, Execution, Machine, Status string
	Started, Stopped                    int64
	Doc                                 mapRunDoc
}

const mapRunColumns = `arn, id, execution, machine, status, started_at, stopped_at, doc`

func scanMapRun(r db.Row) (m mapRunRecord, err error) {
	var doc string
	if err := r.Scan(&m.ARN, &m.ID, &m.Execution, &m.Machine, &m.Status, &m.Started, &m.Stopped, &doc); err != nil {
		return m, err
	}
	return m, json.Unmarshal([]byte(doc), &m.Doc)
}

func findMapRun(tx *db.Tx, name string) (mapRunRecord, error) {
	if err := checkARN(name, "mapRun"); err != nil {
		return mapRunRecord{}, err
	}
	a, err := arn.Parse(name)
	if err != nil {
		return mapRunRecord{}, err
	}
	m, err := db.One(tx, scanMapRun, `SELECT `+mapRunColumns+` FROM sfn_map_run
		WHERE account = $1 AND region = $2 AND arn = $3 AND `+present, a.Account, a.Region, name)
	if errors.Is(err, db.ErrNotFound) {
		return m, &types.ResourceNotFound{Message: text("Map Run Does Not Exist: '%s'", name), ResourceName: &name}
	}
	return m, err
}

// DescribeMapRun tells how a map run is doing.
func (s *Service) DescribeMapRun(ctx context.Context, in *sfn.DescribeMapRunInput, _ ...func(*sfn.Options)) (*sfn.DescribeMapRunOutput, error) {
	var m mapRunRecord
	if err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		m, err = findMapRun(tx, aws.ToString(in.MapRunArn))
		return err
	}); err != nil {
		return nil, err
	}
	x, i := m.Doc.Counts.Executions, m.Doc.Counts.Items
	return &sfn.DescribeMapRunOutput{MapRunArn: &m.ARN, ExecutionArn: &m.Execution, Status: types.MapRunStatus(m.Status),
		StartDate: instant(m.Started), StopDate: instant(m.Stopped), MaxConcurrency: int32(m.Doc.Limits.MaxConcurrency),
		ToleratedFailureCount: m.Doc.Limits.Count, ToleratedFailurePercentage: float32(m.Doc.Limits.Percentage), RedriveCount: aws.Int32(int32(m.Doc.Redrives)), RedriveDate: instant(m.Doc.Redriven),
		ExecutionCounts: &types.MapRunExecutionCounts{Pending: int64(x.Pending), Running: int64(x.Running), Succeeded: int64(x.Succeeded),
			Failed: int64(x.Failed), TimedOut: int64(x.TimedOut), Aborted: int64(x.Aborted), Total: int64(x.Total), ResultsWritten: int64(x.Written),
			FailuresNotRedrivable: aws.Int64(int64(x.FailuresNotRedrivable)), PendingRedrive: aws.Int64(int64(x.PendingRedrive))},
		ItemCounts: &types.MapRunItemCounts{Pending: int64(i.Pending), Running: int64(i.Running), Succeeded: int64(i.Succeeded),
			Failed: int64(i.Failed), TimedOut: int64(i.TimedOut), Aborted: int64(i.Aborted), Total: int64(i.Total), ResultsWritten: int64(i.Written),
			FailuresNotRedrivable: aws.Int64(int64(i.FailuresNotRedrivable)), PendingRedrive: aws.Int64(int64(i.PendingRedrive))},
	}, nil
}

// ListMapRuns lists the map runs of an execution, the newest first.
func (s *Service) ListMapRuns(ctx context.Context, in *sfn.ListMapRunsInput, _ ...func(*sfn.Options)) (*sfn.ListMapRunsOutput, error) {
	name := aws.ToString(in.ExecutionArn)
	limit, err := pageSize(in.MaxResults, 100)
	if err != nil {
		return nil, err
	}
	from := pageToken{At: 1 << 62}
	if err := from.read(in.NextToken, name); err != nil {
		return nil, err
	}
	var found []mapRunRecord
	if err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		if _, err = find(tx, name); err != nil {
			return err
		}
		found, err = db.All(tx, scanMapRun, `SELECT `+mapRunColumns+` FROM sfn_map_run
			WHERE execution = $1 AND `+present+` AND (started_at < $2 OR started_at = $2 AND id < $3) ORDER BY started_at DESC, id DESC LIMIT $4`, name, from.At, from.After, limit+1)
		return err
	}); err != nil {
		return nil, err
	}
	out := &sfn.ListMapRunsOutput{MapRuns: []types.MapRunListItem{}}
	for i := range found {
		m := &found[i]
		if i == limit {
			out.NextToken = pageToken{Of: name, At: found[i-1].Started, After: found[i-1].ID}.String()
			break
		}
		out.MapRuns = append(out.MapRuns, types.MapRunListItem{MapRunArn: &m.ARN, ExecutionArn: &m.Execution, StateMachineArn: aws.String(labelled(m.Machine, m.ARN)),
			StartDate: instant(m.Started), StopDate: instant(m.Stopped)})
	}
	return out, nil
}

// UpdateMapRun changes a running map run's limits.
func (s *Service) UpdateMapRun(ctx context.Context, in *sfn.UpdateMapRunInput, _ ...func(*sfn.Options)) (*sfn.UpdateMapRunOutput, error) {
	if p := in.ToleratedFailurePercentage; p != nil && (*p < 0 || *p > 100) {
		return nil, invalid("ToleratedFailurePercentage must be between 0 and 100")
	}
	if in.MaxConcurrency != nil && *in.MaxConcurrency < 0 || in.ToleratedFailureCount != nil && *in.ToleratedFailureCount < 0 {
		return nil, invalid("MaxConcurrency and ToleratedFailureCount must not be negative")
	}
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		m, err := findMapRun(tx, aws.ToString(in.MapRunArn))
		if err != nil {
			return err
		}
		l := m.Doc.Limits
		if in.MaxConcurrency != nil {
			l.MaxConcurrency = int(*in.MaxConcurrency)
		}
		if in.ToleratedFailureCount != nil {
			l.Count = *in.ToleratedFailureCount
		}
		if in.ToleratedFailurePercentage != nil {
			l.Percentage = float64(*in.ToleratedFailurePercentage)
		}
		err = s.engine.Signal(tx, kindMapRun, m.ID, eventUpdate, l)
		if errors.Is(err, durable.ErrNotFound) {
			return invalid("Map Run %s has ended and cannot be updated", m.ARN)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &sfn.UpdateMapRunOutput{}, nil
}
