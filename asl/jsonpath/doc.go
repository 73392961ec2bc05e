// Package jsonpath evaluates JSONPath as Step Functions does, which is Jayway's dialect rather than RFC 9535:
// a definite path yields the value it leads to or an error, an indefinite one (wildcards, slices, filters, several
// indexes, deep scan) an array of what it found. Results keep the document's order.
//
//	$.store.book[0]['title']   members and indexes; [-1] counts from the end
//	$..price   $.book[*]       deep scan, wildcard
//	$.book[1:3]  [0,2]         slices and unions
//	$.book[?(@.price < 10)]    filters, with && || ! and =~ in nin subsetof anyof noneof contains size empty
//	$.book.length()            min max avg sum stddev length keys first last concat append
//
// A ReferencePath is the subset of paths that names one place: Set puts a value there.
package jsonpath
