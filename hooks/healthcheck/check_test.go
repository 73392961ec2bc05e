package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate/headgate/hooks/hooktest"
	"github.com/headgate/headgate/hooks/lifecycle"
)

const hookEvent = `{"DeploymentId":"d-1","LifecycleEventHookExecutionId":"e-1"}`

// spec is an AppSpec of functions given as name:version.
func spec(functions ...string) string {
	var resources []string
	for _, f := range functions {
		name, version, _ := strings.Cut(f, ":")
		resources = append(resources, fmt.Sprintf(`{%q:{"Type":"AWS::Lambda::Function","Properties":{"Name":%q,"Alias":"live","CurrentVersion":"1","TargetVersion":%q}}}`, name, name, version))
	}
	return `{"version":0.0,"Resources":[` + strings.Join(resources, ",") + `]}`
}

// handle runs the hook, wired as in main, against s.
func handle(ctx context.Context, t *testing.T, s *hooktest.Server, env map[string]string) (lifecycle.Outcome, Report, string) {
	t.Helper()
	var log bytes.Buffer
	h := newHook(s.Config(), func(k string) string { return env[k] }, slog.New(slog.NewJSONHandler(&log, nil)))
	out, err := h.Handle(ctx, json.RawMessage(hookEvent))
	if err != nil {
		t.Fatal(err)
	}
	o := out.(lifecycle.Outcome)
	r, _ := o.Report.(Report)
	if want := []string{"d-1 e-1 " + o.Status}; !slices.Equal(s.Puts(), want) {
		t.Errorf("callbacks %q, want %q", s.Puts(), want)
	}
	return o, r, log.String()
}

func TestSuccessRule(t *testing.T) {
	ok := hooktest.Answer{Payload: `{"statusCode":200,"errorType":7}`}
	tests := map[string]struct {
		answer    hooktest.Answer
		errorType string
		text      string
	}{
		"200":                       {ok, "", ""},
		"399":                       {hooktest.Answer{Payload: `{"statusCode":399}`}, "", ""},
		"a redirect":                {hooktest.Answer{Payload: `{"statusCode":302.0,"headers":{"Location":"/"}}`}, "", ""},
		"400":                       {hooktest.Answer{Payload: `{"statusCode":400}`}, "UnhealthyStatus", "the function answered 400"},
		"199":                       {hooktest.Answer{Payload: `{"statusCode":199}`}, "UnhealthyStatus", "answered 199"},
		"503":                       {hooktest.Answer{Payload: `{"statusCode":503}`}, "UnhealthyStatus", "answered 503"},
		"a thrown error":            {hooktest.Answer{FunctionError: "Unhandled", Payload: `{"errorType":"TypeError","errorMessage":"x is undefined"}`}, "FunctionError", "Unhandled: TypeError: x is undefined"},
		"an error that looks well":  {hooktest.Answer{FunctionError: "Handled", Payload: `{"statusCode":200}`}, "FunctionError", "Handled"},
		"a time-out's bare message": {hooktest.Answer{FunctionError: "Unhandled", Payload: `{"errorMessage":"Task timed out after 3.00 seconds"}`}, "FunctionError", "Unhandled: Task timed out after 3.00 seconds"},
		"another API status":        {hooktest.Answer{Status: 202, Payload: `{"statusCode":200}`}, "UnexpectedInvokeStatus", "202"},
		"no JSON":                   {hooktest.Answer{Payload: `<html>`}, "InvalidResponse", "not an HTTP response"},
		"nothing":                   {hooktest.Answer{}, "InvalidResponse", "not an HTTP response"},
		"null":                      {hooktest.Answer{Payload: `null`}, "InvalidResponse", "no statusCode"},
		"no statusCode":             {hooktest.Answer{Payload: `{"ok":true}`}, "InvalidResponse", "no statusCode"},
		"statusCode as text":        {hooktest.Answer{Payload: `{"statusCode":"200"}`}, "InvalidResponse", "not an HTTP response"},
		"an API error":              {hooktest.Answer{Status: 404, ErrorCode: "ResourceNotFoundException"}, "ResourceNotFoundException", "refused"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := hooktest.New(t)
			s.AppSpec("d-1", spec("shop:2"))
			s.Invoke = func(hooktest.Call) hooktest.Answer { return tt.answer }
			o, report, log := handle(t.Context(), t, s, nil)
			if len(report.Functions) != 1 {
				t.Fatalf("outcome %+v", o)
			}
			r := report.Functions[0]
			wantStatus := "Succeeded"
			if tt.errorType != "" {
				wantStatus = "Failed"
			}
			if o.Status != wantStatus || r.Healthy != (tt.errorType == "") || r.ErrorType != tt.errorType || !strings.Contains(r.Error, tt.text) {
				t.Errorf("%s: %+v", o.Status, r)
			}
			if tt.errorType != "" && (!strings.Contains(o.Error, "1 of 1 functions: shop:2 ("+tt.errorType) || o.ErrorType != "Unhealthy") {
				t.Errorf("outcome %q", o.Error)
			}
			if !strings.Contains(log, `"msg":"checked"`) || !strings.Contains(log, `"function":"shop"`) {
				t.Errorf("log %s", log)
			}
		})
	}
}

func TestEventSent(t *testing.T) {
	for name, tt := range map[string]struct {
		env                map[string]string
		method, path, host string
	}{
		"default":   {nil, "GET", "/healthcheck", "example.com"},
		"overrides": {map[string]string{"LH_METHOD": "HEAD", "LH_PATH": "/up", "LH_HOST": "shop.test"}, "HEAD", "/up", "shop.test"},
	} {
		t.Run(name, func(t *testing.T) {
			s := hooktest.New(t)
			s.AppSpec("d-1", spec("shop:2"))
			s.Invoke = func(hooktest.Call) hooktest.Answer { return hooktest.Answer{Payload: `{"statusCode":200}`} }
			handle(t.Context(), t, s, tt.env)
			call := s.Calls()[0]
			if call.Function != "shop" || call.Qualifier != "2" || call.Type != "RequestResponse" {
				t.Errorf("call %+v", call)
			}
			want := map[string]any{"httpMethod": tt.method, "path": tt.path, "headers": map[string]any{"Host": tt.host},
				"multiValueHeaders": map[string]any{"Host": []any{tt.host}},
				"requestContext":    map[string]any{"elb": map[string]any{"targetGroupArn": ""}}, "isBase64Encoded": false, "body": ""}
			var got map[string]any
			if err := json.Unmarshal([]byte(call.Payload), &got); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestAllFunctionsOfAppSpecAndConfiguration(t *testing.T) {
	s := hooktest.New(t)
	s.AppSpec("d-1", spec("shop:2", "cart:7"))
	s.Invoke = func(c hooktest.Call) hooktest.Answer {
		if c.Function == "cart" || strings.HasSuffix(c.Function, "search") {
			return hooktest.Answer{Payload: `{"statusCode":500}`}
		}
		return hooktest.Answer{Payload: `{"statusCode":204}`}
	}
	o, report, log := handle(t.Context(), t, s, map[string]string{
		"LH_FUNCTIONS": `["shop:2", "pay:live", "mail", "arn:aws:lambda:us-east-1:000000000000:function:search:3"]`})
	var got []string
	for _, r := range report.Functions {
		got = append(got, fmt.Sprint(r.name(), " ", r.Source, " ", r.Healthy))
	}
	want := []string{"shop:2 AppSpec resource shop true", "cart:7 AppSpec resource cart false", "pay:live LH_FUNCTIONS true", "mail LH_FUNCTIONS true",
		"arn:aws:lambda:us-east-1:000000000000:function:search:3 LH_FUNCTIONS false"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if report.Healthy != 3 || report.Unhealthy != 2 || o.Status != "Failed" || !strings.HasPrefix(o.Error, "Unhealthy: 2 of 5 functions: cart:7 (") {
		t.Errorf("%+v", o)
	}
	if n := strings.Count(log, `"msg":"checked"`); n != 5 || len(s.Calls()) != 5 {
		t.Errorf("%d log lines, %d calls", n, len(s.Calls()))
	}
}

func TestOneFunctionIsNotHiddenByAnother(t *testing.T) {
	s := hooktest.New(t)
	s.AppSpec("d-1", `{"version":"0.0","Resources":[
		{"svc":{"Type":"AWS::ECS::Service","Properties":{}}},
		{"shop":{"Type":"AWS::Lambda::Function","Properties":{"Name":"shop","TargetVersion":2}}}]}`)
	s.Invoke = func(hooktest.Call) hooktest.Answer { return hooktest.Answer{Payload: `{"statusCode":200}`} }
	o, report, _ := handle(t.Context(), t, s, nil)
	if o.Status != "Failed" || report.Healthy != 1 || report.Functions[0].ErrorType != "UnsupportedResourceType" || !report.Functions[1].Healthy {
		t.Errorf("%+v", o)
	}
}

func TestConcurrencyIsBounded(t *testing.T) {
	for limit, env := range map[int]map[string]string{3: {"LH_CONCURRENCY": "3"}, defaultConcurrency: nil} {
		s := hooktest.New(t)
		var names []string
		for i := range 3 * limit {
			names = append(names, fmt.Sprintf("f%d:2", i))
		}
		s.AppSpec("d-1", spec(names...))
		var now, most atomic.Int64
		full := make(chan struct{}) // closed once as many as allowed are in flight together
		var once sync.Once
		s.Invoke = func(hooktest.Call) hooktest.Answer {
			n := now.Add(1)
			defer now.Add(-1)
			for {
				m := most.Load()
				if n <= m || most.CompareAndSwap(m, n) {
					break
				}
			}
			if n == int64(limit) {
				once.Do(func() { close(full) })
			}
			select {
			case <-full:
				time.Sleep(5 * time.Millisecond) // time for one too many to show itself
			case <-time.After(5 * time.Second):
			}
			return hooktest.Answer{Payload: `{"statusCode":200}`}
		}
		if o, report, _ := handle(t.Context(), t, s, env); o.Status != "Succeeded" || report.Healthy != 3*limit {
			t.Errorf("%+v", o)
		}
		if most.Load() != int64(limit) {
			t.Errorf("%d at the same time, want %d", most.Load(), limit)
		}
	}
}

func TestHangingFunctionIsReportedBeforeTheTimeOut(t *testing.T) {
	s := hooktest.New(t)
	s.AppSpec("d-1", spec("slow:2", "fast:2"))
	release := make(chan struct{})
	defer close(release)
	s.Invoke = func(c hooktest.Call) hooktest.Answer {
		if c.Function == "slow" {
			<-release
		}
		return hooktest.Answer{Payload: `{"statusCode":200}`}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	o, report, _ := handle(ctx, t, s, nil)
	if ctx.Err() != nil {
		t.Error("called back after the function's own time-out")
	}
	if o.Status != "Failed" || len(report.Functions) != 2 || report.Functions[0].ErrorType != "TimedOut" || !report.Functions[1].Healthy {
		t.Errorf("%+v", o)
	}
}

func TestPendingVersionIsAskedAgain(t *testing.T) {
	s := hooktest.New(t)
	s.AppSpec("d-1", spec("shop:2"))
	var n atomic.Int64
	s.Invoke = func(hooktest.Call) hooktest.Answer {
		if n.Add(1) < 3 {
			return hooktest.Answer{Status: 409, ErrorCode: "ResourceConflictException"}
		}
		return hooktest.Answer{Payload: `{"statusCode":200}`}
	}
	if o, _, _ := handle(t.Context(), t, s, nil); o.Status != "Succeeded" || n.Load() != 3 {
		t.Errorf("%+v after %d calls", o, n.Load())
	}
}

func TestWhateverIsWrongFailsTheDeployment(t *testing.T) {
	for name, tt := range map[string]struct {
		revision  string
		env       map[string]string
		errorType string
	}{
		"an unknown deployment":     {"", nil, "DeploymentDoesNotExistException"},
		"no revision":               {"null", nil, "RevisionMissing"},
		"a revision from GitHub":    {`{"revisionType":"GitHub","gitHubLocation":{"repository":"a/b","commitId":"c"}}`, nil, "UnsupportedRevision"},
		"a broken AppSpec":          {`{"revisionType":"String","string":{"content":"{"}}`, nil, "InvalidAppSpec"},
		"a missing object":          {`{"revisionType":"S3","s3Location":{"bucket":"b","key":"gone","bundleType":"YAML"}}`, nil, "NoSuchKey"},
		"LH_FUNCTIONS that is not":  {`{"revisionType":"String","string":{"content":"{}"}}`, map[string]string{"LH_FUNCTIONS": "a b/c"}, "BadConfiguration"},
		"LH_FUNCTIONS as JSON text": {`{"revisionType":"String","string":{"content":"{}"}}`, map[string]string{"LH_FUNCTIONS": "[1]"}, "BadConfiguration"},
		"LH_CONCURRENCY of zero":    {`{"revisionType":"String","string":{"content":"{}"}}`, map[string]string{"LH_CONCURRENCY": "0"}, "BadConfiguration"},
	} {
		t.Run(name, func(t *testing.T) {
			s := hooktest.New(t)
			if tt.revision != "" {
				s.Revisions["d-1"] = tt.revision
			}
			s.Invoke = func(c hooktest.Call) hooktest.Answer {
				t.Errorf("invoked %+v", c)
				return hooktest.Answer{}
			}
			if o, _, _ := handle(t.Context(), t, s, tt.env); o.Status != "Failed" || o.ErrorType != tt.errorType {
				t.Errorf("%+v, want %s", o, tt.errorType)
			}
		})
	}
}

func TestRevisionsOfEveryKind(t *testing.T) {
	yaml := "version: 0.0\nResources:\n  - shop:\n      Type: AWS::Lambda::Function\n      Properties: {Name: shop, Alias: live, CurrentVersion: 1, TargetVersion: 2}\n"
	quoted, _ := json.Marshal(yaml)
	for name, revision := range map[string]string{
		"AppSpecContent": fmt.Sprintf(`{"revisionType":"AppSpecContent","appSpecContent":{"content":%s}}`, quoted),
		"String":         fmt.Sprintf(`{"revisionType":"String","string":{"content":%s}}`, quoted),
		"S3":             `{"revisionType":"S3","s3Location":{"bucket":"b","key":"app/spec.yaml","bundleType":"YAML"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := hooktest.New(t)
			s.Revisions["d-1"] = revision
			s.Objects["b/app/spec.yaml"] = yaml
			s.Invoke = func(hooktest.Call) hooktest.Answer { return hooktest.Answer{Payload: `{"statusCode":200}`} }
			if o, report, _ := handle(t.Context(), t, s, nil); o.Status != "Succeeded" || report.Functions[0].name() != "shop:2" {
				t.Errorf("%+v", o)
			}
		})
	}
}

func TestFunctionNames(t *testing.T) {
	for in, want := range map[string]string{
		"f":                       "f|",
		"f:3":                     "f|3",
		"f:live":                  "f|live",
		"f:$LATEST":               "f|$LATEST",
		"000000000000:f":          "000000000000:f|",
		"function:f:live":         "function:f|live",
		"123456789012:function:f": "123456789012:function:f|",
		"arn:aws:lambda:eu-west-1:123456789012:function:f":       "arn:aws:lambda:eu-west-1:123456789012:function:f|",
		"arn:aws-cn:lambda:cn-north-1:123456789012:function:f:v": "arn:aws-cn:lambda:cn-north-1:123456789012:function:f|v",
		"f:": "", "a b": "", "f:1:2": "", "": "", "arn:aws:s3:::b": "",
	} {
		got, err := parseFunction(in)
		if text := got.function + "|" + got.qualifier; (want == "") != (err != nil) || (err == nil && text != want) {
			t.Errorf("%q: %s, %v, want %s", in, text, err, want)
		}
	}
}
