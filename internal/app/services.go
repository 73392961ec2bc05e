package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/headgate/headgate/internal/blob"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/runtime"
	"github.com/headgate/headgate/internal/sandbox"
	"github.com/headgate/headgate/internal/sandbox/environment"
	"github.com/headgate/headgate/internal/service/cloudformation"
	"github.com/headgate/headgate/internal/service/cloudformation/resource"
	"github.com/headgate/headgate/internal/service/cloudwatch"
	"github.com/headgate/headgate/internal/service/codedeploy"
	"github.com/headgate/headgate/internal/service/iam"
	"github.com/headgate/headgate/internal/service/lambda"
	"github.com/headgate/headgate/internal/service/logs"
	"github.com/headgate/headgate/internal/service/s3"
	"github.com/headgate/headgate/internal/service/sfn"
	"github.com/headgate/headgate/internal/service/sqs"
	"github.com/headgate/headgate/internal/wire"
)

// services are all of the platform's.
type services struct {
	sandbox        *sandbox.Sandbox
	s3             *s3.Service
	sqs            *sqs.Service
	iam            *iam.Service
	sts            *iam.STS
	logs           *logs.Service
	cloudwatch     *cloudwatch.Service
	lambda         *lambda.Service
	codedeploy     *codedeploy.Service
	cloudformation *cloudformation.Service
	sfn            *sfn.Service
	packages       blob.Sweeper
	closers        []func() error
}

// sessionTime is how long a function's credentials hold: longer than an environment lives.
const sessionTime = 7 * 24 * time.Hour

func (a *App) newServices() (s *services, err error) {
	s = &services{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	objects, err := a.blobs("objects")
	if err != nil {
		return nil, err
	}
	packages, err := a.blobs("packages")
	if err != nil {
		return nil, err
	}
	s.packages = packages
	s.s3 = s3.New(a.db, a.clock, objects)
	s.sqs = sqs.New(a.db, a.clock, a.Endpoint)
	s.iam, s.sts = iam.New(a.db, a.clock), iam.NewSTS(a.sessions)
	s.logs = logs.New(a.db, a.clock)
	late := &lateLambda{}
	s.cloudwatch = cloudwatch.New(a.db, a.clock, late)
	host, runtimes, err := a.newHost(s)
	if err != nil {
		return nil, err
	}
	s.lambda, err = lambda.New(lambda.Deps{
		DB: a.db, Engine: a.engine, Clock: a.clock, Blobs: packages, Dir: a.folder.path("lambda"),
		Environment: func(ctx context.Context, f environment.Function, output func([]byte)) (lambda.Environment, error) {
			return host.Start(ctx, f, output)
		},
		Runtime: func(name string) (string, error) {
			found, err := runtimes.Find(name)
			return found.Substitute, err
		},
		Credentials: a.functionCredentials,
		CodeURL:     a.codeLink,
		S3:          s.s3, SQS: s.sqs, Logs: logs.Buffered{Service: s.logs}, Metrics: cloudwatch.Buffered{Service: s.cloudwatch},
	})
	if err != nil {
		return nil, err
	}
	late.Service = s.lambda
	s.codedeploy = codedeploy.New(a.db, a.engine, a.clock, codedeploy.Peers{Lambda: s.lambda, CloudWatch: s.cloudwatch, S3: s.s3}, nil)
	s.sfn = sfn.New(sfn.Deps{DB: a.db, Engine: a.engine, Clock: a.clock,
		Services: map[string]any{"lambda": s.lambda, "s3": s.s3, "sqs": s.sqs, "cloudwatch": s.cloudwatch, "cloudwatchlogs": s.logs,
			"codedeploy": s.codedeploy, "iam": s.iam, "sts": s.sts},
		Logs: s.logs, Metrics: cloudwatch.Buffered{Service: s.cloudwatch}, Functions: s.lambda})
	s.cloudformation = cloudformation.New(cloudformation.Deps{DB: a.db, Engine: a.engine, Clock: a.clock, Templates: s.s3,
		Peers: resource.Peers{Lambda: s.lambda, CodeDeploy: s.codedeploy, StepFunctions: s.sfn, SQS: s.sqs, IAM: s.iam, CloudWatch: s.cloudwatch, Logs: s.logs, S3: s.s3}})
	s.sfn.Provide("cloudformation", s.cloudformation)
	s.lambda.Pinned = append(s.lambda.Pinned, s.sfn.Pinned)
	s.lambda.InUse = append(s.lambda.InUse, s.sfn.InUse, s.codedeploy.InUse, s.cloudformation.InUse)
	return s, nil
}

// blobs keeps content in the data folder, or, where nodes share the store, in it.
func (a *App) blobs(space string) (blob.Sweeper, error) {
	if a.db.Postgres() {
		return blob.NewTable(a.db, space), nil
	}
	return blob.NewFolder(a.folder.path(space))
}

// newHost makes what runs functions.
func (a *App) newHost(s *services) (*environment.Host, *runtime.Host, error) {
	var err error
	s.sandbox, err = sandbox.New(sandbox.Config{Dir: a.folder.path("sandbox"), Hidden: []string{a.folder.dir}, AllowUnisolated: a.cfg.AllowUnisolated})
	if err != nil {
		return nil, nil, fmt.Errorf("function sandbox: %w", err)
	}
	s.onClose(s.sandbox.Close)
	runtimes := runtime.NewHost(a.folder.path("sandbox/runtime"))
	return environment.NewHost(environment.Config{Sandbox: s.sandbox, Runtimes: runtimes,
		ReservedEnv: map[string]string{"AWS_ENDPOINT_URL": a.Endpoint()}}), runtimes, nil
}

// functionCredentials are a session of the function's role.
func (a *App) functionCredentials(_ context.Context, c caller.Caller, roleARN, session string) (environment.Credentials, error) {
	role := roleARN[strings.LastIndex(roleARN, "/")+1:]
	principal := fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", c.Partition, c.Account, role, session)
	k := a.sessions.Issue(c.Account, principal, sessionTime)
	return environment.Credentials{AccessKeyID: k.AccessKeyID, SecretAccessKey: k.Secret, SessionToken: k.Token}, nil
}

func (s *services) onClose(f func() error) { s.closers = append(s.closers, f) }

// start begins the background work. Functions come last, since all of it serves them, and so are closed first.
func (s *services) start(ctx context.Context) error {
	s.s3.Start(ctx)
	s.onClose(func() error { s.s3.Close(); return nil })
	s.sqs.Start(ctx)
	s.onClose(func() error { s.sqs.Close(); return nil })
	if err := s.logs.Start(ctx); err != nil {
		return err
	}
	s.onClose(s.logs.Close)
	if err := s.cloudwatch.Start(ctx); err != nil {
		return err
	}
	s.onClose(s.cloudwatch.Close)
	s.codedeploy.Start(ctx)
	s.onClose(func() error { s.codedeploy.Close(); return nil })
	s.sfn.Start(ctx)
	s.onClose(func() error { s.sfn.Close(); return nil })
	if err := s.lambda.Start(ctx); err != nil {
		return err
	}
	s.onClose(s.lambda.Close)
	return nil
}

func (s *services) close() (err error) {
	for i := len(s.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, s.closers[i]())
	}
	s.closers = nil
	return err
}

// wired are the services that speak AWS's common protocols; S3 speaks its own.
func (s *services) wired() (out []*wire.Service, err error) {
	for _, x := range []struct {
		cfg     wire.Config
		service any
	}{
		{wire.Lambda(), s.lambda}, {wire.CodeDeploy(), s.codedeploy}, {wire.CloudFormation(), s.cloudformation},
		{wire.CloudWatch(), s.cloudwatch}, {wire.Logs(), s.logs}, {wire.IAM(), s.iam}, {wire.STS(), s.sts},
		{wire.StepFunctions(), s.sfn}, {wire.SQS(), s.sqs},
	} {
		w, err := wire.New(x.cfg, x.service)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

// lateLambda lets CloudWatch, which Lambda needs, call Lambda, which is made after it.
type lateLambda struct{ *lambda.Service }
