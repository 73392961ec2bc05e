package lambda

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/db"
)

// readEventConfig returns db.ErrNotFound where nothing was configured for exactly this qualifier.
func readEventConfig(tx *db.Tx, t target) (types.FunctionEventInvokeConfig, error) {
	if t.qualifier == "" {
		t.qualifier = latest
	}
	c, err := db.One(tx, scanJSON[types.FunctionEventInvokeConfig], `SELECT config FROM lambda_event_config
		WHERE account = $1 AND region = $2 AND name = $3 AND qualifier = $4`, t.account, t.region, t.name, t.qualifier)
	return c, wrap(err, "read event invoke config")
}

func writeEventConfig(tx *db.Tx, t target, c types.FunctionEventInvokeConfig) error {
	_, err := tx.Exec(`INSERT INTO lambda_event_config (account, region, name, qualifier, config) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account, region, name, qualifier) DO UPDATE SET config = excluded.config`,
		t.account, t.region, t.name, t.qualifier, document(c))
	return wrap(err, "store event invoke config")
}

// eventSettings is what Put and Update have in common.
type eventSettings struct {
	attempts, age *int32
	destinations  *types.DestinationConfig
}

func (e eventSettings) check(tx *db.Tx, t target) error {
	if e.attempts == nil && e.age == nil && e.destinations == nil {
		return invalid("You must specify at least one of error handling or destination setting.")
	}
	if e.attempts != nil && (*e.attempts < 0 || *e.attempts > 2) {
		return validation(fmt.Sprint(*e.attempts), "maximumRetryAttempts", "Member must have value between 0 and 2")
	}
	if e.age != nil && (*e.age < 60 || *e.age > 21600) {
		return validation(fmt.Sprint(*e.age), "maximumEventAgeInSeconds", "Member must have value between 60 and 21600")
	}
	if e.destinations == nil {
		return nil
	}
	for _, d := range []string{onSuccess(e.destinations), onFailure(e.destinations)} {
		if err := checkDestination(tx, t, d); err != nil {
			return err
		}
	}
	return nil
}

func onSuccess(d *types.DestinationConfig) string {
	if d == nil || d.OnSuccess == nil {
		return ""
	}
	return aws.ToString(d.OnSuccess.Destination)
}

func onFailure(d *types.DestinationConfig) string {
	if d == nil || d.OnFailure == nil {
		return ""
	}
	return aws.ToString(d.OnFailure.Destination)
}

func checkDestination(tx *db.Tx, t target, destination string) error {
	if destination == "" {
		return nil
	}
	a, err := arn.Parse(destination)
	if err != nil {
		return invalid("The destination ARN %s is invalid.", destination)
	}
	switch a.Service {
	case "lambda":
	case "sqs":
		return nil // see checkQueues
	case "sns", "events", "s3":
		names := map[string]string{"sns": "Amazon SNS", "events": "Amazon EventBridge", "s3": "Amazon S3"}
		return invalid("The destination %s needs %s as a destination, which this platform does not have. Destinations can be Lambda functions and Amazon SQS queues.", destination, names[a.Service])
	default:
		return invalid("The destination ARN %s is invalid.", destination)
	}
	name, ok := strings.CutPrefix(a.Resource, "function:")
	if !ok {
		return invalid("The destination ARN %s is invalid.", destination)
	}
	name, _, _ = strings.Cut(name, ":")
	if name == t.name && a.Account == t.account && a.Region == t.region {
		return invalid("You can't specify the function as a destination for itself.")
	}
	_, err = readFunction(tx, key{a.Account, a.Region, name}, invalid("The destination ARN %s is invalid.", destination))
	return err
}

// eventTarget reads the names and checks that version or alias exist.
func eventTarget(ctx context.Context, name, qualifier *string) (target, error) {
	t, err := parseTarget(ctx, name, qualifier)
	if t.qualifier == "" {
		t.qualifier = latest
	}
	return t, err
}

func noEventConfig(t target) error {
	return notFound("The function %s doesn't have an EventInvokeConfig", t.arn())
}

func (s *Service) putEventConfig(ctx context.Context, name, qualifier *string, e eventSettings, keep bool) (types.FunctionEventInvokeConfig, error) {
	var c types.FunctionEventInvokeConfig
	t, err := eventTarget(ctx, name, qualifier)
	if err == nil {
		err = s.checkQueues(ctx, t.key, e.destinations)
	}
	if err != nil {
		return c, err
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		if _, err := find(tx, t); err != nil {
			if hasCode(err, "ResourceNotFoundException") {
				return notFound("The function doesn't exist.")
			}
			return err
		}
		if err := e.check(tx, t); err != nil {
			return err
		}
		c = types.FunctionEventInvokeConfig{}
		if keep {
			if c, err = readEventConfig(tx, t); err != nil {
				return orNotFound(err, noEventConfig(t))
			}
		}
		set(&c.MaximumRetryAttempts, e.attempts)
		set(&c.MaximumEventAgeInSeconds, e.age)
		set(&c.DestinationConfig, e.destinations)
		if c.DestinationConfig == nil {
			c.DestinationConfig = &types.DestinationConfig{}
		}
		if c.DestinationConfig.OnFailure == nil || c.DestinationConfig.OnSuccess == nil {
			d := *c.DestinationConfig // in belongs to the caller
			if d.OnFailure == nil {
				d.OnFailure = &types.OnFailure{}
			}
			if d.OnSuccess == nil {
				d.OnSuccess = &types.OnSuccess{}
			}
			c.DestinationConfig = &d
		}
		c.FunctionArn, c.LastModified = aws.String(t.arn()), aws.Time(s.Clock.Now())
		return writeEventConfig(tx, t, c)
	})
	return c, err
}

// PutFunctionEventInvokeConfig replaces the asynchronous settings of a version or alias.
func (s *Service) PutFunctionEventInvokeConfig(ctx context.Context, in *lambda.PutFunctionEventInvokeConfigInput, _ ...func(*lambda.Options)) (*lambda.PutFunctionEventInvokeConfigOutput, error) {
	c, err := s.putEventConfig(ctx, in.FunctionName, in.Qualifier, eventSettings{in.MaximumRetryAttempts, in.MaximumEventAgeInSeconds, in.DestinationConfig}, false)
	if err != nil {
		return nil, err
	}
	out := &lambda.PutFunctionEventInvokeConfigOutput{}
	copyFields(out, c)
	return out, nil
}

// UpdateFunctionEventInvokeConfig changes the settings that are given.
func (s *Service) UpdateFunctionEventInvokeConfig(ctx context.Context, in *lambda.UpdateFunctionEventInvokeConfigInput, _ ...func(*lambda.Options)) (*lambda.UpdateFunctionEventInvokeConfigOutput, error) {
	c, err := s.putEventConfig(ctx, in.FunctionName, in.Qualifier, eventSettings{in.MaximumRetryAttempts, in.MaximumEventAgeInSeconds, in.DestinationConfig}, true)
	if err != nil {
		return nil, err
	}
	out := &lambda.UpdateFunctionEventInvokeConfigOutput{}
	copyFields(out, c)
	return out, nil
}

// GetFunctionEventInvokeConfig answers the settings of a version or alias.
func (s *Service) GetFunctionEventInvokeConfig(ctx context.Context, in *lambda.GetFunctionEventInvokeConfigInput, _ ...func(*lambda.Options)) (*lambda.GetFunctionEventInvokeConfigOutput, error) {
	t, err := eventTarget(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	out := &lambda.GetFunctionEventInvokeConfigOutput{}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		c, err := readEventConfig(tx, t)
		copyFields(out, c)
		return orNotFound(err, noEventConfig(t))
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteFunctionEventInvokeConfig goes back to the defaults.
func (s *Service) DeleteFunctionEventInvokeConfig(ctx context.Context, in *lambda.DeleteFunctionEventInvokeConfigInput, _ ...func(*lambda.Options)) (*lambda.DeleteFunctionEventInvokeConfigOutput, error) {
	t, err := eventTarget(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`DELETE FROM lambda_event_config WHERE account = $1 AND region = $2 AND name = $3 AND qualifier = $4`,
			t.account, t.region, t.name, t.qualifier)
		if err == nil && n == 0 {
			err = noEventConfig(t)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &lambda.DeleteFunctionEventInvokeConfigOutput{}, nil
}

// ListFunctionEventInvokeConfigs lists a function's settings by qualifier.
func (s *Service) ListFunctionEventInvokeConfigs(ctx context.Context, in *lambda.ListFunctionEventInvokeConfigsInput, _ ...func(*lambda.Options)) (*lambda.ListFunctionEventInvokeConfigsOutput, error) {
	k, err := parseName(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	var all []types.FunctionEventInvokeConfig
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		if _, err := readFunction(tx, k, notFound("The function doesn't exist.")); err != nil {
			return err
		}
		all, err = db.All(tx, scanJSON[types.FunctionEventInvokeConfig], `SELECT config FROM lambda_event_config
			WHERE account = $1 AND region = $2 AND name = $3 ORDER BY qualifier`, k.account, k.region, k.name)
		return wrap(err, "list event invoke configs")
	})
	if err != nil {
		return nil, err
	}
	out := &lambda.ListFunctionEventInvokeConfigsOutput{}
	out.FunctionEventInvokeConfigs, out.NextMarker, err = page(all, func(c types.FunctionEventInvokeConfig) string { return *c.FunctionArn }, in.Marker, in.MaxItems, 50)
	return out, err
}
