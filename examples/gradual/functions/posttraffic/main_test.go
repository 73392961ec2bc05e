package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headgate/headgate/hooks/hooktest"
	"github.com/headgate/headgate/hooks/lifecycle"
)

const spec = `{"version":0.0,"Resources":[{"shop":{"Type":"AWS::Lambda::Function","Properties":{"Name":"shop","Alias":"live","CurrentVersion":"1","TargetVersion":"2"}}}]}`

func TestAliasMustAnswerWithTheNewVersion(t *testing.T) {
	tests := map[string]struct {
		answer func(n int64) hooktest.Answer
		status string
		text   string
		asked  int
	}{
		"it does": {func(int64) hooktest.Answer { return hooktest.Answer{Version: "2", Payload: "{}"} }, "Succeeded", "", inARow},
		"it does after a moment": {func(n int64) hooktest.Answer {
			return hooktest.Answer{Version: []string{"2", "1", "2"}[min(n, 2)], Payload: "{}"}
		}, "Succeeded", "", inARow + 2},
		"the old one stays": {func(int64) hooktest.Answer { return hooktest.Answer{Version: "1", Payload: "{}"} }, "Failed", "served by version 1, not by 2", -1},
		"the new one throws": {func(int64) hooktest.Answer {
			return hooktest.Answer{Version: "2", FunctionError: "Unhandled", Payload: `{"errorMessage":"x"}`}
		}, "Failed", `FunctionError: shop:live, version 2: {"errorMessage":"x"}`, 1},
		"the alias does not exist": {func(int64) hooktest.Answer {
			return hooktest.Answer{Status: 404, ErrorCode: "ResourceNotFoundException"}
		}, "Failed", "invoke shop:live", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := hooktest.New(t)
			s.AppSpec("d-1", spec)
			var n atomic.Int64
			s.Invoke = func(c hooktest.Call) hooktest.Answer {
				if c.Function != "shop" || c.Qualifier != "live" {
					t.Errorf("asked %+v", c)
				}
				return tt.answer(n.Add(1) - 1)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
			defer cancel()
			out, err := newHook(s.Config(), slog.New(slog.DiscardHandler)).Handle(ctx,
				json.RawMessage(`{"DeploymentId":"d-1","LifecycleEventHookExecutionId":"e-1"}`))
			if err != nil {
				t.Fatal(err)
			}
			o := out.(lifecycle.Outcome)
			if o.Status != tt.status || !strings.Contains(o.Error, tt.text) || !slices.Equal(s.Puts(), []string{"d-1 e-1 " + tt.status}) {
				t.Errorf("%+v, callbacks %q", o, s.Puts())
			}
			if r := o.Report.([]Report); tt.asked >= 0 && r[0].Asked != tt.asked {
				t.Errorf("asked %d times, want %d", r[0].Asked, tt.asked)
			}
		})
	}
}

func TestRevisionInS3IsRefused(t *testing.T) {
	s := hooktest.New(t)
	s.Revisions["d-1"] = `{"revisionType":"S3","s3Location":{"bucket":"b","key":"k"}}`
	out, err := newHook(s.Config(), slog.New(slog.DiscardHandler)).Handle(t.Context(),
		json.RawMessage(`{"DeploymentId":"d-1","LifecycleEventHookExecutionId":"e-1"}`))
	if err != nil || out.(lifecycle.Outcome).Status != "Failed" || !strings.Contains(out.(lifecycle.Outcome).Error, "is in S3") {
		t.Errorf("%+v, %v", out, err)
	}
}
