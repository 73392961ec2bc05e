// Package expression reads and evaluates the runtime expressions of the
// Arazzo Specification, versions 1.0 and 1.1.
//
//	$url  $method  $statusCode  $self
//	$request.{header,query,path}.<name>     $request.body[#/pointer]
//	$response.{header,query,path}.<name>    $response.body[#/pointer]
//	$message.header.<name>                  $message.payload[#/pointer]
//	$inputs.<name>[#/pointer]               $outputs.<name>[#/pointer]
//	$steps.<id>.outputs.<name>[#/pointer]
//	$workflows.<id>.{inputs,outputs}.<name>[#/pointer]
//	$sourceDescriptions.<name>.<id or field>
//	$components.{parameters,successActions,failureActions}.<name>
//
// An expression is parsed once and is then safe for use by many goroutines.
// Its value keeps its type; what was never set is Undefined, which is not
// null. A Template is a string with expressions embedded in braces, or one
// that is an expression as a whole.
//
// Parse takes what documents in the wild write beyond the grammar, such as
// $response.body.items[0].id, and remembers each departure: Conforms tells
// them for the version of the specification that a document names.
package expression
