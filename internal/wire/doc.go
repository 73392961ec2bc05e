// Package wire serves AWS's protocols over the SDK's own input and output structs.
//
// A service is any value whose methods have the signatures of the SDK client's methods:
//
//	func (s *Service) UpdateAlias(ctx, *lambda.UpdateAliasInput, ...func(*lambda.Options)) (*lambda.UpdateAliasOutput, error)
//
// New finds them by reflection; there is no registration and no generated code. How the members
// travel is taken from the SDK's runtime schemas where it ships them (lambda, codedeploy, sfn,
// cloudwatch, cloudwatchlogs), else from the Go field names, which equal the wire names of the
// query services (cloudformation, iam, sts).
//
//	request ─► Call (protocol, operation) ─► body (bounded, gunzipped)
//	        ─► decode: rest bindings + JSON │ JSON │ query tree │ CBOR tree
//	        ─► member constraints ─► handler ─► encode, or the error in the protocol's shape
//
// A type is compiled once into a shape (see shape.go); requests only walk it.
//
// What answers when no handler does:
//   - an operation AWS has and the service lacks: code UnsupportedOperation, HTTP 501, which no
//     SDK retries, with a message that names it;
//   - an operation AWS does not have: UnknownOperationException (query: InvalidAction).
package wire
