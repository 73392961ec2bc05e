package lambda

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
)

// UpdateFunctionCode replaces $LATEST's package. Invocations run the previous one until
// LastUpdateStatus is Successful (FACTS §0 4).
func (s *Service) UpdateFunctionCode(ctx context.Context, in *lambda.UpdateFunctionCodeInput, _ ...func(*lambda.Options)) (*lambda.UpdateFunctionCodeOutput, error) {
	k, err := parseName(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	if err := firstError(notHere(in.ImageUri != nil, "Container images (ImageUri) are"), notHere(in.PublishTo != "", "PublishTo is")); err != nil {
		return nil, err
	}
	check := func(tx *db.Tx) error { // before the package is fetched and stored
		_, _, err := readForUpdate(tx, k, in.RevisionId)
		return err
	}
	if err := s.DB.View(ctx, check); err != nil {
		return nil, err
	}
	pkg, err := s.upload(ctx, source{in.ZipFile, in.S3Bucket, in.S3Key, in.S3ObjectVersion}, in.DryRun)
	if err != nil {
		return nil, err
	}
	change := func(tx *db.Tx, n *snapshot) error {
		n.SHA, n.Config.CodeSha256 = pkg.sha, codeSha256(pkg.sha)
		n.Config.CodeSize = pkg.size
		if len(in.Architectures) > 0 {
			n.Config.Architectures = slices.Clone(in.Architectures)
		}
		arns := make([]string, len(n.Config.Layers))
		for i, l := range n.Config.Layers {
			arns[i] = *l.Arn
		}
		// The layers' packages are known already (they may have been deleted since): only the sum is checked.
		if err := s.checkUnzipped(ctx, tx, arns, pkg.unzipped); err != nil {
			return err
		}
		return s.checkStorage(tx, k, pkg.size)
	}
	c, err := s.change(ctx, k, in.RevisionId, change, in.Publish, in.DryRun)
	if err != nil {
		return nil, err
	}
	out := &lambda.UpdateFunctionCodeOutput{}
	copyFields(out, c)
	return out, nil
}

// UpdateFunctionConfiguration changes $LATEST's configuration, in the same way.
func (s *Service) UpdateFunctionConfiguration(ctx context.Context, in *lambda.UpdateFunctionConfigurationInput, _ ...func(*lambda.Options)) (*lambda.UpdateFunctionConfigurationOutput, error) {
	k, err := parseName(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	if err := firstError(notHere(in.ImageConfig != nil, "Container images (ImageConfig) are"),
		notHere(len(in.FileSystemConfigs) > 0, "File systems (FileSystemConfigs) are"),
		notHere(in.CapacityProviderConfig != nil, "Capacity providers (CapacityProviderConfig) are"),
		notHere(in.DurableConfig != nil, "Durable functions (DurableConfig) are"), s.checkDeadLetters(ctx, k, in.DeadLetterConfig)); err != nil {
		return nil, err
	}
	c, err := s.change(ctx, k, in.RevisionId, func(tx *db.Tx, n *snapshot) error {
		if in.Layers != nil {
			layers, err := s.resolveLayers(ctx, tx, in.Layers, 0)
			if err != nil {
				return err
			}
			layers.into(n)
		}
		return s.apply(&n.Config, change{in.Description, in.Handler, in.Role, in.KMSKeyArn, in.Runtime, in.MemorySize, in.Timeout,
			in.Environment, in.EphemeralStorage, in.DeadLetterConfig, in.LoggingConfig, in.SnapStart, in.TracingConfig, in.VpcConfig})
	}, false, false)
	if err != nil {
		return nil, err
	}
	out := &lambda.UpdateFunctionConfigurationOutput{}
	copyFields(out, c)
	return out, nil
}

func readForUpdate(tx *db.Tx, k key, revision *string) (functionRow, versionRow, error) {
	fn, err := readFunction(tx, k, functionNotFound(k.arn("")))
	if err != nil {
		return fn, versionRow{}, err
	}
	v, err := readLatest(tx, k)
	if err != nil {
		return fn, v, err
	}
	return fn, v, firstError(checkSettled(v), checkRevision(revision, v.shown.Config.RevisionId))
}

// change edits what $LATEST shows and starts its preparation, after which it serves.
func (s *Service) change(ctx context.Context, k key, revision *string, edit func(*db.Tx, *snapshot) error, andPublish, dryRun bool) (types.FunctionConfiguration, error) {
	var out types.FunctionConfiguration
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		fn, v, err := readForUpdate(tx, k, revision)
		if err != nil {
			return err
		}
		if err := edit(tx, &v.shown); err != nil {
			return err
		}
		v.shown.Generation, v.preparation = id.Request(), id.Request()
		c := &v.shown.Config
		c.LastModified, c.RevisionId = lambdaTime(s.Clock.Now()), aws.String(id.Request())
		c.LastUpdateStatus, c.LastUpdateStatusReason = types.LastUpdateStatusInProgress, aws.String("The function is being created.")
		c.LastUpdateStatusReasonCode = types.LastUpdateStatusReasonCode("Creating")
		out = *c
		if dryRun {
			return nil
		}
		if err := s.prepare(tx, v.preparation, k); err != nil {
			return err
		}
		if andPublish {
			p, err := publish(tx, &fn, v, nil)
			if err != nil {
				return err
			}
			if err := updateFunction(tx, fn); err != nil {
				return err
			}
			out = p.shown.Config
		}
		changed(tx, k)
		return writeVersion(tx, v)
	})
	return out, err
}
