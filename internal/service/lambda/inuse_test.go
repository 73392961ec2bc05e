package lambda

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

func TestAVersionNamesAllWhoNeedIt(t *testing.T) {
	users := []string{"deployment d-1"}
	p := sqlite(t, func(d *Deps) {
		ask := func(kind string) InUse {
			return func(context.Context, *db.Tx, string) (out []string, _ error) {
				for _, u := range users {
					if strings.HasPrefix(u, kind) {
						out = append(out, u)
					}
				}
				return out, nil
			}
		}
		d.InUse = []InUse{ask("deployment"), ask("execution")}
	})
	p.create(t, newInput("f", "one"))
	must(p.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("f")}))(t)
	for i := range 12 {
		users = append(users, fmt.Sprintf("execution arn:%d", i))
	}
	_, err := p.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("f"), Qualifier: aws.String("1")})
	refused(t, err, "ResourceConflictException", "needed by: deployment d-1, execution arn:0,")
	refused(t, err, "ResourceConflictException", "execution arn:8 and 3 more")
	must(p.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("f")}))(t) // as on AWS
}

func TestAFunctionThatExecutionsArePinnedToStays(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		p.create(t, newInput("f", "one"))
		must(p.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("f")}))(t)
		_, err := p.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("f")})
		refused(t, err, "ResourceConflictException", "function:f:1 cannot be deleted because it is needed by: execution arn:x")
		if got := p.call(t, "f:1"); got["code"] != "one" {
			t.Errorf("after the refusal f:1 answered %v", got)
		}
	}, func(d *Deps) {
		d.Pinned = []InUse{func(_ context.Context, _ *db.Tx, arn string) ([]string, error) {
			if strings.HasSuffix(arn, ":f:1") {
				return []string{"execution arn:x"}, nil
			}
			return nil, nil
		}}
	})
}

func TestARepeatedEventIsOneEvent(t *testing.T) {
	p := sqlite(t)
	p.create(t, newInput("f", "one"))
	p.engine.Stop() // the event waits
	for _, request := range []string{"13a8c4e7-bfb5-56c4-8f2d-50ddbc46cc60", "13a8c4e7-bfb5-56c4-8f2d-50ddbc46cc60", "5039522e-5a50-5f89-8760-333f03ac7a01"} {
		must(p.Invoke(caller.With(t.Context(), caller.Caller{RequestID: request}), &lambda.InvokeInput{FunctionName: aws.String("f"), InvocationType: "Event"}))(t)
	}
	n := 0
	err := p.db.View(t.Context(), func(tx *db.Tx) (err error) {
		n, err = db.One(tx, db.Value[int], `SELECT COUNT(*) FROM lambda_async_event`)
		return err
	})
	if err != nil || n != 2 {
		t.Errorf("%d events, %v", n, err)
	}
}
