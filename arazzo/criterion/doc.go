// Package criterion decides the conditions of the Arazzo Specification, and
// selects from and replaces in payloads by the same languages.
//
//	Criterion Object ── Compile ──► *Criterion ── Evaluate(env) ──► Result
//	selector, target ── CompileQuery ──► *Query ── Select, Replace
//
// # Simple conditions
//
// The operands are literals, runtime expressions (bare or in braces) and what
// '.' and '[ ]' lead to; the operators < <= > >= == != ! && || and ( ).
// Strings compare without regard to case. Null equals only null, and what is
// not set counts as null. A string that spells a number is compared as one
// with a number, and two such strings are ordered as numbers. The order of
// anything with null is false. A condition that cannot be evaluated fails.
//
// A condition that is no comparison passes if it is true. Beyond the
// specification, and not when Strict, the rest of JavaScript's truths pass as
// well: strings that are not empty, numbers but 0, arrays and objects.
//
// # Regular expressions
//
// The syntax is RE2's (Go's regexp), which is linear in the text. What ECMAScript
// has beyond it is refused by name: look-around, back references, and lazy or
// possessive forms that RE2 lacks. \uXXXX is understood.
//
// # JSONPath
//
// Package rfc9535; the draft draft-goessner-dispatch-jsonpath-00 is read with
// the same engine, which adds .length and [(@.length-1)]. Scripts in another
// language are refused.
//
// # XPath
//
// XPath 1.0 whole, and of 2.0 the functions lower-case, ends-with, matches,
// replace, reverse and string-join, and the value comparisons eq ne lt le gt
// ge. Other constructs of 2.0, 3.0 and 3.1 are refused by name.
//
// In regex, JSONPath and XPath conditions, {expression} is replaced by the
// value's text before the condition is read; within a JSONPath string quotes
// and backslashes of the value are escaped.
//
// # What counts as passed
//
//	simple       true; see above for what else does unless Strict
//	regex        a match anywhere in the context's text
//	jsonpath     a nodelist that is not empty, whatever the values: $.deleted passes for false and for null
//	xpath        XPath's effective boolean value: true, a number but 0, a text or a node-set that is not empty
//	jsonpointer  a value that is there
//
// A context that is null or not set fails in all of these but simple
// conditions, which may ask for just that: $response.header.X == null.
//
// # Leniencies
//
// The world writes conditions that the specification has no meaning for. They
// are read as they are meant, each with a Warning that names its rule (package
// arazzo lists the rules), and refused when Strict: Compile answers a
// *LeniencyError then, which 1.1 has the run take for a condition that fails,
// not for a document that cannot be run. A condition that has no reading at
// all is another error.
//
// # Bounds
//
// Documents are not trusted: the length and nesting of conditions, the length
// of patterns, the nodes of an XML document and the visits of a query are
// bounded.
package criterion
