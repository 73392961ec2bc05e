package wire

import (
	"log/slog"
	"reflect"

	"github.com/aws/smithy-go"
)

// Protocol is one AWS protocol; a Config holds a set of them.
type Protocol uint8

// The protocols served. Which one a request speaks is told by its headers, see protocolOf.
const (
	RestJSON Protocol = 1 << iota
	AWSJSON
	Query
	CBOR
)

// DefaultMaxBody bounds a request body, in bytes, both as sent and after decompression. It holds
// a Lambda package of 50 MB in base64 with room to spare.
const DefaultMaxBody = 100 << 20

// Config describes an AWS service: what its clients send, and what the SDK knows of it. Lambda,
// CodeDeploy, StepFunctions, SQS, CloudWatch, Logs, CloudFormation, IAM and STS return ready ones.
type Config struct {
	Name      string   // AWS's short name, as in messages: "lambda"
	Signing   string   // service in the SigV4 credential scope
	Target    string   // X-Amz-Target prefix, also the service name of rpc-v2-cbor paths
	Protocols Protocol // set

	JSONVersion  string // of AWSJSON: "1.0" or "1.1"
	XMLNamespace string // of Query
	APIVersion   string // of Query: the Version parameter

	// Client is the SDK client's pointer type: its methods say which operations AWS has.
	Client reflect.Type
	// Operations holds the operations' own schemas, which carry the HTTP traits. A RestJSON
	// service needs one for each of its operations; the other protocols need none.
	Operations map[string]*smithy.Schema
	// Errors finds the schema of an error, if the SDK ships schemas for the service.
	Errors *smithy.TypeRegistry
	// Statuses are the HTTP statuses of error codes where there are no schemas. An error that
	// neither names is answered by its fault: 400 or 500.
	Statuses map[string]int
	// Names are the wire names that differ from the Go field's, by "Struct.Field", where there are
	// no schemas.
	Names map[string]string
	// Unions lists a pointer to each union member's struct, e.g. &types.XMemberY{}: reflection
	// cannot find the implementations of an interface.
	Unions []any

	// QueryCompatible adds the x-amzn-query-error header (aws.protocols#awsQueryCompatible).
	QueryCompatible bool
	// ValidationCode is the error code of a member that breaks a constraint; empty switches the
	// generic constraints off for services whose own exceptions say it.
	ValidationCode string

	MaxBody int64        // bytes; DefaultMaxBody if zero
	Log     *slog.Logger // slog.Default if nil; gets what clients must not see
}
