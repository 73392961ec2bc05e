package integration

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
)

// settleTime bounds, in real time, how long a pin waits for an update of the function that is in progress.
const (
	settleTime = 30 * time.Second
	settlePoll = 50 * time.Millisecond
)

const latest = "$LATEST"

// function is a function as a task names it.
type function struct {
	partition, region, account, name, qualifier string
}

var (
	functionRE = regexp.MustCompile(`^(?:arn:(aws[a-zA-Z-]*):lambda:([a-z0-9-]+):)?(?:(\d{12}):)?(?:function:)?([a-zA-Z0-9-_]+)(?::(\$LATEST|[a-zA-Z0-9-_]+))?$`)
	numberRE   = regexp.MustCompile(`^[0-9]+$`)
)

// parseFunction reads a function's name in any of its forms: name, partial ARN, ARN, each with or without a qualifier.
func parseFunction(c caller.Caller, name, qualifier string) (function, bool) {
	m := functionRE.FindStringSubmatch(name)
	if m == nil {
		return function{}, false
	}
	f := function{partition: c.Partition, region: c.Region, account: c.Account, name: m[4], qualifier: m[5]}
	if m[1] != "" {
		f.partition, f.region = m[1], m[2]
	}
	if m[3] != "" {
		f.account = m[3]
	}
	if qualifier != "" {
		if f.qualifier != "" && f.qualifier != qualifier {
			return function{}, false // Lambda refuses it
		}
		f.qualifier = qualifier
	}
	return f, true
}

func (f function) arn() string { return f.qualified(f.qualifier) }

func (f function) qualified(qualifier string) string {
	return arn.Function(caller.Caller{Partition: f.partition, Region: f.region, Account: f.account}, f.name, qualifier)
}

// pinned tells a version, which never changes.
func (f function) pinned() bool { return numberRE.MatchString(f.qualifier) }

// pin finds the version that f means now: what an alias leads to, or a version of $LATEST, which is published if there is none
// of that content. "" is a function that cannot be pinned, since it is not there: its call will say so.
func (s *Set) pin(ctx context.Context, execution string, f function) (string, error) {
	var version string
	var err error
	if f.qualifier == "" || f.qualifier == latest {
		version, err = s.snapshot(ctx, f)
	} else {
		version, err = s.aliased(ctx, execution, f)
	}
	if answered := smithy.APIError(nil); errors.As(err, &answered) && answered.ErrorCode() == "ResourceNotFoundException" {
		return "", nil
	}
	if err != nil || version == "" {
		return "", err
	}
	return f.qualified(version), nil
}

// snapshot publishes $LATEST. Lambda answers the last version if nothing has changed since, so that any number of executions
// share one. An update in progress is waited for: what is being deployed is what the caller means by now.
func (s *Set) snapshot(ctx context.Context, f function) (string, error) {
	api, err := peer[Lambda](s, "lambda")
	if err != nil {
		return "", err
	}
	deadline := time.Now().Add(settleTime)
	for {
		out, err := api.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: aws.String(f.qualified("")),
			Description: aws.String("$LATEST as executions of state machines with headgate:pin = exact use it")})
		if err == nil {
			return aws.ToString(out.Version), nil
		}
		if answered := smithy.APIError(nil); !errors.As(err, &answered) || answered.ErrorCode() != "ResourceConflictException" || time.Now().After(deadline) {
			return "", err
		}
		select {
		case <-time.After(settlePoll):
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// aliased follows an alias. Where it has weights, the execution's name decides: the same execution always gets the same version,
// and of many as many as the weight says get each.
func (s *Set) aliased(ctx context.Context, execution string, f function) (string, error) {
	api, err := peer[Lambda](s, "lambda")
	if err != nil {
		return "", err
	}
	out, err := api.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: aws.String(f.qualified("")), Name: &f.qualifier})
	if err != nil {
		return "", err
	}
	version := aws.ToString(out.FunctionVersion)
	if out.RoutingConfig != nil {
		sum := sha256.Sum256([]byte(execution + "\n" + f.arn()))
		point := float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
		for additional, weight := range out.RoutingConfig.AdditionalVersionWeights {
			if point < weight {
				version = additional
			}
		}
	}
	if version == latest { // an alias may lead there
		return s.snapshot(ctx, f)
	}
	return version, nil
}
