// Package eventfilter is the pattern language of event source mappings' FilterCriteria, a part of EventBridge's: a JSON document
// with the shape of an event, whose leaves are lists of what may stand there.
//
//	{"body": {"city": ["Bern", {"prefix": "San "}], "price": [{"numeric": [">", 10, "<=", 20]}]}}
//
// All fields must match, each by one condition of its list. Where the event has a list, one of its elements must match. Values
// are compared with their types; numbers in a list are compared as they are written (300 is not 300.0), those of "numeric" as
// numbers. "$or" holds alternatives of several fields.
//
// Conditions are those that Lambda documents: a value, null, prefix, suffix, equals-ignore-case, anything-but, numeric, exists.
// EventBridge's cidr and wildcard are none of them.
package eventfilter
