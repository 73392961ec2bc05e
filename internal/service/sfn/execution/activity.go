package execution

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
)

// patience is how long GetActivityTask waits for a task.
const patience = 60 * time.Second

// refuse fails a task of an activity that does not exist.
func (s *Service) refuse(r asl.Resource) *asl.Failure {
	if r.Kind != asl.Activity {
		return nil
	}
	err := s.db.View(s.ctx, func(tx *db.Tx) error {
		_, err := s.registry.Activity(s.ctx, tx, r.ARN)
		return err
	})
	var missing *types.ActivityDoesNotExist
	if errors.As(err, &missing) {
		return &asl.Failure{Code: asl.ErrRuntime, Cause: "The activity " + r.ARN + " does not exist."}
	}
	return nil
}

// GetActivityTask hands a worker the oldest task that waits, or waits itself for 60 s for one to come. The task has
// started once the worker has the answer.
func (s *Service) GetActivityTask(ctx context.Context, in *sfn.GetActivityTaskInput, _ ...func(*sfn.Options)) (*sfn.GetActivityTaskOutput, error) {
	name := aws.ToString(in.ActivityArn)
	if err := checkARN(name, "activity"); err != nil {
		return nil, err
	}
	came := s.workers.watch(name)
	defer s.workers.forget(name, came)
	over, stop := s.clock.After(patience)
	defer stop()
	for {
		out, err := s.take(ctx, name, aws.ToString(in.WorkerName))
		if out != nil || err != nil {
			return out, err
		}
		select {
		case <-came:
		case <-over:
			return &sfn.GetActivityTaskOutput{}, nil
		case <-s.ctx.Done():
			return &sfn.GetActivityTaskOutput{}, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

type activityTask struct{ id, execution, task, token, input string }

func scanActivityTask(r db.Row) (t activityTask, err error) {
	return t, r.Scan(&t.id, &t.execution, &t.task, &t.token, &t.input)
}

const oldestTask = `SELECT id, execution, task, token, input FROM sfn_activity_task WHERE activity = $1 ORDER BY id LIMIT 1`

// take takes the oldest task; nil if there is none.
func (s *Service) take(ctx context.Context, activity, worker string) (*sfn.GetActivityTaskOutput, error) {
	waits := false
	if err := s.db.View(ctx, func(tx *db.Tx) error {
		if _, err := s.registry.Activity(ctx, tx, activity); err != nil {
			return err
		}
		_, err := db.One(tx, scanActivityTask, oldestTask, activity)
		waits = err == nil
		if errors.Is(err, db.ErrNotFound) {
			return nil
		}
		return err
	}); err != nil || !waits {
		return nil, err
	}
	var out *sfn.GetActivityTaskOutput
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		out = nil
		for {
			t, err := db.One(tx, scanActivityTask, oldestTask, activity)
			if errors.Is(err, db.ErrNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			if _, err := tx.Exec(`DELETE FROM sfn_activity_task WHERE id = $1`, t.id); err != nil {
				return err
			}
			err = s.engine.Signal(tx, kind, t.execution, eventTaken, asl.TaskStarted{TaskID: t.task, Worker: worker})
			if errors.Is(err, durable.ErrNotFound) {
				continue
			}
			out = &sfn.GetActivityTaskOutput{TaskToken: &t.token, Input: &t.input}
			return err
		}
	})
	return out, err
}

// workers wait for activities' tasks.
type workers struct{ watchers }

func (w *workers) noticed(n db.Notice) {
	if n.Payload != "" {
		w.told(n.Payload)
		return
	}
	w.everyone() // notices were lost
}
