package s3

import (
	"net/http"

	"github.com/aws/smithy-go"
)

// statuses of S3's error codes; any other is 400.
var statuses = map[string]int{
	"NoSuchBucket": 404, "NoSuchKey": 404, "NoSuchVersion": 404, "NoSuchUpload": 404, "NotFound": 404,
	"NoSuchBucketPolicy": 404, "NoSuchTagSet": 404, "NoSuchPublicAccessBlockConfiguration": 404, "OwnershipControlsNotFoundError": 404,
	"NoSuchCORSConfiguration": 404, "NoSuchWebsiteConfiguration": 404, "NoSuchLifecycleConfiguration": 404, "ReplicationConfigurationNotFoundError": 404,
	"ObjectLockConfigurationNotFoundError": 404, "ServerSideEncryptionConfigurationNotFoundError": 404,
	"BucketAlreadyExists": 409, "BucketAlreadyOwnedByYou": 409, "BucketNotEmpty": 409,
	"AccessDenied": 403, "MethodNotAllowed": 405, "PreconditionFailed": 412, "NotModified": 304,
	"InvalidRange": 416, "MissingContentLength": 411, "EntityTooLarge": 400, "NotImplemented": 501, "InternalError": 500,
}

func fail(code, message string) error {
	return &smithy.GenericAPIError{Code: code, Message: message, Fault: smithy.FaultClient}
}

func status(code string) int {
	if s, ok := statuses[code]; ok {
		return s
	}
	return http.StatusBadRequest
}

var (
	errNoBucket  = fail("NoSuchBucket", "The specified bucket does not exist")
	errNoKey     = fail("NoSuchKey", "The specified key does not exist.")
	errNoVersion = fail("NoSuchVersion", "The specified version does not exist.")
	errNoUpload  = fail("NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.")
	errDigest    = fail("BadDigest", "The Content-MD5 or checksum value that you specified did not match what the server received.")
)
