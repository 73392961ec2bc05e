package execution

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/id"
	"github.com/headgate/headgate/internal/service/sfn/integration"
	"github.com/headgate/headgate/internal/service/sfn/registry"
)

// maxInput is how many bytes an input may have.
const maxInput = 262144

// StartExecution starts a state machine: the newest revision, a version, or what an alias leads to.
func (s *Service) StartExecution(ctx context.Context, in *sfn.StartExecutionInput, _ ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	r, err := s.request(ctx, in)
	if err != nil {
		return nil, err
	}
	r.machine = s.definitions.known(aws.ToString(in.StateMachineArn))
	r.remembered = r.machine != nil
	for {
		if !r.remembered {
			if err := s.resolve(ctx, r, in.StateMachineArn); err != nil {
				return nil, err
			}
		}
		if r.machine.Type == types.StateMachineTypeExpress {
			return s.startExpress(ctx, r)
		}
		out, err := s.startStandard(ctx, r)
		if !errors.Is(err, errChanged) {
			return out, err
		}
		s.definitions.forget(r.machine.ARN)
		r.remembered = false
	}
}

// errChanged says that a state machine is not what it was when it was looked up.
var errChanged = errors.New("the state machine has changed")

// request is a start that was checked.
type request struct {
	caller  caller.Caller
	machine *registry.Machine
	name    string
	named   bool // by the caller: another execution may have the name
	input   asl.Text
	trace   string
	link    *link
	// remembered tells that the machine was not looked up: the transaction that writes the execution sees whether it
	// is still so.
	remembered bool
}

// link is how a nested execution is tied to the task that starts it.
type link struct {
	parent parent
	id     string // of the child's instance, the same each time
	exact  bool
	pins   integration.Pins // those of the execution that starts it
}

type linkKey struct{}

func (s *Service) request(ctx context.Context, in *sfn.StartExecutionInput) (*request, error) {
	r := &request{caller: caller.From(ctx), name: aws.ToString(in.Name), trace: aws.ToString(in.TraceHeader)}
	r.link, _ = ctx.Value(linkKey{}).(*link)
	if r.named = in.Name != nil; r.named {
		if err := checkName(r.name); err != nil {
			return nil, err
		}
	} else {
		r.name = id.Request()
	}
	var err error
	if r.input, err = checkInput(in.Input); err != nil {
		return nil, err
	}
	return r, nil
}

// resolve looks up what would run, now.
func (s *Service) resolve(ctx context.Context, r *request, arn *string) error {
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		r.machine, err = s.registry.Resolve(ctx, tx, aws.ToString(arn))
		return err
	})
	if err == nil {
		s.definitions.remember(r.machine)
	}
	return err
}

var badName = regexp.MustCompile(`[\s<>{}\[\]?*"#%\\^|~` + "`" + `$&,;:/\x00-\x1f\x7f-\x{9f}\x{fffe}\x{ffff}\x{10ffff}]`)

func checkName(name string) error {
	if len(name) == 0 || len(name) > 80 || badName.MatchString(name) || strings.ContainsRune(name, '\uFFFD') {
		return &types.InvalidName{Message: text("Invalid Name: '%s'", name)}
	}
	return nil
}

// checkInput reads an execution's input; without one it is an empty object.
func checkInput(in *string) (asl.Text, error) {
	if in == nil {
		return jsonvalue.FromText("{}")
	}
	if len(*in) > maxInput {
		return asl.Text{}, &types.InvalidExecutionInput{Message: text("Invalid State Machine Execution Input: 'Input exceeds the maximum number of bytes allowed.'")}
	}
	if reason := asl.JSONError(*in); reason != "" {
		return asl.Text{}, &types.InvalidExecutionInput{Message: text("Invalid State Machine Execution Input: '%s'", reason)}
	}
	return jsonvalue.FromText(*in)
}

// info is what the language knows of the execution.
func (r *request) info(resource string) asl.Info {
	m := r.machine
	a, _ := arn.Parse(m.ARN)
	a.Resource = resource
	return asl.Info{ARN: a.String(), Name: r.name, RoleARN: m.RoleARN, MachineARN: m.ARN, MachineName: m.Name,
		VersionARN: m.VersionARN, AliasARN: m.AliasARN, Partition: a.Partition, Region: a.Region, Account: a.Account}
}

func (s *Service) startStandard(ctx context.Context, r *request) (*sfn.StartExecutionOutput, error) {
	def, err := s.definitions.of(r.machine)
	if err != nil {
		return nil, err
	}
	p := &process{d: def, m: def.asl, apart: map[int64]bool{}}
	p.facts = facts{ID: id.Ordered(), Caller: r.caller, Revision: r.machine.RevisionID, Trace: r.trace}
	p.x = asl.New(r.info("execution:"+r.machine.Name+":"+r.name), r.input)
	p.x.Refuse = s.refuse
	if r.link != nil {
		p.ID, p.Parent = r.link.id, &r.link.parent
		if r.link.parent.Pattern == asl.RequestResponse || r.link.parent.Pattern == asl.WaitForTaskToken {
			p.Parent = nil
		}
	}
	if out, err := s.again(ctx, r, p); out != nil || err != nil {
		return out, err
	}
	if p.Exact, p.Pins, err = s.pin(ctx, r, p.x.ARN); err != nil {
		return nil, err
	}
	opening, err := s.open(p)
	if err != nil {
		return nil, err
	}
	var out *sfn.StartExecutionOutput
	err = s.db.Update(ctx, func(tx *db.Tx) (err error) {
		if out, err = s.earlier(tx, r, p); out != nil || err != nil {
			return err
		}
		if err := s.stillThere(tx, r); err != nil {
			return err
		}
		if r.named || r.link != nil {
			if err := freeName(tx, p.x.ARN); err != nil {
				return err
			}
		}
		if err := insert(tx, p); err != nil {
			return err
		}
		out = &sfn.StartExecutionOutput{ExecutionArn: &p.x.ARN, StartDate: aws.Time(p.x.StartedAt)}
		return opening.Write(tx)
	})
	if err != nil {
		s.unpin(ctx, p.x.ARN, p.Pins)
		return nil, err
	}
	return out, nil
}

// again looks for an earlier execution of the name before function versions are reserved for a new one.
func (s *Service) again(ctx context.Context, r *request, p *process) (out *sfn.StartExecutionOutput, err error) {
	if !r.named && r.link == nil || r.remembered {
		return nil, nil
	}
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		out, err = s.earlier(tx, r, p)
		return err
	})
	return out, err
}

// earlier answers for an execution that has the name already: the same again while it runs, else an error.
func (s *Service) earlier(tx *db.Tx, r *request, p *process) (*sfn.StartExecutionOutput, error) {
	if !r.named && r.link == nil {
		return nil, nil
	}
	x := p.x
	old, err := rowTx(tx, x.ARN)
	if errors.Is(err, db.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	same := old.Status == string(asl.Running) && old.Input == x.Input.String() && old.Alias == x.AliasARN && old.Machine == x.MachineARN &&
		(x.AliasARN != "" || old.Version == x.VersionARN)
	if same || r.link != nil && old.ID == r.link.id { // or the same effect, repeated
		return &sfn.StartExecutionOutput{ExecutionArn: &x.ARN, StartDate: instant(old.Started)}, nil
	}
	return nil, &types.ExecutionAlreadyExists{Message: text("Execution Already Exists: '%s'", x.ARN)}
}

// stillThere makes sure that the state machine was not deleted meanwhile, nor its revision, and is what was remembered
// of it.
func (s *Service) stillThere(tx *db.Tx, r *request) error {
	m := r.machine
	a, _ := arn.Parse(m.ARN)
	var status, revision, tags string
	_, err := db.One(tx, func(r db.Row) (struct{}, error) { return struct{}{}, r.Scan(&status, &revision, &tags) },
		`SELECT status, revision, tags FROM sfn_machine WHERE account = $1 AND region = $2 AND name = $3`, a.Account, a.Region, m.Name)
	switch {
	case err != nil && !errors.Is(err, db.ErrNotFound):
		return err
	case r.remembered && (err != nil || status != string(types.StateMachineStatusActive) || revision != m.RevisionID || strings.Contains(tags, PinTag)):
		return errChanged
	case err != nil:
		return &types.StateMachineDoesNotExist{Message: text("State Machine Does Not Exist: '%s'", m.ARN)}
	case status == string(types.StateMachineStatusDeleting):
		return &types.StateMachineDeleting{Message: text("State Machine is being deleted: '%s'", m.ARN)}
	case revision == m.RevisionID:
		return nil
	}
	// A version's, or one that was updated just now: as long as it is kept, it may be started.
	kept, err := db.One(tx, db.Value[bool], `SELECT EXISTS (SELECT 1 FROM sfn_revision WHERE id = $1)`, m.RevisionID)
	if err == nil && !kept {
		err = errChanged
	}
	return err
}

// runTask makes a task's call.
func (s *Service) runTask(ctx context.Context, c durable.Call) (any, error) {
	call, err := callOf(c)
	if err != nil {
		return nil, err
	}
	a, err := s.calls.Run(caller.With(ctx, call.Caller), call)
	if err != nil {
		return nil, durable.Retry(err, time.Second)
	}
	return a, nil
}
