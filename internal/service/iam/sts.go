package iam

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/id"
)

// STS implements the Security Token Service. Its exported methods are the operations.
type STS struct{ sessions *Sessions }

// NewSTS returns the service that hands out s's credentials.
func NewSTS(s *Sessions) *STS { return &STS{s} }

// GetCallerIdentity tells the caller who it is.
func (s *STS) GetCallerIdentity(ctx context.Context, _ *sts.GetCallerIdentityInput, _ ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error) {
	c := caller.From(ctx)
	user := c.Account
	if i := strings.LastIndex(c.ARN, "/"); i >= 0 {
		user = c.AccessKeyID + ":" + c.ARN[i+1:]
	}
	return &sts.GetCallerIdentityOutput{Account: &c.Account, Arn: &c.ARN, UserId: &user}, nil
}

// AssumeRole hands out a session of the role, in the role's account. The trust policy is not asked.
func (s *STS) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput, _ ...func(*sts.Options)) (*sts.AssumeRoleOutput, error) {
	r, err := arn.Parse(aws.ToString(in.RoleArn))
	if err != nil || r.Service != "iam" || !strings.HasPrefix(r.Resource, "role/") {
		return nil, &smithy.GenericAPIError{Code: "ValidationError", Message: aws.ToString(in.RoleArn) + " is invalid", Fault: smithy.FaultClient}
	}
	holds := time.Hour
	if in.DurationSeconds != nil {
		holds = time.Duration(*in.DurationSeconds) * time.Second
	}
	name := r.Resource[strings.LastIndex(r.Resource, "/")+1:]
	principal := fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", r.Partition, r.Account, name, aws.ToString(in.RoleSessionName))
	c := s.sessions.Issue(r.Account, principal, holds)
	return &sts.AssumeRoleOutput{Credentials: answered(c), AssumedRoleUser: &types.AssumedRoleUser{
		Arn: &principal, AssumedRoleId: aws.String("AROA" + id.Suffix(17) + ":" + aws.ToString(in.RoleSessionName))}}, nil
}

// GetSessionToken hands out a session of the caller itself.
func (s *STS) GetSessionToken(ctx context.Context, in *sts.GetSessionTokenInput, _ ...func(*sts.Options)) (*sts.GetSessionTokenOutput, error) {
	holds := 12 * time.Hour
	if in.DurationSeconds != nil {
		holds = time.Duration(*in.DurationSeconds) * time.Second
	}
	c := caller.From(ctx)
	return &sts.GetSessionTokenOutput{Credentials: answered(s.sessions.Issue(c.Account, c.ARN, holds))}, nil
}

func answered(c Credentials) *types.Credentials {
	return &types.Credentials{AccessKeyId: &c.AccessKeyID, SecretAccessKey: &c.Secret, SessionToken: &c.Token, Expiration: &c.Expires}
}
