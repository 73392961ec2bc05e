package asl

import (
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// Task is a Task state.
type Task struct {
	Resource    Resource
	timeout     quantity
	heartbeat   quantity
	credentials *template
}

// task reads a Task state. What its resource may be called with is not known here: the driver's integrations check that.
func (p *parser) task(s *State, f *fields) {
	t := &Task{}
	s.Task = t
	f.require("Resource")
	src := f.text("Resource")
	var ok bool
	if t.Resource, ok = ParseResource(src); f.has("Resource") && !ok {
		f.note("Resource", "The resource provided %s is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.", src)
	}
	t.Resource.ARN = src
	// Express executions live in one process for five minutes at most: nothing can call back later.
	if p.express {
		switch {
		case t.Resource.Pattern == Sync || t.Resource.Pattern == Sync2:
			f.note("Resource", "Express state machine does not support '.sync' service integration")
		case t.Resource.Pattern == WaitForTaskToken:
			f.note("Resource", "Express state machine does not support '.waitForTaskToken' service integration")
		case t.Resource.Kind == Activity:
			f.note("Resource", "Express state machine does not support activities")
		}
	}
	t.timeout = f.quantity("TimeoutSeconds", 1, maxSeconds, false)
	t.heartbeat = f.quantity("HeartbeatSeconds", 1, maxSeconds, false)
	if t.heartbeat.set && t.timeout.set && t.timeout.literal > 0 && t.heartbeat.literal >= t.timeout.literal {
		f.note("HeartbeatSeconds", "HeartbeatSeconds must be smaller than TimeoutSeconds")
	}
	if v, ok := f.get("Credentials"); ok {
		c := p.fields(v, f.path("Credentials"), f.jsonata)
		if !c.has("RoleArn") && !c.has("RoleArn.$") {
			c.note("", "The field 'RoleArn' is required but was missing")
		}
		t.credentials = f.template("Credentials")
	}
	p.flow(s, f, flowFields{paths: true, work: true, result: true, retry: true})
	p.transition(s, f)
}

// runTask hands the task over: its effective input, time-outs and role are evaluated once for each attempt, before anything
// is scheduled, so that a failure among them leaves no task behind.
func (s *stepper) runTask(f *Frame, st *State) error {
	t := st.Task
	e := s.env(f, st)
	// Parameters may show the token, so it is drawn first.
	if t.Resource.Kind == Activity || t.Resource.Pattern == WaitForTaskToken {
		e.token = s.taskToken()
	}
	parameters, err := s.arguments(f, st, e)
	if err != nil {
		return err
	}
	timeout, hasTimeout, err := s.taskSeconds(t.timeout, e, f)
	if err != nil {
		return err
	}
	heartbeat, hasHeartbeat, err := s.taskSeconds(t.heartbeat, e, f)
	if err != nil {
		return err
	}
	role, err := t.role(e, f)
	if err != nil {
		return err
	}
	if s.x.Refuse != nil {
		if failure := s.x.Refuse(t.Resource); failure != nil {
			return failure
		}
	}
	ev := HistoryEvent{Resource: t.Resource.ARN, TaskRoleARN: role}
	if hasTimeout {
		ev.TimeoutInSeconds = ptr(timeout)
	}
	if hasHeartbeat {
		ev.HeartbeatInSeconds = ptr(heartbeat)
	}
	s.noteScheduled(f, t.Resource, ev, parameters)
	f.Phase = PhaseTask
	f.Task = &PendingTask{ID: frameKey(f, f.Previous), Token: e.token, HeartbeatSeconds: heartbeat, Credentials: role}
	if hasTimeout {
		f.Task.TimeoutAt = s.now.Add(time.Duration(timeout) * time.Second)
	}
	if hasHeartbeat {
		f.Task.HeartbeatAt = s.now.Add(time.Duration(heartbeat) * time.Second)
	}
	s.command(ScheduleTask{TaskID: f.Task.ID, State: st.Name, Resource: t.Resource, Parameters: parameters, Token: e.token,
		Credentials: role, TimeoutAt: f.Task.TimeoutAt, Heartbeat: heartbeat})
	return nil
}

// noteScheduled appends what AWS records when a task is handed over. An activity's start comes with its worker.
func (s *stepper) noteScheduled(f *Frame, r Resource, ev HistoryEvent, parameters Text) {
	switch r.Kind {
	case LambdaFunction:
		ev.Type, ev.Input = "LambdaFunctionScheduled", ptr(parameters.String())
		s.note(f, ev)
		s.note(f, HistoryEvent{Type: "LambdaFunctionStarted"})
	case Activity:
		ev.Type, ev.Input = "ActivityScheduled", ptr(parameters.String())
		s.note(f, ev)
	default:
		ev.Type, ev.Parameters, ev.Region = "TaskScheduled", ptr(parameters.String()), s.x.Region
		ev.Resource, ev.ResourceType = r.eventResource(), r.Service
		s.note(f, ev)
		s.note(f, HistoryEvent{Type: "TaskStarted", Resource: r.eventResource(), ResourceType: r.Service})
	}
}

// taskToken makes a token as opaque and long as AWS's.
func (s *stepper) taskToken() string {
	var raw [72]byte
	for i := 0; i < len(raw); i += 8 {
		binary.BigEndian.PutUint64(raw[i:], s.random())
	}
	return base64.StdEncoding.EncodeToString(raw[:])
}

// taskSeconds evaluates TimeoutSeconds or HeartbeatSeconds; ok tells that there is one.
func (s *stepper) taskSeconds(q quantity, e *env, f *Frame) (int64, bool, error) {
	n, ok, err := q.number(e, f.Input.Value(), "integer")
	if err == nil && ok && (n < 1 || n > maxSeconds) {
		err = runtimeFailure("The %s field refers to a value that is not between 1 and %d: %v", q.field, maxSeconds, n)
	}
	return int64(n), ok, err
}

// role evaluates Credentials; without them the task runs as the execution.
func (t *Task) role(e *env, f *Frame) (string, error) {
	if t.credentials == nil {
		return "", nil
	}
	v, err := t.credentials.fill(e, f.Input.Value())
	if err != nil {
		return "", err
	}
	o, _ := v.(*jsonvalue.Object)
	arn, _ := o.Get("RoleArn")
	role, _ := arn.(string)
	return role, nil
}

// taskStarted notes who has taken an activity's task. Other kinds of tasks start with their schedule.
func (s *stepper) taskStarted(ev TaskStarted) {
	f := s.x.frameOfTask(ev.TaskID)
	if f == nil || f.Task.Started || s.state(f).Task.Resource.Kind != Activity {
		return
	}
	f.Task.Started = true
	s.note(f, HistoryEvent{Type: "ActivityStarted", WorkerName: ev.Worker})
}

// taskSubmitted notes a service's first answer. The state waits on, for the job's end or the token.
func (s *stepper) taskSubmitted(ev TaskSubmitted) {
	f := s.x.frameOfTask(ev.TaskID)
	if f == nil || f.Task.Submitted || s.state(f).Task.Resource.Kind != Service {
		return
	}
	f.Task.Submitted = true
	r := s.state(f).Task.Resource
	s.note(f, HistoryEvent{Type: "TaskSubmitted", Resource: r.eventResource(), ResourceType: r.Service, Output: ptr(ev.Output.String())})
}

// taskSucceeded takes a result; one that is too big fails the task instead, with the limit as its error.
func (s *stepper) taskSucceeded(ev TaskSucceeded) {
	f := s.x.frameOfTask(ev.TaskID)
	if f == nil {
		return
	}
	st := s.state(f)
	r := st.Task.Resource
	if len(ev.Output.String()) > s.x.payloadLimit() {
		limit := dataLimit(r.limitName())
		s.endTask(f, "Failed", HistoryEvent{Error: limit.Code, Cause: limit.Cause})
		s.fail(f, limit)
		return
	}
	s.inspect.set("result", ev.Output)
	s.endTask(f, "Succeeded", HistoryEvent{Output: ptr(ev.Output.String())})
	e := s.env(f, st)
	e.token = f.Task.Token // ResultSelector may show it
	f.Task = nil
	f.Phase = PhaseReady
	s.complete(f, st, e, ev.Output)
}

// taskFailed takes an error; the event's type tells how far the task had come.
func (s *stepper) taskFailed(ev TaskFailed) {
	f := s.x.frameOfTask(ev.TaskID)
	if f == nil {
		return
	}
	suffix := "Failed"
	if ev.Refused {
		suffix = "StartFailed"
		switch s.state(f).Task.Resource.Kind {
		case Activity:
			suffix = "ScheduleFailed"
		case Service:
			suffix = "SubmitFailed"
		}
	}
	s.endTask(f, suffix, HistoryEvent{Error: ev.Error, Cause: ev.Cause})
	s.fail(f, &Failure{Code: ev.Error, Cause: ev.Cause, placed: true})
}

// taskTimedOut gives a task up: whoever does it is told, but its late result counts no more.
func (s *stepper) taskTimedOut(f *Frame, code string) {
	s.endTask(f, "TimedOut", HistoryEvent{Error: code})
	s.command(CancelTask{TaskID: f.Task.ID, Resource: s.state(f).Task.Resource})
	s.fail(f, &Failure{Code: code, placed: true})
}

// endTask appends a task's last event; the prefix of its type tells who did the task.
func (s *stepper) endTask(f *Frame, suffix string, ev HistoryEvent) {
	r := s.state(f).Task.Resource
	switch r.Kind {
	case LambdaFunction:
		ev.Type = "LambdaFunction" + suffix
	case Activity:
		ev.Type = "Activity" + suffix
	default:
		ev.Type, ev.Resource, ev.ResourceType = "Task"+suffix, r.eventResource(), r.Service
	}
	s.note(f, ev)
}
