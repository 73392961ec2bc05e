// Package arazzo is the model of the Arazzo Specification, versions 1.0 and
// 1.1: workflows over the operations of OpenAPI and AsyncAPI descriptions.
//
// Parse reads YAML or JSON within bounds and answers a Document of which every
// object knows its line and column, together with what is wrong with the
// text. Validate then checks what the specification demands. Both answer
// Findings:
//
//	bytes ── Parse ──► Document + findings about form (keys, types, bounds)
//	Document ── Validate ──► findings about meaning (ids, references, criteria)
//
// By default documents are read as the world writes them: a departure that can
// be understood is a warning with the rule's id, and in Strict an error.
//
// A Document is immutable after Parse and may be shared by goroutines.
//
// # Leniencies
//
// What is read though the specification forbids it, by rule:
//
//	null-field                  a field without a value is absent
//	lenient-string              a number or boolean where text must stand, by its spelling
//	lenient-version             1.0 for 1.0.0
//	lenient-yaml-merge          YAML 1.1's merge key <<
//	ignored-field               an own field in a Reusable Object
//	field-of-1.1                what came with 1.1 in a document of 1.0
//	ambiguous-operation         a bare operationId though there are many sources
//	lenient-operation-path      operationPath or channelPath without braces, or by id
//	lenient-step-reference      $steps.a in dependsOn
//	lenient-parameter-body      a parameter in: body is a member of the request body
//	parameter-in-ignored        in, where parameters are a workflow's inputs
//	request-body-of-workflow    a request body where a workflow is called
//	output-no-expression        an output that is text
//	lenient-workflow-output     an output of a called workflow that the step does not declare
//	lenient-path                $response.body.a[0].b for $response.body#/a/0/b
//	lenient-headers             $response.headers.X
//	lenient-name                names that the grammar of 1.1 has not
//	lenient-whole-map           $inputs as a whole
//	lenient-workflow-steps      $workflows.w.steps.s.outputs.o
//	lenient-component-inputs    $components.inputs.a
//	lenient-context             a typed simple criterion of 1.0 without a context
//	lenient-untyped-jsonpath    $.State == 'Active' without type: jsonpath, or without a context as well
//	lenient-jsonpath-condition  $.State == "Active" as a JSONPath criterion
//	lenient-jsonpath-length     .length in JSONPath
//	lenient-jsonpath-regexp     a pattern that RFC 9485 lacks, which never matches
//	lenient-length              .length in a simple condition
//	lenient-double-quotes       "text" in a simple condition
//	lenient-bare-word           text without quotes in a simple condition
//	lenient-word-operator       and, or, === and !==
//	lenient-embedded-condition  {expression} in a condition of 1.0
//	lenient-regex-slashes       /pattern/flags
//	lenient-target-jsonpath     a replacement's target in JSONPath without its type
//	lenient-pointer-fragment    #/a for the JSON pointer /a
//	lenient-schema-reference    #/$defs/a, meaning the schema itself
//	action-target, action-parameters, retry-field, reusable-value, criteria-empty,
//	criterion-type              fields that have no meaning where they stand
package arazzo
