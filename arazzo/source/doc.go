// Package source reads the API descriptions that an Arazzo document names (OpenAPI 3.0, 3.1 and 3.2, Swagger 2.0, AsyncAPI 2.6 and 3.0, in
// JSON or YAML), finds operations and channels in them, and turns an operation with arguments into an HTTP request.
//
//	Loader.Load ─► Description ─┬─ Operation(id), OperationAt(pointer) ─► Operation.Request ─► *http.Request
//	  (limits, origins,         │                                        Operation.ResponseSchema ─► Schema
//	   link-local refused)      └─ Channel(name), ChannelAt(pointer), AsyncOperation(id)
//
// Descriptions are read over YAML nodes, so that each thing knows its line and column, and lazily: a reference is followed when something
// asks for what is behind it, and a cycle is therefore no problem until somebody wants to unroll it. What is read is never trusted: the size,
// the depth, the aliases, the number of documents and the time are bounded, and no error is worse than an *Error with a position.
//
// A Description is safe for use by several goroutines. Values are plain data as encoding/json gives it with UseNumber.
package source
