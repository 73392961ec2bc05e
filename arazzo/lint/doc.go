// Package lint finds what is wrong with an Arazzo document that is valid: paths that no response has,
// queries that no engine accepts, steps that are never reached, polls that never poll, and what is
// known of AWS Lambda's operations that a description does not tell. Every rule has an id, an
// explanation and a fix; what can be repaired without a doubt carries the edit that does it.
//
//	Document ──► workflows ──► steps ─┬─ operation  (from the source descriptions)
//	                                  ├─ conditions (parsed, folded for every status code)
//	                                  └─ flow       (what may follow, given those)
//	                                        │
//	                                    findings, sorted by place
//
// A description that cannot be read makes the rules that need it silent, with one exception: where a
// document speaks of AWS Lambda, a description of it that is built in takes its place.
package lint
