package integration_test

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db/dbtest"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/service/cloudformation"
	"github.com/headgate/headgate/internal/service/cloudformation/resource"
	"github.com/headgate/headgate/internal/service/cloudwatch"
	"github.com/headgate/headgate/internal/service/codedeploy"
	"github.com/headgate/headgate/internal/service/iam"
	"github.com/headgate/headgate/internal/service/logs"
)

// actions are the operations of a service, as resources name them.
func actions(service any) (names []string) {
	t := reflect.TypeOf(service)
	for i := range t.NumMethod() {
		m := t.Method(i)
		if m.Type.NumIn() == 4 && m.Type.IsVariadic() && m.Type.In(2).Kind() == reflect.Pointer && m.Type.In(2).Elem().Name() == m.Name+"Input" {
			names = append(names, strings.ToLower(m.Name[:1])+m.Name[1:])
		}
	}
	return names
}

// What the wire checks before a handler runs, these calls must not rely on.
func TestEveryOperationAnswersACallWithoutParameters(t *testing.T) {
	p := sqlite(t)
	d := dbtest.Open(t, dbtest.SQLite(t))
	c := clock.NewFake(time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC))
	e := durable.New(d, c, "node")
	services := map[string]any{"lambda": p.lambda, "s3": p.s3, "cloudwatch": cloudwatch.New(d, c, p.lambda), "cloudwatchlogs": logs.New(d, c), "iam": iam.New(d, c),
		"codedeploy":     codedeploy.New(d, e, c, codedeploy.Peers{Lambda: p.lambda, CloudWatch: cloudwatch.New(d, c, p.lambda), S3: p.s3}, nil),
		"cloudformation": cloudformation.New(cloudformation.Deps{DB: d, Engine: e, Clock: c, Peers: resource.Peers{}})}
	n := 0
	for name, service := range services {
		p.Provide(name, service)
		for _, action := range actions(service) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			a, err := p.Run(ctx, call(t, sdk+name+":"+action, `{}`))
			cancel()
			n++
			if err != nil || strings.Contains(a.Cause, "Status Code: 500") || a.Error == "States.Runtime" {
				t.Errorf("%s:%s: %+v, %v", name, action, a, err)
			}
		}
	}
	if n < 150 {
		t.Errorf("only %d operations", n)
	}
}
