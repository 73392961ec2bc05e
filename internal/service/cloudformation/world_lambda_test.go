package cloudformation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/service/cloudformation/resource"
)

type fakeLambda struct {
	resource.Lambda
	w *world
}

func (l *fakeLambda) find(name *string) (*function, string, error) {
	n := aws.ToString(name)
	if i := strings.Index(n, "function:"); i >= 0 {
		n = n[i+len("function:"):]
	}
	n, _, _ = strings.Cut(n, ":")
	f := l.w.functions[n]
	if f == nil {
		return nil, n, fault("ResourceNotFoundException", "Function not found: %s", n)
	}
	return f, n, nil
}

func hash(v any) string {
	raw, _ := json.Marshal(v)
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:4])
}

func (l *fakeLambda) CreateFunction(ctx context.Context, in *lambda.CreateFunctionInput, _ ...func(*lambda.Options)) (*lambda.CreateFunctionOutput, error) {
	return &lambda.CreateFunctionOutput{}, l.w.act(ctx, "CreateFunction", *in.FunctionName, func() error {
		if l.w.functions[*in.FunctionName] != nil {
			return fault("ResourceConflictException", "Function already exist: %s", *in.FunctionName)
		}
		env := map[string]string{}
		if in.Environment != nil {
			env = in.Environment.Variables
		}
		l.w.functions[*in.FunctionName] = &function{code: hash(in.Code), config: configOf(in.Role, in.MemorySize, env), polls: max(1, l.w.polls), deleted: map[int]bool{},
			aliases: map[string]*alias{}, permissions: map[string]bool{}, tags: in.Tags, env: env}
		return nil
	})
}

func configOf(role *string, memory *int32, env map[string]string) string {
	m := int32(128)
	if memory != nil {
		m = *memory
	}
	return fmt.Sprintf("%s/%d/%v", aws.ToString(role), m, env)
}

func (l *fakeLambda) GetFunctionConfiguration(ctx context.Context, in *lambda.GetFunctionConfigurationInput, _ ...func(*lambda.Options)) (out *lambda.GetFunctionConfigurationOutput, err error) {
	err = l.w.act(ctx, "GetFunctionConfiguration", *in.FunctionName, func() error {
		f, n, err := l.find(in.FunctionName)
		if err != nil {
			return err
		}
		out = &lambda.GetFunctionConfigurationOutput{FunctionName: &n, FunctionArn: aws.String(arn.Function(caller.From(ctx), n, "")),
			State: lambdatypes.StateActive, LastUpdateStatus: lambdatypes.LastUpdateStatusSuccessful}
		if f.polls > 0 {
			f.polls--
			if f.update {
				out.LastUpdateStatus = lambdatypes.LastUpdateStatusInProgress
			} else {
				out.State = lambdatypes.StatePending
			}
		}
		return nil
	})
	return out, err
}

func (l *fakeLambda) change(ctx context.Context, name string, fn *string, f func(*function)) error {
	return l.w.act(ctx, name, *fn, func() error {
		x, n, err := l.find(fn)
		if err != nil {
			return err
		}
		if x.polls > 0 {
			return fault("ResourceConflictException", "An update is in progress for resource: %s", n)
		}
		f(x)
		x.polls, x.update = 1, true
		return nil
	})
}

func (l *fakeLambda) UpdateFunctionCode(ctx context.Context, in *lambda.UpdateFunctionCodeInput, _ ...func(*lambda.Options)) (*lambda.UpdateFunctionCodeOutput, error) {
	return &lambda.UpdateFunctionCodeOutput{}, l.change(ctx, "UpdateFunctionCode", in.FunctionName, func(f *function) {
		f.code = hash(&lambdatypes.FunctionCode{ZipFile: in.ZipFile, S3Bucket: in.S3Bucket, S3Key: in.S3Key})
	})
}

func (l *fakeLambda) UpdateFunctionConfiguration(ctx context.Context, in *lambda.UpdateFunctionConfigurationInput, _ ...func(*lambda.Options)) (*lambda.UpdateFunctionConfigurationOutput, error) {
	return &lambda.UpdateFunctionConfigurationOutput{}, l.change(ctx, "UpdateFunctionConfiguration", in.FunctionName, func(f *function) {
		f.env = in.Environment.Variables
		f.config = configOf(in.Role, in.MemorySize, f.env)
	})
}

func (l *fakeLambda) DeleteFunction(ctx context.Context, in *lambda.DeleteFunctionInput, _ ...func(*lambda.Options)) (*lambda.DeleteFunctionOutput, error) {
	return &lambda.DeleteFunctionOutput{}, l.w.act(ctx, "DeleteFunction", *in.FunctionName, func() error {
		f, n, err := l.find(in.FunctionName)
		if err != nil {
			return err
		}
		if in.Qualifier == nil {
			delete(l.w.functions, n)
			return nil
		}
		v, _ := strconv.Atoi(*in.Qualifier)
		for _, a := range f.aliases {
			if a.version == *in.Qualifier {
				return fault("ResourceConflictException", "an alias references version %d", v)
			}
		}
		f.deleted[v] = true
		return nil
	})
}

func (l *fakeLambda) TagResource(ctx context.Context, in *lambda.TagResourceInput, _ ...func(*lambda.Options)) (*lambda.TagResourceOutput, error) {
	return &lambda.TagResourceOutput{}, l.w.act(ctx, "TagResource", *in.Resource, func() error {
		f, _, err := l.find(in.Resource)
		if err == nil {
			f.tags = maps.Clone(f.tags)
			if f.tags == nil {
				f.tags = map[string]string{}
			}
			maps.Copy(f.tags, in.Tags)
		}
		return err
	})
}

func (l *fakeLambda) UntagResource(ctx context.Context, in *lambda.UntagResourceInput, _ ...func(*lambda.Options)) (*lambda.UntagResourceOutput, error) {
	return &lambda.UntagResourceOutput{}, l.w.act(ctx, "UntagResource", *in.Resource, func() error {
		f, _, err := l.find(in.Resource)
		if err == nil {
			f.tags = maps.Clone(f.tags)
			for _, k := range in.TagKeys {
				delete(f.tags, k)
			}
		}
		return err
	})
}

func (l *fakeLambda) PublishVersion(ctx context.Context, in *lambda.PublishVersionInput, _ ...func(*lambda.Options)) (out *lambda.PublishVersionOutput, err error) {
	err = l.w.act(ctx, "PublishVersion", *in.FunctionName, func() error {
		f, n, err := l.find(in.FunctionName)
		if err != nil {
			return err
		}
		now := f.code + " " + f.config
		if len(f.versions) == 0 || f.versions[len(f.versions)-1] != now {
			f.versions = append(f.versions, now)
		}
		number := strconv.Itoa(len(f.versions))
		out = &lambda.PublishVersionOutput{Version: &number, FunctionArn: aws.String(arn.Function(caller.From(ctx), n, number))}
		return nil
	})
	return out, err
}

func (l *fakeLambda) ListVersionsByFunction(ctx context.Context, in *lambda.ListVersionsByFunctionInput, _ ...func(*lambda.Options)) (out *lambda.ListVersionsByFunctionOutput, err error) {
	out = &lambda.ListVersionsByFunctionOutput{Versions: []lambdatypes.FunctionConfiguration{{Version: aws.String("$LATEST")}}}
	err = l.w.act(ctx, "ListVersionsByFunction", *in.FunctionName, func() error {
		f, _, err := l.find(in.FunctionName)
		if err != nil {
			return err
		}
		for i := range f.versions {
			out.Versions = append(out.Versions, lambdatypes.FunctionConfiguration{Version: aws.String(strconv.Itoa(i + 1))})
		}
		return nil
	})
	return out, err
}

func (l *fakeLambda) alias(name *string, alias *string) (*alias, error) {
	f, n, err := l.find(name)
	if err != nil {
		return nil, err
	}
	a := f.aliases[*alias]
	if a == nil {
		return nil, fault("ResourceNotFoundException", "Cannot find alias %s:%s", n, *alias)
	}
	return a, nil
}

func (l *fakeLambda) CreateAlias(ctx context.Context, in *lambda.CreateAliasInput, _ ...func(*lambda.Options)) (*lambda.CreateAliasOutput, error) {
	return &lambda.CreateAliasOutput{}, l.w.act(ctx, "CreateAlias", *in.Name, func() error {
		f, _, err := l.find(in.FunctionName)
		if err != nil {
			return err
		}
		if f.aliases[*in.Name] != nil {
			return fault("ResourceConflictException", "Alias already exists: %s", *in.Name)
		}
		f.aliases[*in.Name] = &alias{version: *in.FunctionVersion, description: aws.ToString(in.Description)}
		return nil
	})
}

func (l *fakeLambda) GetAlias(ctx context.Context, in *lambda.GetAliasInput, _ ...func(*lambda.Options)) (out *lambda.GetAliasOutput, err error) {
	err = l.w.act(ctx, "GetAlias", *in.Name, func() error {
		a, err := l.alias(in.FunctionName, in.Name)
		if err == nil {
			out = &lambda.GetAliasOutput{FunctionVersion: aws.String(a.version), Description: aws.String(a.description)}
			if len(a.weights) > 0 {
				out.RoutingConfig = &lambdatypes.AliasRoutingConfiguration{AdditionalVersionWeights: maps.Clone(a.weights)}
			}
		}
		return err
	})
	return out, err
}

func (l *fakeLambda) UpdateAlias(ctx context.Context, in *lambda.UpdateAliasInput, _ ...func(*lambda.Options)) (*lambda.UpdateAliasOutput, error) {
	return &lambda.UpdateAliasOutput{}, l.w.act(ctx, "UpdateAlias", *in.Name, func() error {
		a, err := l.alias(in.FunctionName, in.Name)
		if err == nil {
			a.version, a.description, a.weights = *in.FunctionVersion, aws.ToString(in.Description), in.RoutingConfig.AdditionalVersionWeights
		}
		return err
	})
}

func (l *fakeLambda) DeleteAlias(ctx context.Context, in *lambda.DeleteAliasInput, _ ...func(*lambda.Options)) (*lambda.DeleteAliasOutput, error) {
	return &lambda.DeleteAliasOutput{}, l.w.act(ctx, "DeleteAlias", *in.Name, func() error {
		f, _, err := l.find(in.FunctionName)
		if err == nil {
			delete(f.aliases, *in.Name)
		}
		return err
	})
}

func (l *fakeLambda) AddPermission(ctx context.Context, in *lambda.AddPermissionInput, _ ...func(*lambda.Options)) (*lambda.AddPermissionOutput, error) {
	return &lambda.AddPermissionOutput{}, l.w.act(ctx, "AddPermission", *in.FunctionName, func() error {
		f, _, err := l.find(in.FunctionName)
		if err != nil {
			return err
		}
		if f.permissions[*in.StatementId] {
			return fault("ResourceConflictException", "The statement id (%s) provided already exists.", *in.StatementId)
		}
		f.permissions[*in.StatementId] = true
		return nil
	})
}

func (l *fakeLambda) RemovePermission(ctx context.Context, in *lambda.RemovePermissionInput, _ ...func(*lambda.Options)) (*lambda.RemovePermissionOutput, error) {
	return &lambda.RemovePermissionOutput{}, l.w.act(ctx, "RemovePermission", *in.FunctionName, func() error {
		f, _, err := l.find(in.FunctionName)
		if err == nil {
			delete(f.permissions, *in.StatementId)
		}
		return err
	})
}
