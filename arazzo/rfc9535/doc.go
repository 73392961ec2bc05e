// Package rfc9535 is JSONPath as RFC 9535 defines it: parser, evaluator and
// the functions length, count, match, search and value, with the regular
// expressions of RFC 9485.
//
//	text ── Parse ──► *Path ── Select ──► values
//	                       └── Nodes ───► values with normalized paths
//
// It works on data as encoding/json decodes it, best with UseNumber: numbers
// are then compared without loss. Members of an object are visited in the
// order of their names, so that results are the same each time.
//
// A Path is immutable and safe for many goroutines. An evaluation that visits
// more than MaxVisits nodes ends with ErrTooManyNodes: RFC 9535's nodelists
// may hold a node many times, and $..*..*..* grows without bound.
//
// ParseOptions opens what is no RFC 9535 but written in the world: a bare
// comparison in the place of a query, JavaScript's length, and the scripts of
// draft-goessner-dispatch-jsonpath-00. Each use is remembered as a Leniency.
package rfc9535
