package execution

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

// ListExecutions lists the executions of a state machine, a version, an alias or a map run, the newest first.
func (s *Service) ListExecutions(ctx context.Context, in *sfn.ListExecutionsInput, _ ...func(*sfn.Options)) (*sfn.ListExecutionsOutput, error) {
	limit, err := pageSize(in.MaxResults, 100)
	if err != nil {
		return nil, err
	}
	q, err := newListing(in)
	if err != nil {
		return nil, err
	}
	from := pageToken{At: 1 << 62}
	if err := from.read(in.NextToken, q.of); err != nil {
		return nil, err
	}
	var found []listed
	if err := s.db.View(ctx, func(tx *db.Tx) error {
		round, err := s.listable(ctx, tx, in)
		if err != nil {
			return err
		}
		status := q.shown(round)
		a, b := q.arg(from.At), q.arg(from.After)
		q.where = append(q.where, fmt.Sprintf("(started_at < %s OR started_at = %s AND id < %s)", a, a, b))
		found, err = db.All(tx, scanListed, `SELECT arn, id, machine, name, version, alias, map_run, `+status+`, started_at, stopped_at, redrives, redriven_at,
			doc FROM sfn_execution WHERE `+strings.Join(q.where, " AND ")+` ORDER BY started_at DESC, id DESC LIMIT `+q.arg(limit+1), q.args...)
		return err
	}); err != nil {
		return nil, err
	}
	out := &sfn.ListExecutionsOutput{Executions: []types.ExecutionListItem{}}
	for i := range found {
		if i == limit {
			out.NextToken = pageToken{Of: q.of, At: found[i-1].Started, After: found[i-1].ID}.String()
			break
		}
		out.Executions = append(out.Executions, found[i].item())
	}
	return out, nil
}

// listing is what ListExecutions asks for, as a query.
type listing struct {
	of    string // names the listing, for page tokens
	where []string
	args  []any
	// status is the filter, if there is one.
	status string
}

func (q *listing) arg(v any) string {
	q.args = append(q.args, v)
	return fmt.Sprintf("$%d", len(q.args))
}

func (q *listing) equal(column, value string) {
	q.where = append(q.where, column+" = "+q.arg(value))
	q.of += column + "=" + value + ";"
}

// shown is the expression for an execution's status, by which the listing is filtered, too. A map run's children that did
// not succeed wait for being redriven until it is their turn in the run's present round.
func (q *listing) shown(round int64) string {
	status := "status"
	if round > 0 {
		status = fmt.Sprintf(`CASE WHEN status IN ('FAILED', 'TIMED_OUT', 'ABORTED') AND round < %s AND events < %d THEN 'PENDING_REDRIVE' ELSE status END`,
			q.arg(round), redriveEvents)
	}
	if q.status != "" {
		q.where = append(q.where, status+" = "+q.arg(q.status))
	}
	return status
}

func newListing(in *sfn.ListExecutionsInput) (*listing, error) {
	q := &listing{where: []string{present, "status <> 'DELETED'"}}
	machine, run := aws.ToString(in.StateMachineArn), aws.ToString(in.MapRunArn)
	switch {
	case machine != "" && run != "":
		return nil, invalid("Only one of stateMachineArn or mapRunArn can be specified")
	case run != "":
		q.equal("map_run", run)
		q.where = append(q.where, "map_run <> ''") // the index has no others
	case machine == "":
		return nil, &types.ValidationException{Message: text("Either stateMachineArn or mapRunArn must be specified"), Reason: types.ValidationExceptionReasonMissingRequiredParameter}
	default:
		if err := checkARN(machine, "stateMachine"); err != nil {
			return nil, err
		}
		base, qualifier := unqualified(machine)
		q.equal("machine", base)
		q.where = append(q.where, "map_run = ''")
		if qualifier != "" {
			column := "alias"
			if qualifier[0] >= '0' && qualifier[0] <= '9' {
				column = "version"
			}
			q.equal(column, machine)
		}
	}
	switch status := in.StatusFilter; status {
	case "":
	case types.ExecutionStatusPendingRedrive:
		if run == "" {
			return nil, invalid("PENDING_REDRIVE is a filter for the executions of a map run")
		}
		fallthrough
	default:
		q.status = string(status)
		q.of += "status=" + q.status + ";"
	}
	switch in.RedriveFilter {
	case types.ExecutionRedriveFilterRedriven:
		q.where = append(q.where, "redrives > 0")
	case types.ExecutionRedriveFilterNotRedriven:
		q.where = append(q.where, "redrives = 0")
	}
	q.of += string(in.RedriveFilter)
	return q, nil
}

// unqualified splits a state machine's ARN: arn:aws:states:REGION:ACCOUNT:stateMachine:NAME, and QUALIFIER if there is one.
func unqualified(machineARN string) (base, qualifier string) {
	parts := strings.SplitN(machineARN, ":", 8)
	if len(parts) < 8 {
		return machineARN, ""
	}
	return strings.Join(parts[:7], ":"), parts[7]
}

// listable makes sure that what is asked about exists. Of a map run being redriven it tells which redrive that is.
func (s *Service) listable(ctx context.Context, tx *db.Tx, in *sfn.ListExecutionsInput) (round int64, err error) {
	if in.MapRunArn != nil && *in.MapRunArn != "" {
		run, err := findMapRun(tx, *in.MapRunArn)
		return run.round(), err
	}
	m, err := s.registry.Resolve(ctx, tx, aws.ToString(in.StateMachineArn))
	if deleting := new(types.StateMachineDeleting); errors.As(err, &deleting) {
		return 0, nil
	}
	if err == nil && m.Type == types.StateMachineTypeExpress {
		return 0, &types.StateMachineTypeNotSupported{Message: text("This operation is not supported by this type of state machine")}
	}
	return 0, err
}

// listed is what a listing shows of an execution: not its data.
type listed struct {
	ARN, ID, Machine, Name, Version, Alias, MapRun, Status string
	Started, Stopped, Redrives, Redriven                   int64
	Items                                                  int
}

func scanListed(r db.Row) (x listed, err error) {
	var doc string
	if err := r.Scan(&x.ARN, &x.ID, &x.Machine, &x.Name, &x.Version, &x.Alias, &x.MapRun, &x.Status, &x.Started, &x.Stopped, &x.Redrives,
		&x.Redriven, &doc); err != nil {
		return x, err
	}
	d, err := readDocument(doc)
	x.Items = d.Items
	return x, err
}

func (x *listed) item() types.ExecutionListItem {
	out := types.ExecutionListItem{ExecutionArn: &x.ARN, StateMachineArn: &x.Machine, Name: &x.Name, Status: types.ExecutionStatus(x.Status),
		StartDate: instant(x.Started), StopDate: instant(x.Stopped), StateMachineVersionArn: optional(x.Version), StateMachineAliasArn: optional(x.Alias),
		MapRunArn: optional(x.MapRun), RedriveCount: aws.Int32(int32(x.Redrives)), RedriveDate: instant(x.Redriven)}
	if x.MapRun != "" {
		out.ItemCount = aws.Int32(int32(x.Items))
		out.StateMachineArn = aws.String(labelled(x.Machine, x.MapRun))
	}
	return out
}

// labelled is the state machine of a map run's children: its ARN ends with the Map state's label.
func labelled(machineARN, mapRunARN string) string {
	_, label, _ := strings.Cut(mapRunARN, "/")
	label, _, _ = strings.Cut(label, ":")
	return machineARN + "/" + label
}
