package execution

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
)

// SendTaskSuccess ends the task that a token names. It answers once that is on disk.
func (s *Service) SendTaskSuccess(ctx context.Context, in *sfn.SendTaskSuccessInput, _ ...func(*sfn.Options)) (*sfn.SendTaskSuccessOutput, error) {
	if reason := asl.JSONError(aws.ToString(in.Output)); reason != "" {
		return nil, &types.InvalidOutput{Message: text("Invalid Output: '%s'", reason)}
	}
	output, err := jsonvalue.FromText(aws.ToString(in.Output))
	if err != nil {
		return nil, err
	}
	err = s.send(ctx, in.TaskToken, true, eventSucceeded, func(task string) any { return asl.TaskSucceeded{TaskID: task, Output: output} })
	if err != nil {
		return nil, err
	}
	return &sfn.SendTaskSuccessOutput{}, nil
}

// SendTaskFailure fails it.
func (s *Service) SendTaskFailure(ctx context.Context, in *sfn.SendTaskFailureInput, _ ...func(*sfn.Options)) (*sfn.SendTaskFailureOutput, error) {
	err := s.send(ctx, in.TaskToken, true, eventFailed, func(task string) any {
		return asl.TaskFailed{TaskID: task, Error: aws.ToString(in.Error), Cause: aws.ToString(in.Cause)}
	})
	if err != nil {
		return nil, err
	}
	return &sfn.SendTaskFailureOutput{}, nil
}

// SendTaskHeartbeat tells that its worker is alive.
func (s *Service) SendTaskHeartbeat(ctx context.Context, in *sfn.SendTaskHeartbeatInput, _ ...func(*sfn.Options)) (*sfn.SendTaskHeartbeatOutput, error) {
	err := s.send(ctx, in.TaskToken, false, eventBeat, func(task string) any { return asl.TaskHeartbeat{TaskID: task} })
	if err != nil {
		return nil, err
	}
	return &sfn.SendTaskHeartbeatOutput{}, nil
}

type tokenRow struct {
	execution, task string
	ended           bool
}

func scanToken(r db.Row) (t tokenRow, err error) {
	return t, r.Scan(&t.execution, &t.task, &t.ended)
}

// send signals the execution that waits for a token; ends tells that it waits no longer.
func (s *Service) send(ctx context.Context, token *string, ends bool, event string, data func(task string) any) error {
	gone := &types.TaskTimedOut{Message: text("Task Timed Out: 'Provided task does not exist anymore'")}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		t, err := db.One(tx, scanToken, `SELECT execution, task, ended FROM sfn_token WHERE token = $1`, aws.ToString(token))
		if errors.Is(err, db.ErrNotFound) {
			return &types.InvalidToken{Message: text("Invalid Token: 'Invalid token'")}
		}
		if err != nil {
			return err
		}
		if t.ended {
			return gone
		}
		err = s.engine.Signal(tx, kind, t.execution, event, data(t.task))
		if errors.Is(err, durable.ErrNotFound) {
			return gone
		}
		if err != nil || !ends {
			return err
		}
		_, err = tx.Exec(`UPDATE sfn_token SET ended = $1 WHERE token = $2`, true, aws.ToString(token))
		return err
	})
}
