package lambda

import (
	"context"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

// minUnreserved is what reservations must leave to the functions without one.
const minUnreserved = 100

// usage counts running invocations on this node against the concurrency limits.
type usage struct {
	mu         sync.Mutex
	limit      int // of an account in a region
	functions  map[key]int
	unreserved map[key]int // by account and region: of functions without a reservation
}

func newUsage(limit int) *usage {
	return &usage{limit: limit, functions: map[key]int{}, unreserved: map[key]int{}}
}

// begin counts an invocation in, and answers how many of the function run now; or the throttle.
func (u *usage) begin(e *entry) (running int, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	running = u.functions[e.key] + 1
	if e.reserved != nil {
		if int64(running) > *e.reserved {
			return 0, throttled(types.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded)
		}
	} else {
		account := key{e.account, e.region, ""}
		if int64(u.unreserved[account]) >= int64(u.limit)-e.reservedSum {
			return 0, throttled(types.ThrottleReasonConcurrentInvocationLimitExceeded)
		}
		u.unreserved[account]++
	}
	u.functions[e.key] = running
	return running, nil
}

// end counts it out; e is the entry that begin was given.
func (u *usage) end(e *entry) {
	u.mu.Lock()
	defer u.mu.Unlock()
	less := func(m map[key]int, k key) {
		if m[k]--; m[k] <= 0 {
			delete(m, k)
		}
	}
	less(u.functions, e.key)
	if e.reserved == nil {
		less(u.unreserved, key{e.account, e.region, ""})
	}
}

func throttled(reason types.ThrottleReason) error {
	return &types.TooManyRequestsException{Message: aws.String("Rate Exceeded."), Reason: reason, Type: aws.String("User"), RetryAfterSeconds: aws.String("1")}
}

func reservedSum(tx *db.Tx, k key) (int64, error) {
	n, err := db.One(tx, db.Value[int64], `SELECT CAST(COALESCE(SUM(reserved), 0) AS BIGINT) FROM lambda_function WHERE account = $1 AND region = $2`,
		k.account, k.region)
	return n, wrap(err, "sum reserved concurrency")
}

// reserve sets or, with nil, clears a function's reserved concurrency.
func (s *Service) reserve(ctx context.Context, name *string, reserved *int64) error {
	k, err := parseName(ctx, name)
	if err != nil {
		return err
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		fn, err := readFunction(tx, k, functionNotFound(k.arn("")))
		if err != nil {
			return err
		}
		sum, err := reservedSum(tx, k)
		if err != nil {
			return err
		}
		if fn.reserved != nil {
			sum -= *fn.reserved
		}
		if reserved != nil && int64(s.limits.Concurrency)-sum-*reserved < minUnreserved {
			return invalid("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", minUnreserved)
		}
		fn.reserved = reserved
		tx.Notify(topic, accountKey(k)) // what is left to the others changes too
		return updateFunction(tx, fn)
	})
}

// PutFunctionConcurrency reserves concurrency for a function, which is also its limit; 0 stops it.
func (s *Service) PutFunctionConcurrency(ctx context.Context, in *lambda.PutFunctionConcurrencyInput, _ ...func(*lambda.Options)) (*lambda.PutFunctionConcurrencyOutput, error) {
	if in.ReservedConcurrentExecutions == nil {
		return nil, validationNull("reservedConcurrentExecutions")
	}
	n := int64(*in.ReservedConcurrentExecutions)
	if n < 0 {
		return nil, validation(fmt.Sprint(n), "reservedConcurrentExecutions", "Member must have value greater than or equal to 0")
	}
	if err := s.reserve(ctx, in.FunctionName, &n); err != nil {
		return nil, err
	}
	return &lambda.PutFunctionConcurrencyOutput{ReservedConcurrentExecutions: aws.Int32(int32(n))}, nil
}

// DeleteFunctionConcurrency gives a function's reservation back.
func (s *Service) DeleteFunctionConcurrency(ctx context.Context, in *lambda.DeleteFunctionConcurrencyInput, _ ...func(*lambda.Options)) (*lambda.DeleteFunctionConcurrencyOutput, error) {
	if err := s.reserve(ctx, in.FunctionName, nil); err != nil {
		return nil, err
	}
	return &lambda.DeleteFunctionConcurrencyOutput{}, nil
}

// GetFunctionConcurrency answers a function's reservation, if it has one.
func (s *Service) GetFunctionConcurrency(ctx context.Context, in *lambda.GetFunctionConcurrencyInput, _ ...func(*lambda.Options)) (*lambda.GetFunctionConcurrencyOutput, error) {
	k, err := parseName(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	out := &lambda.GetFunctionConcurrencyOutput{}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		fn, err := readFunction(tx, k, functionNotFound(k.arn("")))
		out.ReservedConcurrentExecutions = ptr32(fn.reserved)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// GetAccountSettings answers the limits and the use of the caller's account in its region.
func (s *Service) GetAccountSettings(ctx context.Context, _ *lambda.GetAccountSettingsInput, _ ...func(*lambda.Options)) (*lambda.GetAccountSettingsOutput, error) {
	c := caller.From(ctx)
	k := key{c.Account, c.Region, ""}
	out := &lambda.GetAccountSettingsOutput{AccountLimit: &types.AccountLimit{CodeSizeUnzipped: maxUnzipped, CodeSizeZipped: maxUpload,
		ConcurrentExecutions: int32(s.limits.Concurrency), TotalCodeSize: s.limits.CodeStorage}, AccountUsage: &types.AccountUsage{}}
	err := s.DB.View(ctx, func(tx *db.Tx) (err error) {
		sum, err := reservedSum(tx, k)
		if err != nil {
			return err
		}
		out.AccountLimit.UnreservedConcurrentExecutions = aws.Int32(int32(int64(s.limits.Concurrency) - sum))
		if out.AccountUsage.TotalCodeSize, err = codeSize(tx, k); err != nil {
			return err
		}
		out.AccountUsage.FunctionCount, err = db.One(tx, db.Value[int64], `SELECT COUNT(*) FROM lambda_function WHERE account = $1 AND region = $2`, k.account, k.region)
		return wrap(err, "count functions")
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
