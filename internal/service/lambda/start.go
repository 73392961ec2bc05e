package lambda

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/id"
	"github.com/headgate/headgate/internal/sandbox/environment"
)

// startLimit bounds a cold start, in real time; the function's own initialization has its 10 s within it.
const startLimit = 60 * time.Second

// startEnvironment starts an environment of v with a log stream of its own.
func (s *Service) startEnvironment(ctx context.Context, v *version) (*slot, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	c := &v.serves.Config
	code, err := s.packages.folder(ctx, v.serves.SHA)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", v.arn, err)
	}
	f := environment.Function{
		Name: v.key.name, Version: v.name, Runtime: string(c.Runtime), Handler: aws.ToString(c.Handler),
		AccountID: v.account, Region: v.region,
		MemoryMB: int(aws.ToInt32(c.MemorySize)), TmpMB: 512, CodeDir: code,
		LogGroup: aws.ToString(c.LoggingConfig.LogGroup), LogFormat: string(c.LoggingConfig.LogFormat),
		LogLevel: string(c.LoggingConfig.ApplicationLogLevel),
	}
	if c.EphemeralStorage != nil {
		f.TmpMB = int(aws.ToInt32(c.EphemeralStorage.Size))
	}
	if c.Environment != nil {
		f.Environment = c.Environment.Variables
	}
	for _, sha := range v.serves.LayerSHA {
		dir, err := s.packages.folder(ctx, sha)
		if err != nil {
			return nil, fmt.Errorf("start %s: %w", v.arn, err)
		}
		f.Layers = append(f.Layers, dir)
	}
	who := caller.From(caller.With(ctx, caller.Caller{Account: v.account, Region: v.region, Partition: caller.PartitionOf(v.region)}))
	if s.Credentials != nil {
		if f.Credentials, err = s.Credentials(ctx, who, aws.ToString(c.Role), v.key.name); err != nil {
			return nil, fmt.Errorf("credentials of %s for %s: %w", aws.ToString(c.Role), v.arn, err)
		}
	}
	f.LogStream = fmt.Sprintf("%s/[%s]%s", s.Clock.Now().Format("2006/01/02"), v.name, id.Hex(32))
	logs := s.logs.stream(who, f.LogGroup, f.LogStream)
	substitute, err := s.Runtime(string(c.Runtime))
	if err == nil && substitute != "" {
		s.log.Warn("another version of the interpreter stands in", "function", v.arn, "substitute", substitute)
	}
	lines(c, logs).initStart(s.Clock.Now(), v, substitute)
	env, err := s.Environment(ctx, f, logs.output)
	if err != nil {
		logs.close()
		return nil, fmt.Errorf("start %s: %w", v.arn, err)
	}
	return &slot{env: env, logs: logs}, nil
}
