package integration

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// api is what AWS's own software calls a service.
type api struct {
	sdk    string // the Java SDK's name: the prefix of error names, and the Service in causes
	facts  string // AWS's short name, of the tables of constraints
	legacy string // what optimised integrations say in causes: the name in the first SDK
	prefix string // of their error names
	// attempts tells that causes end with "(SDK Attempt Count: 1)", as recordings since the end of 2025 do; those of S3 are older.
	attempts bool
	statuses map[string]int // HTTP statuses of error codes that the SDK does not tell
}

// apis by the name in aws-sdk:NAME:operation.
var apis = map[string]api{
	"cloudformation": {sdk: "CloudFormation", facts: "cloudformation", attempts: true},
	"cloudwatch":     {sdk: "CloudWatch", facts: "cloudwatch", attempts: true},
	"cloudwatchlogs": {sdk: "CloudWatchLogs", facts: "logs", attempts: true},
	"codedeploy":     {sdk: "CodeDeploy", facts: "codedeploy", attempts: true},
	"iam":            {sdk: "Iam", facts: "iam", attempts: true},
	"lambda":         {sdk: "Lambda", facts: "lambda", legacy: "AWSLambda", prefix: "Lambda", attempts: true},
	"s3":             {sdk: "S3", facts: "s3"},
	"sfn":            {sdk: "Sfn", facts: "states", legacy: "AWSStepFunctions", prefix: "StepFunctions", attempts: true},
	"sqs":            {sdk: "Sqs", facts: "sqs", legacy: "AmazonSQS", prefix: "SQS", attempts: true},
	"sts":            {sdk: "Sts", facts: "sts", attempts: true},
}

const sdkPrefix = "aws-sdk:"

// actionName is an operation in a resource's ARN: listStateMachines.
func actionName(operation string) string {
	r, n := utf8.DecodeRuneInString(operation)
	return string(unicode.ToLower(r)) + operation[n:]
}

// memberName is a member in parameters and results. Step Functions takes the names from the Java SDK, which writes a leading
// acronym as a word: SsekmsKeyId for SSEKMSKeyId, Acl for ACL, but ETag and ChecksumCRC32 as they are.
func memberName(field string) string {
	field = strings.TrimSuffix(field, "_")
	runes := []rune(field)
	n := 0
	for n < len(runes) && unicode.IsUpper(runes[n]) {
		n++
	}
	if n < len(runes) && unicode.IsLower(runes[n]) {
		n-- // the last capital begins the next word
	}
	for i := 1; i < n; i++ {
		runes[i] = unicode.ToLower(runes[i])
	}
	return string(runes)
}
