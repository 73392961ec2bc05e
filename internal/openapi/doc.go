// Package openapi describes Headgate's Lambda operations as OpenAPI 3.1, for Arazzo documents and whoever else reads such descriptions.
//
// Nothing is written by hand: the description is made when it is first asked for, from the SDK's structs and schemas, as internal/wire
// reads them, so that it says exactly what is served:
//
//	service's operations ─► HTTP traits: method, path, status
//	                     ─► input's members by binding: path, query, headers, body
//	                     ─► output's members: headers, body; errors by their status
//
// Documents in the wild spell an operation UpdateFunctionCode or updateFunctionCode, Invoke or InvokeFunction (FACTS §0, trap 8), while
// OpenAPI wants one operationId for a path and method. The second spelling therefore stands under the same path with a fragment
// (/2015-03-31/functions/{FunctionName}/code#updateFunctionCode), which no HTTP client sends and which descriptions of AWS use
// for the same end; x-headgate-alias-of tells that it is no operation of its own.
package openapi
