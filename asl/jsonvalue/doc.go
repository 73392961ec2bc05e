// Package jsonvalue holds JSON as Step Functions sees it: objects keep the order of their members, and numbers
// keep whether they were integers (1) or not (1.0), and all digits of big integers.
//
// A value is nil, bool, string, json.Number (what Decode reads), float64 or int64 (what functions compute),
// []any or *Object. Values are never changed once made: parts are shared freely.
package jsonvalue
