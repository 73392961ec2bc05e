package iam_test

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
	service "github.com/headgate/headgate/internal/service/iam"
)

const trust = `{"Version": "2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

func TestARoleKeepsItsPoliciesAndIsDeletedWithoutThemOnly(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, ctx, name := service.New(d, clock.New(clock.Anchor{})), t.Context(), aws.String("app")
		made, err := s.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, Path: aws.String("/team/"), AssumeRolePolicyDocument: aws.String(trust)})
		if err != nil || *made.Role.Arn != "arn:aws:iam::000000000000:role/team/app" {
			t.Fatalf("%+v, %v", made, err)
		}
		// nothing to list is an empty list: tools index it
		if l, err := s.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: name}); err != nil || l.PolicyNames == nil {
			t.Errorf("inline policies of a new role: %+v, %v", l, err)
		}
		if l, err := s.ListInstanceProfilesForRole(ctx, &iam.ListInstanceProfilesForRoleInput{RoleName: name}); err != nil || l.InstanceProfiles == nil {
			t.Errorf("instance profiles of a new role: %+v, %v", l, err)
		}
		if l, err := s.ListPolicies(ctx, &iam.ListPoliciesInput{}); err != nil || l.Policies == nil {
			t.Errorf("policies of a new account: %+v, %v", l, err)
		}
		var exists *types.EntityAlreadyExistsException
		if _, err := s.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String(trust)}); !errors.As(err, &exists) {
			t.Errorf("made twice: %v", err)
		}
		if _, err := s.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("inline"), PolicyDocument: aws.String(trust)}); err != nil {
			t.Fatal(err)
		}
		got, err := s.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: name, PolicyName: aws.String("inline")})
		if err != nil {
			t.Fatal(err)
		}
		if doc, _ := url.PathUnescape(*got.PolicyDocument); doc != trust { // boto3, too, decodes no "+"
			t.Errorf("inline policy came back as %s", doc)
		}
		managed, err := s.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("own"), PolicyDocument: aws.String(trust)})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // attaching again changes nothing
			if _, err := s.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: managed.Policy.Arn}); err != nil {
				t.Fatal(err)
			}
		}
		var conflict *types.DeleteConflictException
		if _, err := s.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: managed.Policy.Arn}); !errors.As(err, &conflict) {
			t.Errorf("attached policy deleted: %v", err)
		}
		if _, err := s.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name}); !errors.As(err, &conflict) {
			t.Errorf("role with policies deleted: %v", err)
		}
		_, err1 := s.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: managed.Policy.Arn})
		_, err2 := s.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: aws.String("inline")})
		_, err3 := s.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: managed.Policy.Arn})
		_, err4 := s.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			t.Error(err)
		}
		var none *types.NoSuchEntityException
		if _, err := s.GetRole(ctx, &iam.GetRoleInput{RoleName: name}); !errors.As(err, &none) {
			t.Errorf("after deletion: %v", err)
		}
	})
}

func TestRolesOfAnAccountAreItsOwn(t *testing.T) {
	s := service.New(dbtest.Open(t, dbtest.SQLite(t)), clock.New(clock.Anchor{}))
	other := caller.With(t.Context(), caller.Caller{Account: "111111111111"})
	if _, err := s.CreateRole(other, &iam.CreateRoleInput{RoleName: aws.String("app"), AssumeRolePolicyDocument: aws.String(trust)}); err != nil {
		t.Fatal(err)
	}
	if out, err := s.ListRoles(t.Context(), &iam.ListRolesInput{}); err != nil || len(out.Roles) != 0 {
		t.Errorf("seen from another account: %+v, %v", out, err)
	}
}

func TestADocumentThatIsNoPolicyChangesNothing(t *testing.T) {
	s := service.New(dbtest.Open(t, dbtest.SQLite(t)), clock.New(clock.Anchor{}))
	for _, doc := range []string{"", "[]", "{", "{}"} {
		_, err := s.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("app"), AssumeRolePolicyDocument: &doc})
		var malformed *types.MalformedPolicyDocumentException
		if !errors.As(err, &malformed) {
			t.Errorf("%q: %v", doc, err)
		}
	}
	if out, err := s.ListRoles(t.Context(), &iam.ListRolesInput{}); err != nil || len(out.Roles) != 0 {
		t.Errorf("roles: %+v, %v", out, err)
	}
}

func TestAPolicyKeepsFiveVersionsAndItsDefault(t *testing.T) {
	s, ctx := service.New(dbtest.Open(t, dbtest.SQLite(t)), clock.New(clock.Anchor{})), t.Context()
	p, err := s.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("p"), PolicyDocument: aws.String(trust)})
	if err != nil {
		t.Fatal(err)
	}
	for i := 2; i <= 6; i++ {
		_, err := s.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: p.Policy.Arn, PolicyDocument: aws.String(trust), SetAsDefault: i == 3})
		var limit *types.LimitExceededException
		if errors.As(err, &limit) != (i == 6) {
			t.Errorf("version %d: %v", i, err)
		}
	}
	var conflict *types.DeleteConflictException
	if _, err := s.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: p.Policy.Arn, VersionId: aws.String("v3")}); !errors.As(err, &conflict) {
		t.Errorf("default version deleted: %v", err)
	}
	got, err := s.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: p.Policy.Arn})
	if err != nil || *got.Policy.DefaultVersionId != "v3" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestASessionIsRecognisedUntilItExpiresAndOnlyWithItsOwnToken(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	s, err := service.OpenSessions(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	again, err := service.OpenSessions(t.Context(), d) // another node, or after a restart
	if err != nil {
		t.Fatal(err)
	}
	c := s.Issue("111111111111", "arn:aws:sts::111111111111:assumed-role/r/s", time.Hour)
	secret, who, err := again.Lookup(c.AccessKeyID, c.Token)
	if err != nil || secret != c.Secret || who.Account != "111111111111" || who.ARN != "arn:aws:sts::111111111111:assumed-role/r/s" {
		t.Errorf("%q, %+v, %v", secret, who, err)
	}
	other, old := s.Issue("222222222222", "x", time.Hour), s.Issue("111111111111", "x", -time.Second)
	for name, pair := range map[string][2]string{"another's token": {c.AccessKeyID, other.Token}, "no token": {c.AccessKeyID, ""},
		"a token that was changed": {c.AccessKeyID, "A" + c.Token}, "an expired one": {old.AccessKeyID, old.Token}, "a key nobody issued": {"AKIANOBODY", ""}} {
		if _, _, err := s.Lookup(pair[0], pair[1]); !errors.Is(err, service.ErrUnknownKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if secret, _, err := s.Lookup(s.Root().AccessKeyID, ""); err != nil || secret != s.Root().Secret {
		t.Errorf("root: %v", err)
	}
}

func TestWhatToolsChangeAboutRolesAndPolicies(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, ctx, name := service.New(d, clock.New(clock.Anchor{})), t.Context(), aws.String("app")
		must := func(_ any, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(s.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String(trust)}))
		made, err := s.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("own"), PolicyDocument: aws.String(trust)})
		must(made, err)
		own := made.Policy.Arn
		var none *types.NoSuchEntityException

		if out, err := s.UpdateRoleDescription(ctx, &iam.UpdateRoleDescriptionInput{RoleName: name, Description: aws.String("new")}); err != nil || *out.Role.Description != "new" {
			t.Errorf("description: %+v, %v", out, err)
		}
		must(s.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: name, PermissionsBoundary: own}))
		if got, err := s.GetRole(ctx, &iam.GetRoleInput{RoleName: name}); err != nil || *got.Role.Description != "new" || *got.Role.PermissionsBoundary.PermissionsBoundaryArn != *own {
			t.Errorf("role: %+v, %v", got, err)
		}
		must(s.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: name}))
		if _, err := s.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: name}); !errors.As(err, &none) {
			t.Errorf("no boundary to delete: %v", err)
		}

		if out, err := s.ListEntitiesForPolicy(ctx, &iam.ListEntitiesForPolicyInput{PolicyArn: own}); err != nil || out.PolicyRoles == nil || len(out.PolicyRoles) != 0 {
			t.Errorf("entities of an unused policy: %+v, %v", out, err)
		}
		must(s.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: own}))
		if out, err := s.ListEntitiesForPolicy(ctx, &iam.ListEntitiesForPolicyInput{PolicyArn: own}); err != nil || len(out.PolicyRoles) != 1 || *out.PolicyRoles[0].RoleName != "app" {
			t.Errorf("entities: %+v, %v", out, err)
		}
		if _, err := s.ListEntitiesForPolicy(ctx, &iam.ListEntitiesForPolicyInput{PolicyArn: aws.String(*own + "x")}); !errors.As(err, &none) {
			t.Errorf("entities of no policy: %v", err)
		}

		for _, v := range []string{"1", "2"} {
			must(s.TagPolicy(ctx, &iam.TagPolicyInput{PolicyArn: own, Tags: []types.Tag{{Key: aws.String("a"), Value: &v}, {Key: aws.String("b"), Value: &v}}}))
		}
		must(s.UntagPolicy(ctx, &iam.UntagPolicyInput{PolicyArn: own, TagKeys: []string{"b"}}))
		if out, err := s.ListPolicyTags(ctx, &iam.ListPolicyTagsInput{PolicyArn: own}); err != nil || len(out.Tags) != 1 || *out.Tags[0].Value != "2" {
			t.Errorf("tags: %+v, %v", out, err)
		}
	})
}

func TestAnAssumedRolesKeysAreInTheRolesAccount(t *testing.T) {
	sessions, err := service.OpenSessions(t.Context(), dbtest.Open(t, dbtest.SQLite(t)))
	if err != nil {
		t.Fatal(err)
	}
	out, err := service.NewSTS(sessions).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::111111111111:role/team/app"), RoleSessionName: aws.String("me")})
	if err != nil {
		t.Fatal(err)
	}
	_, who, err := sessions.Lookup(*out.Credentials.AccessKeyId, *out.Credentials.SessionToken)
	if err != nil || who.Account != "111111111111" || who.ARN != "arn:aws:sts::111111111111:assumed-role/app/me" {
		t.Errorf("%+v, %v", who, err)
	}
}
