package lambda

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
)

// CreateFunction stores the package and the function, which is Pending until the package is unpacked.
func (s *Service) CreateFunction(ctx context.Context, in *lambda.CreateFunctionInput, _ ...func(*lambda.Options)) (*lambda.CreateFunctionOutput, error) {
	t, err := parseTarget(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	shown, err := s.newFunction(ctx, t, in)
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	absent := func(tx *db.Tx) error { return checkAbsent(tx, t.key) }
	if err := s.DB.View(ctx, absent); err != nil { // before the package is stored, and again before the rows are
		return nil, err
	}
	pkg, err := s.upload(ctx, source{in.Code.ZipFile, in.Code.S3Bucket, in.Code.S3Key, in.Code.S3ObjectVersion}, false)
	if err != nil {
		return nil, err
	}
	shown.SHA, shown.Config.CodeSha256, shown.Config.CodeSize = pkg.sha, codeSha256(pkg.sha), pkg.size
	var out types.FunctionConfiguration
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		if err := absent(tx); err != nil {
			return err
		}
		layers, err := s.resolveLayers(ctx, tx, in.Layers, pkg.unzipped)
		if err != nil {
			return err
		}
		layers.into(&shown)
		if err := s.checkStorage(tx, t.key, pkg.size); err != nil {
			return err
		}
		fn := functionRow{key: t.key, tags: in.Tags}
		v := versionRow{key: t.key, shown: shown, preparation: id.Request()}
		if err := s.prepare(tx, v.preparation, t.key); err != nil {
			return err
		}
		out = v.shown.Config
		if in.Publish {
			var p versionRow
			if p, err = publish(tx, &fn, v, nil); err != nil {
				return err
			}
			out = p.shown.Config
			out.FunctionArn = v.shown.Config.FunctionArn // unqualified here, as AWS has it (LST)
		}
		changed(tx, t.key)
		return errors.Join(insertFunction(tx, fn), writeVersion(tx, v))
	})
	if err != nil {
		return nil, err
	}
	res := &lambda.CreateFunctionOutput{}
	copyFields(res, out)
	return res, nil
}

func checkAbsent(tx *db.Tx, k key) error {
	absent := errors.New("absent")
	_, err := readFunction(tx, k, absent)
	if err == nil {
		return conflict("Function already exist: %s", k.name)
	}
	if errors.Is(err, absent) {
		return nil
	}
	return err
}

// newFunction is the first configuration, without its package.
func (s *Service) newFunction(ctx context.Context, t target, in *lambda.CreateFunctionInput) (snapshot, error) {
	switch {
	case t.qualifier != "":
		return snapshot{}, validation(*in.FunctionName, "functionName", "Member must satisfy regular expression pattern: "+namePattern)
	case in.Code == nil:
		return snapshot{}, validationNull("code")
	case in.Role == nil:
		return snapshot{}, validationNull("role")
	}
	if err := firstError(refuse(in), s.checkDeadLetters(ctx, t.key, in.DeadLetterConfig)); err != nil {
		return snapshot{}, err
	}
	if in.Runtime == "" || aws.ToString(in.Handler) == "" {
		return snapshot{}, invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	}
	arch := in.Architectures
	if len(arch) == 0 {
		arch = []types.Architecture{types.ArchitectureX8664}
	}
	c := types.FunctionConfiguration{
		FunctionName: aws.String(t.name), FunctionArn: aws.String(t.arn()), Version: aws.String(latest),
		PackageType: types.PackageTypeZip, Architectures: arch,
		Description: aws.String(""), MemorySize: aws.Int32(128), Timeout: aws.Int32(3),
		EphemeralStorage: &types.EphemeralStorage{Size: aws.Int32(512)},
		TracingConfig:    &types.TracingConfigResponse{Mode: types.TracingModePassThrough},
		SnapStart:        &types.SnapStartResponse{ApplyOn: types.SnapStartApplyOnNone, OptimizationStatus: types.SnapStartOptimizationStatusOff},
		State:            types.StatePending, StateReason: aws.String("The function is being created."), StateReasonCode: types.StateReasonCodeCreating,
		LastModified: lambdaTime(s.Clock.Now()), RevisionId: aws.String(id.Request()),
	}
	err := s.apply(&c, change{in.Description, in.Handler, in.Role, in.KMSKeyArn, in.Runtime, in.MemorySize, in.Timeout, in.Environment,
		in.EphemeralStorage, in.DeadLetterConfig, in.LoggingConfig, in.SnapStart, in.TracingConfig, in.VpcConfig})
	return snapshot{Generation: id.Request(), Config: c}, err
}

func refuse(in *lambda.CreateFunctionInput) error {
	return firstError(
		notHere(in.PackageType == types.PackageTypeImage || in.Code.ImageUri != nil || in.ImageConfig != nil, "Container images (PackageType Image) are"),
		notHere(len(in.FileSystemConfigs) > 0, "File systems (FileSystemConfigs) are"),
		notHere(aws.ToString(in.CodeSigningConfigArn) != "", "Code signing (CodeSigningConfigArn) is"),
		notHere(in.CapacityProviderConfig != nil, "Capacity providers (CapacityProviderConfig) are"),
		notHere(in.DurableConfig != nil, "Durable functions (DurableConfig) are"),
		notHere(in.TenancyConfig != nil, "Tenant isolation (TenancyConfig) is"))
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) checkStorage(tx *db.Tx, k key, more int64) error {
	used, err := codeSize(tx, k)
	if err != nil {
		return err
	}
	return checkStorage(used, more, s.limits.CodeStorage)
}

// codeSize is the sum of an account's packages in a region, in bytes.
func codeSize(tx *db.Tx, k key) (int64, error) {
	var sum int64
	for _, table := range []string{"lambda_version", "lambda_layer_version"} {
		n, err := db.One(tx, db.Value[int64], `SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM `+table+`
			WHERE account = $1 AND region = $2`, k.account, k.region)
		if err != nil {
			return 0, wrap(err, "sum code sizes")
		}
		sum += n
	}
	return sum, nil
}

// find reads the version that t names, directly or by an alias. Its configuration carries the ARN
// under which it was asked for.
func find(tx *db.Tx, t target) (versionRow, error) {
	if _, err := readFunction(tx, t.key, functionNotFound(t.arn())); err != nil {
		return versionRow{}, err
	}
	number, ok := versionNumber(t.qualifier)
	if !ok {
		a, err := readAlias(tx, t.key, t.qualifier)
		if err != nil {
			return versionRow{}, orNotFound(err, functionNotFound(t.arn()))
		}
		number, _ = versionNumber(*a.FunctionVersion)
	}
	v, err := readVersion(tx, t.key, number)
	if err != nil {
		return v, orNotFound(err, functionNotFound(t.arn()))
	}
	v.shown.Config.FunctionArn = aws.String(t.arn())
	return v, nil
}

// orNotFound replaces db.ErrNotFound.
func orNotFound(err, missing error) error {
	if errors.Is(err, db.ErrNotFound) {
		return missing
	}
	return err
}

// GetFunction describes a version with its function's tags and reserved concurrency.
func (s *Service) GetFunction(ctx context.Context, in *lambda.GetFunctionInput, _ ...func(*lambda.Options)) (*lambda.GetFunctionOutput, error) {
	t, err := parseTarget(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	out := &lambda.GetFunctionOutput{}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		v, err := find(tx, t)
		if err != nil {
			return err
		}
		fn, err := readFunction(tx, t.key, functionNotFound(t.arn()))
		if err != nil {
			return err
		}
		out.Configuration, out.Tags = &v.shown.Config, fn.tags
		out.Code = &types.FunctionCodeLocation{RepositoryType: aws.String("S3"), Location: s.codeURL(ctx, v.shown.SHA)}
		if fn.reserved != nil {
			out.Concurrency = &types.Concurrency{ReservedConcurrentExecutions: aws.Int32(int32(*fn.reserved))}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) codeURL(ctx context.Context, sha string) *string {
	if s.CodeURL == nil {
		return nil
	}
	return aws.String(s.CodeURL(ctx, sha))
}

// GetFunctionConfiguration describes a version.
func (s *Service) GetFunctionConfiguration(ctx context.Context, in *lambda.GetFunctionConfigurationInput, _ ...func(*lambda.Options)) (*lambda.GetFunctionConfigurationOutput, error) {
	t, err := parseTarget(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	out := &lambda.GetFunctionConfigurationOutput{}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		v, err := find(tx, t)
		copyFields(out, v.shown.Config)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteFunction deletes a function with all that belongs to it or, with a qualifier, one version.
func (s *Service) DeleteFunction(ctx context.Context, in *lambda.DeleteFunctionInput, _ ...func(*lambda.Options)) (*lambda.DeleteFunctionOutput, error) {
	t, err := parseTarget(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	number, isVersion := versionNumber(t.qualifier)
	switch {
	case t.qualifier == latest:
		return nil, invalid("$LATEST version cannot be deleted without deleting the function.")
	case !isVersion:
		return nil, invalid("Deletion of aliases is not currently supported.")
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		if _, err := readFunction(tx, t.key, functionNotFound(t.arn())); err != nil {
			return err
		}
		changed(tx, t.key)
		if t.qualifier != "" {
			return s.deleteVersion(tx, t, number)
		}
		return s.deleteAll(tx, t.key)
	})
	if err != nil {
		return nil, err
	}
	return &lambda.DeleteFunctionOutput{StatusCode: 204}, nil
}

func (s *Service) deleteVersion(tx *db.Tx, t target, number int64) error {
	v, err := readVersion(tx, t.key, number)
	if errors.Is(err, db.ErrNotFound) {
		return nil // AWS: deleting what is not there succeeds
	}
	if err != nil {
		return err
	}
	aliases, err := readAliases(tx, t.key)
	if err != nil {
		return err
	}
	var by []string
	for _, a := range aliases {
		if _, additional := weights(a)[t.qualifier]; additional || *a.FunctionVersion == t.qualifier {
			by = append(by, *a.Name)
		}
	}
	if len(by) > 0 {
		return conflict("Version %s cannot be deleted because it is referenced by these aliases: [%s]", t.qualifier, strings.Join(by, ", "))
	}
	if err := checkInUse(tx, s.InUse, t); err != nil {
		return err
	}
	if err := releasePackages(tx, v); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM lambda_version WHERE account = $1 AND region = $2 AND name = $3 AND number = $4`,
		t.account, t.region, t.name, number); err != nil {
		return wrap(err, "delete version")
	}
	return deleteQualified(tx, t)
}

// deleteQualified removes what belongs to a version or an alias.
func deleteQualified(tx *db.Tx, t target) error {
	for _, table := range []string{"lambda_policy", "lambda_event_config"} {
		if _, err := tx.Exec(`DELETE FROM `+table+` WHERE account = $1 AND region = $2 AND name = $3 AND qualifier = $4`,
			t.account, t.region, t.name, t.qualifier); err != nil {
			return wrap(err, "delete what belongs to "+t.arn())
		}
	}
	return nil
}

// checkInUse refuses to delete what somebody else needs, and names all who do.
func checkInUse(tx *db.Tx, ask []InUse, t target) error {
	var by []string
	for _, f := range ask {
		users, err := f(tx.Context(), tx, t.arn())
		if err != nil {
			return fmt.Errorf("ask who needs %s: %w", t.arn(), err)
		}
		by = append(by, users...)
	}
	if len(by) > 0 {
		return conflict("%s cannot be deleted because it is needed by: %s", t.arn(), named(by))
	}
	return nil
}

// maxNamed is how many of those who need a version an error names.
const maxNamed = 10

func named(by []string) string {
	if more := len(by) - maxNamed; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(by[:maxNamed], ", "), more)
	}
	return strings.Join(by, ", ")
}

func (s *Service) deleteAll(tx *db.Tx, k key) error {
	vs, err := db.All(tx, scanVersion, `SELECT `+versionColumns+` FROM lambda_version
		WHERE account = $1 AND region = $2 AND name = $3`, k.account, k.region, k.name)
	if err != nil {
		return wrap(err, "read versions")
	}
	for _, v := range vs {
		if v.number == 0 {
			continue
		}
		if err := checkInUse(tx, s.Pinned, target{k, versionName(v.number)}); err != nil {
			return err
		}
	}
	if err := releasePackages(tx, vs...); err != nil {
		return err
	}
	for _, table := range []string{"lambda_version", "lambda_alias", "lambda_policy", "lambda_event_config", "lambda_function"} {
		if _, err := tx.Exec(`DELETE FROM `+table+` WHERE account = $1 AND region = $2 AND name = $3`, k.account, k.region, k.name); err != nil {
			return wrap(err, "delete function")
		}
	}
	return nil
}

// ListFunctions lists functions by name, with FunctionVersion ALL every version of each.
func (s *Service) ListFunctions(ctx context.Context, in *lambda.ListFunctionsInput, _ ...func(*lambda.Options)) (*lambda.ListFunctionsOutput, error) {
	c := caller.From(ctx)
	if in.FunctionVersion != "" && in.FunctionVersion != types.FunctionVersionAll {
		return nil, validation(string(in.FunctionVersion), "functionVersion", "Member must satisfy enum value set: [ALL]")
	}
	query := `SELECT ` + versionColumns + ` FROM lambda_version WHERE account = $1 AND region = $2`
	if in.FunctionVersion == "" {
		query += ` AND number = 0`
	}
	rows, next, err := listVersions(ctx, s.DB, query, []any{c.Account, c.Region}, in.Marker, in.MaxItems, 50)
	if err != nil {
		return nil, err
	}
	out := &lambda.ListFunctionsOutput{Functions: []types.FunctionConfiguration{}, NextMarker: next}
	for _, v := range rows {
		out.Functions = append(out.Functions, listed(v, in.FunctionVersion == types.FunctionVersionAll))
	}
	return out, nil
}
