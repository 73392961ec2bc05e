package lambda

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

var layerRE = regexp.MustCompile(`^(?:arn:aws[a-zA-Z-]*:lambda:([a-z0-9-]+):(\d{12}):layer:)?([a-zA-Z0-9-_]+)(?::(\d+))?$`)

// layerVersion is a published layer as it is stored.
type layerVersion struct {
	Number        int64
	SHA           string
	Size          int64 // bytes of the package
	Unzipped      int64 // bytes
	Description   *string
	LicenseInfo   *string
	Created       *string
	Runtimes      []types.Runtime
	Architectures []types.Architecture
}

// layerKey is a layer; number is that of the version an ARN names, or 0.
type layerKey struct {
	key
	number int64
}

func parseLayer(ctx context.Context, name *string) (layerKey, error) {
	if name == nil {
		return layerKey{}, validationNull("layerName")
	}
	m := layerRE.FindStringSubmatch(*name)
	if m == nil || len(m[3]) > 140 {
		return layerKey{}, validation(*name, "layerName", `Member must satisfy regular expression pattern: (arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+`)
	}
	c := caller.From(ctx)
	l := layerKey{key: key{c.Account, c.Region, m[3]}}
	if m[1] != "" {
		l.region, l.account = m[1], m[2]
	}
	if m[4] != "" {
		l.number, _ = strconv.ParseInt(m[4], 10, 64)
	}
	return l, nil
}

func (l layerKey) layerARN() string {
	return "arn:" + caller.PartitionOf(l.region) + ":lambda:" + l.region + ":" + l.account + ":layer:" + l.name
}

func (l layerKey) versionARN(number int64) string {
	return l.layerARN() + ":" + strconv.FormatInt(number, 10)
}

// PublishLayerVersion stores the next version of a layer.
func (s *Service) PublishLayerVersion(ctx context.Context, in *lambda.PublishLayerVersionInput, _ ...func(*lambda.Options)) (*lambda.PublishLayerVersionOutput, error) {
	l, err := parseLayer(ctx, in.LayerName)
	if err != nil {
		return nil, err
	}
	if in.Content == nil {
		return nil, validationNull("content")
	}
	pkg, err := s.upload(ctx, source{in.Content.ZipFile, in.Content.S3Bucket, in.Content.S3Key, in.Content.S3ObjectVersion}, false)
	if err != nil {
		return nil, err
	}
	v := layerVersion{SHA: pkg.sha, Size: pkg.size, Unzipped: pkg.unzipped, Description: in.Description, LicenseInfo: in.LicenseInfo,
		Created: lambdaTime(s.Clock.Now()), Runtimes: in.CompatibleRuntimes, Architectures: in.CompatibleArchitectures}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		last, err := db.One(tx, db.Value[int64], `SELECT COALESCE(MAX(number), 0) FROM lambda_layer_version
			WHERE account = $1 AND region = $2 AND layer = $3`, l.account, l.region, l.name)
		if err != nil {
			return wrap(err, "read layer versions")
		}
		if err := s.checkStorage(tx, l.key, pkg.size); err != nil {
			return err
		}
		v.Number = last + 1
		_, err = tx.Exec(`INSERT INTO lambda_layer_version (account, region, layer, number, sha, size, deleted, config)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, l.account, l.region, l.name, v.Number, v.SHA, v.Size, false, document(v))
		return wrap(err, "store layer version")
	})
	if err != nil {
		return nil, err
	}
	out := &lambda.PublishLayerVersionOutput{}
	copyFields(out, s.describeLayer(ctx, l, v))
	return out, nil
}

func (s *Service) describeLayer(ctx context.Context, l layerKey, v layerVersion) lambda.GetLayerVersionOutput {
	return lambda.GetLayerVersionOutput{CompatibleArchitectures: v.Architectures, CompatibleRuntimes: v.Runtimes,
		Content:     &types.LayerVersionContentOutput{CodeSha256: codeSha256(v.SHA), CodeSize: v.Size, Location: s.codeURL(ctx, v.SHA)},
		CreatedDate: v.Created, Description: aws.String(aws.ToString(v.Description)), LicenseInfo: v.LicenseInfo,
		LayerArn: aws.String(l.layerARN()), LayerVersionArn: aws.String(l.versionARN(v.Number)), Version: v.Number}
}

// GetLayerVersion describes a version of a layer.
func (s *Service) GetLayerVersion(ctx context.Context, in *lambda.GetLayerVersionInput, _ ...func(*lambda.Options)) (*lambda.GetLayerVersionOutput, error) {
	l, err := parseLayer(ctx, in.LayerName)
	if err != nil {
		return nil, err
	}
	l.number = aws.ToInt64(in.VersionNumber)
	return s.getLayer(ctx, l)
}

// GetLayerVersionByArn is GetLayerVersion by the version's ARN.
func (s *Service) GetLayerVersionByArn(ctx context.Context, in *lambda.GetLayerVersionByArnInput, _ ...func(*lambda.Options)) (*lambda.GetLayerVersionByArnOutput, error) {
	l, err := parseLayer(ctx, in.Arn)
	if err != nil {
		return nil, err
	}
	if l.number == 0 {
		return nil, validation(*in.Arn, "arn", `Member must satisfy regular expression pattern: arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+`)
	}
	got, err := s.getLayer(ctx, l)
	if err != nil {
		return nil, err
	}
	out := &lambda.GetLayerVersionByArnOutput{}
	copyFields(out, got)
	return out, nil
}

func (s *Service) getLayer(ctx context.Context, l layerKey) (*lambda.GetLayerVersionOutput, error) {
	var v layerVersion
	err := s.DB.View(ctx, func(tx *db.Tx) (err error) {
		v, err = readLayer(tx, l)
		return orNotFound(err, notFound("The resource you requested does not exist."))
	})
	if err != nil {
		return nil, err
	}
	out := s.describeLayer(ctx, l, v)
	return &out, nil
}

func readLayer(tx *db.Tx, l layerKey) (layerVersion, error) {
	v, err := db.One(tx, scanJSON[layerVersion], `SELECT config FROM lambda_layer_version
		WHERE account = $1 AND region = $2 AND layer = $3 AND number = $4 AND deleted = $5`, l.account, l.region, l.name, l.number, false)
	return v, wrap(err, "read layer version")
}

// DeleteLayerVersion hides a version; functions that use it go on using it, as on AWS.
func (s *Service) DeleteLayerVersion(ctx context.Context, in *lambda.DeleteLayerVersionInput, _ ...func(*lambda.Options)) (*lambda.DeleteLayerVersionOutput, error) {
	l, err := parseLayer(ctx, in.LayerName)
	if err != nil {
		return nil, err
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE lambda_layer_version SET deleted = $1 WHERE account = $2 AND region = $3 AND layer = $4 AND number = $5`,
			true, l.account, l.region, l.name, aws.ToInt64(in.VersionNumber))
		return wrap(err, "delete layer version")
	})
	if err != nil {
		return nil, err
	}
	return &lambda.DeleteLayerVersionOutput{}, nil
}

func matches(v layerVersion, r types.Runtime, a types.Architecture) bool {
	return (r == "" || slices.Contains(v.Runtimes, r)) && (a == "" || slices.Contains(v.Architectures, a))
}

func listedLayer(l layerKey, v layerVersion) types.LayerVersionsListItem {
	return types.LayerVersionsListItem{CompatibleArchitectures: v.Architectures, CompatibleRuntimes: v.Runtimes, CreatedDate: v.Created,
		Description: v.Description, LayerVersionArn: aws.String(l.versionARN(v.Number)), LicenseInfo: v.LicenseInfo, Version: v.Number}
}

// ListLayerVersions lists a layer's versions, the newest first.
func (s *Service) ListLayerVersions(ctx context.Context, in *lambda.ListLayerVersionsInput, _ ...func(*lambda.Options)) (*lambda.ListLayerVersionsOutput, error) {
	l, err := parseLayer(ctx, in.LayerName)
	if err != nil {
		return nil, err
	}
	before := int64(1) << 62
	if err := decodeMarker(in.Marker, &before); err != nil {
		return nil, err
	}
	var vs []layerVersion
	err = s.DB.View(ctx, func(tx *db.Tx) (err error) {
		vs, err = db.All(tx, scanJSON[layerVersion], `SELECT config FROM lambda_layer_version WHERE account = $1 AND region = $2 AND layer = $3
			AND deleted = $4 AND number < $5 ORDER BY number DESC`, l.account, l.region, l.name, false, before)
		return wrap(err, "list layer versions")
	})
	if err != nil {
		return nil, err
	}
	out := &lambda.ListLayerVersionsOutput{LayerVersions: []types.LayerVersionsListItem{}}
	size := pageSize(in.MaxItems, 50)
	for _, v := range vs {
		if !matches(v, in.CompatibleRuntime, in.CompatibleArchitecture) {
			continue
		}
		if len(out.LayerVersions) == size {
			out.NextMarker = encodeMarker(out.LayerVersions[size-1].Version)
			break
		}
		out.LayerVersions = append(out.LayerVersions, listedLayer(l, v))
	}
	return out, nil
}

// ListLayers lists layers by name, each with its newest version that matches.
func (s *Service) ListLayers(ctx context.Context, in *lambda.ListLayersInput, _ ...func(*lambda.Options)) (*lambda.ListLayersOutput, error) {
	c := caller.From(ctx)
	type row struct {
		name string
		layerVersion
	}
	var rows []row
	err := s.DB.View(ctx, func(tx *db.Tx) (err error) {
		rows, err = db.All(tx, func(r db.Row) (x row, err error) {
			var name string
			v, err := scanJSON[layerVersion](rowAfter{r, &name})
			return row{name, v}, err
		}, `SELECT layer, config FROM lambda_layer_version WHERE account = $1 AND region = $2 AND deleted = $3 ORDER BY layer, number DESC`,
			c.Account, c.Region, false)
		return wrap(err, "list layers")
	})
	if err != nil {
		return nil, err
	}
	all := []types.LayersListItem{}
	for _, r := range rows {
		if n := len(all); n > 0 && *all[n-1].LayerName == r.name || !matches(r.layerVersion, in.CompatibleRuntime, in.CompatibleArchitecture) {
			continue
		}
		l := layerKey{key: key{c.Account, c.Region, r.name}}
		item := listedLayer(l, r.layerVersion)
		all = append(all, types.LayersListItem{LayerName: aws.String(r.name), LayerArn: aws.String(l.layerARN()), LatestMatchingVersion: &item})
	}
	out := &lambda.ListLayersOutput{}
	out.Layers, out.NextMarker, err = page(all, func(l types.LayersListItem) string { return *l.LayerName }, in.Marker, in.MaxItems, 50)
	return out, err
}

// rowAfter scans a first column into head, and the rest as asked.
type rowAfter struct {
	db.Row
	head any
}

func (r rowAfter) Scan(dest ...any) error { return r.Row.Scan(append([]any{r.head}, dest...)...) }

// layers is what a function's list of layer ARNs comes to.
type layers struct {
	items []types.Layer
	shas  []string
}

func (l layers) into(n *snapshot) { n.Config.Layers, n.LayerSHA = l.items, l.shas }

// resolveLayers finds the layer versions named and checks them together with a package of codeUnzipped bytes.
func (s *Service) resolveLayers(ctx context.Context, tx *db.Tx, arns []string, codeUnzipped int64) (out layers, err error) {
	if len(arns) > 5 {
		return out, invalid("Cannot reference more than 5 layers.")
	}
	seen := map[string]bool{}
	total := codeUnzipped
	for _, arn := range arns {
		l, err := parseLayer(ctx, aws.String(arn))
		if err != nil || l.number == 0 {
			return out, validation(arn, "layers", `Member must satisfy regular expression pattern: arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+`)
		}
		if seen[l.key.String()] {
			return out, invalid("Two different versions of the same layer are not allowed to be referenced in the same function. %s is referenced twice.", l.layerARN())
		}
		seen[l.key.String()] = true
		v, err := readLayer(tx, l)
		if errors.Is(err, db.ErrNotFound) {
			return out, invalid("Layer version %s does not exist.", arn)
		}
		if err != nil {
			return out, err
		}
		total += v.Unzipped
		out.items, out.shas = append(out.items, types.Layer{Arn: aws.String(arn), CodeSize: v.Size}), append(out.shas, v.SHA)
	}
	return out, checkTotal(total)
}

func checkTotal(unzipped int64) error {
	if unzipped > maxUnzipped {
		return invalid("Function code combined with layers exceeds the maximum allowed size of %d bytes. The actual size is %d bytes.", maxUnzipped, unzipped)
	}
	return nil
}

// checkUnzipped is the size check alone, for layers that a function has already, deleted or not.
func (s *Service) checkUnzipped(ctx context.Context, tx *db.Tx, arns []string, codeUnzipped int64) error {
	total := codeUnzipped
	for _, arn := range arns {
		l, err := parseLayer(ctx, aws.String(arn))
		if err != nil {
			return err
		}
		v, err := db.One(tx, scanJSON[layerVersion], `SELECT config FROM lambda_layer_version
			WHERE account = $1 AND region = $2 AND layer = $3 AND number = $4`, l.account, l.region, l.name, l.number)
		if err != nil {
			return wrap(err, "read layer version")
		}
		total += v.Unzipped
	}
	return checkTotal(total)
}
