package codedeploy

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

// sum is the SHA-256 of s in hexadecimal.
func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

func invalidRevision(format string, args ...any) error {
	return &types.InvalidRevisionException{Message: text(format, args...)}
}

// checkRevision checks a revision's form, and its AppSpec where it is at hand: it returns nil for a
// revision in S3, which is read when the deployment starts.
func checkRevision(r *types.RevisionLocation) (*appSpec, error) {
	if r == nil {
		return nil, &types.RevisionRequiredException{Message: text("The revision is required.")}
	}
	var content, sha *string
	switch r.RevisionType {
	case types.RevisionLocationTypeAppSpecContent:
		if r.AppSpecContent == nil {
			return nil, invalidRevision("A revision of type AppSpecContent needs appSpecContent.")
		}
		content, sha = r.AppSpecContent.Content, r.AppSpecContent.Sha256
	case types.RevisionLocationTypeString:
		raw := r.String_ // deprecated, but still what CloudFormation and SAM send (FACTS §3)
		if raw == nil {
			return nil, invalidRevision("A revision of type String needs string.")
		}
		content, sha = raw.Content, raw.Sha256
	case types.RevisionLocationTypeS3:
		return nil, checkS3(r.S3Location)
	case types.RevisionLocationTypeGitHub:
		return nil, invalidRevision("A revision of type GitHub does not apply to the Lambda compute platform.")
	default:
		return nil, invalidRevision("The revision type %q is not one of S3, String and AppSpecContent.", r.RevisionType)
	}
	if aws.ToString(content) == "" {
		return nil, invalidRevision("The revision's content is empty.")
	}
	if got := sum(*content); sha != nil && *sha != "" && !strings.EqualFold(*sha, got) {
		return nil, invalidRevision("The revision's sha256 is %s, but its content has %s.", *sha, got)
	}
	spec, err := parseAppSpec([]byte(*content))
	if err != nil {
		return nil, invalidRevision("%v", err)
	}
	return spec, nil
}

// checkS3 checks where a revision in S3 is to be found; bundle types are spelt as CodeDeploy does.
func checkS3(l *types.S3Location) error {
	switch {
	case l == nil || aws.ToString(l.Bucket) == "" || aws.ToString(l.Key) == "":
		return invalidRevision("A revision of type S3 needs s3Location with bucket and key.")
	case l.BundleType == "":
		return invalidRevision("s3Location needs a bundleType: tar, tgz, zip, YAML or JSON.")
	}
	for _, known := range l.BundleType.Values() {
		if l.BundleType == known {
			return nil
		}
	}
	return invalidRevision("The bundle type %q is not one of tar, tgz, zip, YAML and JSON.", l.BundleType)
}
