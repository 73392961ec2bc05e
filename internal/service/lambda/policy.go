package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
)

// statement is one of a resource policy, its members in the order in which AWS renders them.
type statement struct {
	Sid       string                       `json:"Sid"`
	Effect    string                       `json:"Effect"`
	Principal any                          `json:"Principal"`
	Action    string                       `json:"Action"`
	Resource  string                       `json:"Resource"`
	Condition map[string]map[string]string `json:"Condition,omitempty"`
}

type policyDocument struct {
	Version   string      `json:"Version"`
	ID        string      `json:"Id"`
	Statement []statement `json:"Statement"`
}

type policyRow struct {
	revision   string
	statements []statement
}

var (
	statementRE = regexp.MustCompile(`^[a-zA-Z0-9-_]+$`)
	actionRE    = regexp.MustCompile(`^(lambda:[*]|lambda:[a-zA-Z]+|[*])$`)
	accountRE   = regexp.MustCompile(`^\d{12}$`)
)

// readPolicy answers an empty policy where there is none.
func readPolicy(tx *db.Tx, t target) (p policyRow, err error) {
	_, err = db.One(tx, func(r db.Row) (struct{}, error) {
		var s string
		err := r.Scan(&p.revision, &s)
		if err == nil {
			err = json.Unmarshal([]byte(s), &p.statements)
		}
		return struct{}{}, err
	}, `SELECT revision, statements FROM lambda_policy WHERE account = $1 AND region = $2 AND name = $3 AND qualifier = $4`,
		t.account, t.region, t.name, t.qualifier)
	if errors.Is(err, db.ErrNotFound) {
		return policyRow{}, nil
	}
	return p, wrap(err, "read policy")
}

func writePolicy(tx *db.Tx, t target, p policyRow) error {
	if len(p.statements) == 0 {
		_, err := tx.Exec(`DELETE FROM lambda_policy WHERE account = $1 AND region = $2 AND name = $3 AND qualifier = $4`,
			t.account, t.region, t.name, t.qualifier)
		return wrap(err, "delete policy")
	}
	_, err := tx.Exec(`INSERT INTO lambda_policy (account, region, name, qualifier, revision, statements) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (account, region, name, qualifier) DO UPDATE SET revision = excluded.revision, statements = excluded.statements`,
		t.account, t.region, t.name, t.qualifier, id.Request(), document(p.statements))
	return wrap(err, "store policy")
}

// policyTarget checks that what a policy is for is there.
func policyTarget(ctx context.Context, name, qualifier *string) (target, error) {
	t, err := parseTarget(ctx, name, qualifier)
	if err == nil && t.qualifier == latest {
		err = invalid("We currently do not support adding policies for $LATEST.")
	}
	return t, err
}

// AddPermission adds a statement to the resource policy of a function, a version or an alias.
func (s *Service) AddPermission(ctx context.Context, in *lambda.AddPermissionInput, _ ...func(*lambda.Options)) (*lambda.AddPermissionOutput, error) {
	t, err := policyTarget(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	st, err := newStatement(t, in)
	if err != nil {
		return nil, err
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		v, err := find(tx, t)
		if err != nil {
			return err
		}
		p, err := readPolicy(tx, t)
		if err != nil {
			return err
		}
		if p.revision == "" {
			p.revision = *v.shown.Config.RevisionId
		}
		if err := checkRevision(in.RevisionId, &p.revision); err != nil {
			return err
		}
		if slices.ContainsFunc(p.statements, func(o statement) bool { return o.Sid == st.Sid }) {
			return conflict("The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", st.Sid)
		}
		p.statements = append(p.statements, st)
		if n := len(document(p.statements)); n > 20<<10 {
			return &types.PolicyLengthExceededException{Type: aws.String("User"), Message: aws.String("The final policy size is bigger than the limit (20480).")}
		}
		return writePolicy(tx, t, p)
	})
	if err != nil {
		return nil, err
	}
	return &lambda.AddPermissionOutput{Statement: aws.String(plainJSON(st))}, nil
}

func newStatement(t target, in *lambda.AddPermissionInput) (statement, error) {
	switch {
	case in.StatementId == nil:
		return statement{}, validationNull("statementId")
	case in.Action == nil:
		return statement{}, validationNull("action")
	case in.Principal == nil:
		return statement{}, validationNull("principal")
	case len(*in.StatementId) > 100 || !statementRE.MatchString(*in.StatementId):
		return statement{}, validation(*in.StatementId, "statementId", "Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)")
	case !actionRE.MatchString(*in.Action):
		return statement{}, validation(*in.Action, "action", "Member must satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])")
	}
	st := statement{Sid: *in.StatementId, Effect: "Allow", Action: *in.Action, Resource: t.arn()}
	switch p := *in.Principal; {
	case p == "*":
		st.Principal = "*"
	case accountRE.MatchString(p):
		st.Principal = map[string]string{"AWS": "arn:" + caller.PartitionOf(t.region) + ":iam::" + p + ":root"}
	case strings.HasPrefix(p, "arn:"):
		st.Principal = map[string]string{"AWS": p}
	case strings.Contains(p, "."):
		st.Principal = map[string]string{"Service": p}
	default:
		return statement{}, invalid("The provided principal was invalid. Please check the principal and try again.")
	}
	st.Condition = conditions(in)
	return st, nil
}

func conditions(in *lambda.AddPermissionInput) map[string]map[string]string {
	c := map[string]map[string]string{}
	add := func(operator, key string, v string) {
		if v == "" {
			return
		}
		if c[operator] == nil {
			c[operator] = map[string]string{}
		}
		c[operator][key] = v
	}
	add("StringEquals", "AWS:SourceAccount", aws.ToString(in.SourceAccount))
	add("ArnLike", "AWS:SourceArn", aws.ToString(in.SourceArn))
	add("StringEquals", "aws:PrincipalOrgID", aws.ToString(in.PrincipalOrgID))
	add("StringEquals", "lambda:EventSourceToken", aws.ToString(in.EventSourceToken))
	add("StringEquals", "lambda:FunctionUrlAuthType", string(in.FunctionUrlAuthType))
	if in.InvokedViaFunctionUrl != nil && *in.InvokedViaFunctionUrl {
		add("Bool", "lambda:InvokedViaFunctionUrl", "true")
	}
	if len(c) == 0 {
		return nil
	}
	return c
}

// RemovePermission removes a statement.
func (s *Service) RemovePermission(ctx context.Context, in *lambda.RemovePermissionInput, _ ...func(*lambda.Options)) (*lambda.RemovePermissionOutput, error) {
	t, err := policyTarget(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		if _, err := readFunction(tx, t.key, notFound("No policy found for: %s", t.arn())); err != nil {
			return err
		}
		p, err := readPolicy(tx, t)
		if err != nil {
			return err
		}
		if len(p.statements) == 0 {
			return notFound("No policy is associated with the given resource.")
		}
		if err := checkRevision(in.RevisionId, &p.revision); err != nil {
			return err
		}
		i := slices.IndexFunc(p.statements, func(o statement) bool { return o.Sid == aws.ToString(in.StatementId) })
		if i < 0 {
			return notFound("Statement %s is not found in resource policy.", aws.ToString(in.StatementId))
		}
		p.statements = slices.Delete(p.statements, i, i+1)
		return writePolicy(tx, t, p)
	})
	if err != nil {
		return nil, err
	}
	return &lambda.RemovePermissionOutput{}, nil
}

// GetPolicy answers the resource policy as AWS renders it.
func (s *Service) GetPolicy(ctx context.Context, in *lambda.GetPolicyInput, _ ...func(*lambda.Options)) (*lambda.GetPolicyOutput, error) {
	t, err := parseTarget(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	out := &lambda.GetPolicyOutput{}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		if _, err := find(tx, t); err != nil {
			return err
		}
		if t.qualifier == latest {
			t.qualifier = ""
		}
		p, err := readPolicy(tx, t)
		if err != nil {
			return err
		}
		if len(p.statements) == 0 {
			return notFound("The resource you requested does not exist.")
		}
		out.Policy, out.RevisionId = aws.String(plainJSON(policyDocument{"2012-10-17", "default", p.statements})), &p.revision
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
