package lifecycle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/headgate/headgate/hooks/hooktest"
)

const event = `{"DeploymentId":"d-1","LifecycleEventHookExecutionId":"e-1"}`

func hook(s *hooktest.Server, log *bytes.Buffer, check Check) *Hook {
	return &Hook{CodeDeploy: codedeploy.NewFromConfig(s.Config()), Check: check, Log: slog.New(slog.NewJSONHandler(log, nil))}
}

func TestCallsBackExactlyOnce(t *testing.T) {
	tests := map[string]struct {
		event             string
		check             Check
		status, errorType string
	}{
		"success": {event, func(context.Context, Event) (any, error) { return "fine", nil }, "Succeeded", ""},
		"error":   {event, func(context.Context, Event) (any, error) { return "poor", errors.New("no") }, "Failed", "errorString"},
		"named error": {event, func(context.Context, Event) (any, error) {
			return nil, fmt.Errorf("x: %w", &Error{"Unhealthy", "no"})
		}, "Failed", "Unhealthy"},
		"panic":            {event, func(context.Context, Event) (any, error) { panic("boom") }, "Failed", "Panic"},
		"no deployment id": {`{"LifecycleEventHookExecutionId":"e-1"}`, func(context.Context, Event) (any, error) { return nil, nil }, "Failed", "BadEvent"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			s := hooktest.New(t)
			out, err := hook(s, &log, tt.check).Handle(t.Context(), json.RawMessage(tt.event))
			if err != nil {
				t.Fatal(err)
			}
			o := out.(Outcome)
			if o.Status != tt.status || o.ErrorType != tt.errorType || o.AlreadyCompleted {
				t.Errorf("outcome %+v", o)
			}
			id := "d-1"
			if name == "no deployment id" {
				id = ""
			}
			if want := []string{id + " e-1 " + tt.status}; !slices.Equal(s.Puts(), want) {
				t.Errorf("callbacks %q, want %q", s.Puts(), want)
			}
			if !strings.Contains(log.String(), `"msg":"called back"`) {
				t.Errorf("log %s", log.String())
			}
		})
	}
}

func TestEventsThatNobodyWaitsFor(t *testing.T) {
	for _, in := range []string{``, `[]`, `{"DeploymentId":"d-1"}`, `{"DeploymentId":7}`} {
		s := hooktest.New(t)
		_, err := hook(s, new(bytes.Buffer), nil).Handle(t.Context(), json.RawMessage(in))
		var named *Error
		if !errors.As(err, &named) || named.Code != "BadEvent" || len(s.Puts()) != 0 {
			t.Errorf("%q: %v, callbacks %q", in, err, s.Puts())
		}
	}
}

func TestRetryOfLambdasFindsTheEventCompleted(t *testing.T) {
	s := hooktest.New(t)
	s.PutError = "LifecycleEventAlreadyCompletedException"
	out, err := hook(s, new(bytes.Buffer), func(context.Context, Event) (any, error) { return nil, nil }).Handle(t.Context(), json.RawMessage(event))
	if err != nil || !out.(Outcome).AlreadyCompleted || len(s.Puts()) != 1 {
		t.Errorf("%+v, %v, %q", out, err, s.Puts())
	}
}

func TestFailedCallbackIsReturnedSoThatLambdaRetries(t *testing.T) {
	s := hooktest.New(t)
	s.PutError = "InvalidLifecycleEventHookExecutionIdException"
	_, err := hook(s, new(bytes.Buffer), func(context.Context, Event) (any, error) { return nil, nil }).Handle(t.Context(), json.RawMessage(event))
	if err == nil || !strings.Contains(err.Error(), "tell CodeDeploy Succeeded for deployment d-1") || errorType(err) != "InvalidLifecycleEventHookExecutionIdException" {
		t.Errorf("%v (%s)", err, errorType(err))
	}
}

func TestCallsBackBeforeItsOwnTimeOut(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	for name, tt := range map[string]struct {
		check     Check
		errorType string
		report    any
	}{
		"a check that heeds its context": {func(ctx context.Context, _ Event) (any, error) {
			<-ctx.Done()
			return "half", ctx.Err()
		}, "TimedOut", "half"},
		"a check that does not": {func(context.Context, Event) (any, error) {
			<-release
			return nil, nil
		}, "TimedOut", nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := hooktest.New(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			out, err := hook(s, new(bytes.Buffer), tt.check).Handle(ctx, json.RawMessage(event))
			if err != nil || ctx.Err() != nil {
				t.Fatalf("%v; function's own time: %v", err, ctx.Err())
			}
			o := out.(Outcome)
			if o.Status != "Failed" || o.ErrorType != tt.errorType || o.Report != tt.report || !slices.Equal(s.Puts(), []string{"d-1 e-1 Failed"}) {
				t.Errorf("%+v, callbacks %q", o, s.Puts())
			}
		})
	}
}

func TestMargin(t *testing.T) {
	for left, want := range map[time.Duration]time.Duration{
		15 * time.Minute:       2 * time.Second,
		5 * time.Second:        time.Second,
		2 * time.Second:        500 * time.Millisecond,
		600 * time.Millisecond: 300 * time.Millisecond,
		-time.Second:           0,
	} {
		if got := margin(left); got != want {
			t.Errorf("%v left: %v kept, want %v", left, got, want)
		}
	}
}
