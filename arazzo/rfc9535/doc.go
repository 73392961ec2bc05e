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
// draft-goessner-dispatch-jsonpath-00. Each use is remembered as a Leniency:
//
//	condition  $.State == "Active" as the whole text (Options.Condition)
//	length     $.items.length > 0, and after a filter the count of what it leaves
//	           (Options.Length, or Options.Draft)
//	script     $.items[(@.length-1)] (Options.Draft)
//	name       $.a-b without brackets (Options.Draft)
//	regexp     a pattern that RFC 9485 lacks: match and search are false for it
//
// # Values
//
// Numbers compare exactly, by their decimal spelling where 64 bits of float
// would not do: 12345678901234567890 and …891 differ, 1.0 and 1 do not. Strings
// compare by their characters, never by their numbers, and case counts: that
// "42" equals 42 is Arazzo's rule for simple conditions, not JSONPath's.
//
// # Functions
//
//	length(v)     characters of a string, elements, members; else Nothing  §2.4.4
//	count(nodes)  nodes, as often as they are selected                     §2.4.5
//	match(s, re)  all of s matches                                         §2.4.6
//	search(s, re) a part of s matches                                      §2.4.7
//	value(nodes)  the value of the only node; else Nothing                 §2.4.8
//
// A call with arguments of other types is an error of the text, which Parse
// reports, and never one of the data: evaluation fails only at MaxVisits.
//
// # Bounds
//
// Queries and data are taken from strangers. MaxText bounds the text, a limit
// of nesting the parser's stack, MaxVisits the evaluation; patterns are
// matched in time linear to the text (Go's regexp).
package rfc9535
