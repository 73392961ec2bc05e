// Package jsonata is a native implementation of JSONata 2.x (https://docs.jsonata.org), the query and
// transformation language for JSON.
//
//	x, err := jsonata.Compile(`$sum(Account.Order.Product.(Price * Quantity))`)
//	v, err := x.Eval(ctx, input)
//
// An expression passes through these stages, each in the files named after it:
//
//	source → lexer → parser, forms → process, paths → eval, path, tuple, group, sort, call, transform → result
//	                 syntax tree      the tree that    what a node does                       ↑
//	                                  is evaluated                          library: string, pattern, regex,
//	                                                                        number, array, objects, datetime …
//
// # Values
//
// Eval works on what encoding/json makes (map[string]any, []any, string, float64, bool, nil) and on *Object, an
// object that keeps the order of its keys, as Decode makes it and object constructors do. A Go map has no order, so
// wherever order shows ($keys, $each, wildcards, $string) its keys are taken sorted. Numbers are float64 as in
// JavaScript; other Go numbers, json.Number and whatever encoding/json can marshal are converted on the way in.
// Plain turns a result into encoding/json's types, Marshal into JSON text.
//
// An expression that selects nothing gives Undefined{}, which is not null (nil). Undefined{} is also the way to
// evaluate without an input.
//
// Strings count in code points where the language says characters ($length, $substring, $pad) and in UTF-16 units
// where JavaScript shows through (match offsets, the order of strings, splitting by ""). A surrogate without its
// partner survives as a three-byte sequence and is written as an escape in JSON.
//
// # Sequences
//
// Inside the evaluator an array may be a sequence: the many values that one step of a path gave. A sequence of one
// value is that value, an empty one is undefined, and sequences of sequences are flat. The type list marks them.
// Steps that bind variables (@, #) or whose children look back (%) work on tuples: an item with its bindings.
//
// # Limits
//
// WithMaxDepth and WithTimeLimit end runaway expressions with U1001, a cancelled context ends them too. Ranges and
// arrays are bounded by WithMaxRange and strings by 64 MiB. A document that is evaluated often is best given to
// Prepare once, since Eval looks through its input and bindings for values to convert.
//
// # Differences from the JavaScript reference
//
//   - Regular expressions run on package regexp, in linear time. Backreferences and look-around are refused when
//     the expression is compiled, with S0303.
//   - The key order of an object is that of insertion; JavaScript puts keys that look like integers first.
//   - A partial application checks its arguments against the signature of the function it applies.
//   - A predicate after a function call on the right of ~> is applied rather than ignored.
package jsonata
