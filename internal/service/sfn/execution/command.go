package execution

import (
	"strings"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/id"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

// Effects of an execution.
const (
	effectTask  = "task"  // an integration.Call
	effectChild = "child" // a nested execution's start; its result comes as a signal, in the same commit
)

// command does what the language wants done, or has it done after the commit.
func (d *deciding) command(c asl.Command) {
	switch c := c.(type) {
	case asl.ScheduleTask:
		d.schedule(c)
	case asl.CancelTask:
		d.cancel(c)
	case asl.StartMapRun:
		d.startMapRun(c.Run)
	case asl.RedriveMapRun:
		d.redriveMapRun(c.MapRunARN)
	case asl.StopMapRun:
		d.signal(kindMapRun, mapRunInstance(c.MapRunARN), eventStop, nil)
	}
}

func (d *deciding) schedule(c asl.ScheduleTask) {
	p := d.p
	if c.Token != "" {
		d.rows(db.Stmt{SQL: `INSERT INTO sfn_token (token, execution, task, ended) VALUES ($1, $2, $3, $4)`,
			Args: []any{c.Token, p.ID, c.TaskID, false}})
	}
	if c.Resource.Kind == asl.Activity {
		d.rows(db.Stmt{SQL: `INSERT INTO sfn_activity_task (id, activity, execution, task, token, input) VALUES ($1, $2, $3, $4, $5, $6)`,
			Args: []any{id.Ordered(), c.Resource.ARN, p.ID, c.TaskID, c.Token, c.Parameters.String()}})
		d.out.Notices = append(d.out.Notices, db.Notice{Topic: topicActivity, Payload: c.Resource.ARN})
		return
	}
	call := d.s.call(p, c)
	if startsExecution(c.Resource) {
		d.effect(c.TaskID, effectChild, call)
		return
	}
	d.effect(c.TaskID, effectTask, call)
}

// call is a task as the integration makes it.
func (s *Service) call(p *process, c asl.ScheduleTask) integration.Call {
	return integration.Call{Caller: p.Caller, Role: p.x.RoleARN, Execution: p.x.ARN, State: c.State, Resource: c.Resource,
		Parameters: c.Parameters, Token: c.Token, Credentials: c.Credentials, Key: kind + "/" + p.ID + "/" + c.TaskID,
		Exact: p.Exact, Pins: p.Pins}
}

// startsExecution tells the nested executions, which are this service's own.
func startsExecution(r asl.Resource) bool {
	return r.Kind == asl.Service && r.Service == "states" && r.Action == "startExecution"
}

// cancel gives up what a task waited for.
func (d *deciding) cancel(c asl.CancelTask) {
	if c.Resource.Kind == asl.Activity || c.Resource.Pattern == asl.WaitForTaskToken {
		d.rows(db.Stmt{SQL: `UPDATE sfn_token SET ended = $1 WHERE execution = $2 AND task = $3`, Args: []any{true, d.p.ID, c.TaskID}})
	}
	if c.Resource.Kind == asl.Activity {
		d.rows(db.Stmt{SQL: `DELETE FROM sfn_activity_task WHERE execution = $1 AND task = $2`, Args: []any{d.p.ID, c.TaskID}})
	}
	if startsExecution(c.Resource) && (c.Resource.Pattern == asl.Sync || c.Resource.Pattern == asl.Sync2) {
		d.signal(kind, childID(d.p.ID, c.TaskID), eventStop, asl.Stop{})
	}
}

// startMapRun makes a map run in the same commit.
func (d *deciding) startMapRun(spec asl.MapRunSpec) {
	d.rows(d.s.mapRunRow(d.p, spec, d.now))
	d.out.Spawns = append(d.out.Spawns, durable.Spawn{Kind: kindMapRun, Instance: mapRunInstance(spec.ARN),
		State: d.s.mapRunState(d.p, spec)})
}

// mapRunInstance is the id of a map run's durable instance: its ARN's own, which is unique.
func mapRunInstance(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }
