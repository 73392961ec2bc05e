// Package intrinsic evaluates the intrinsic functions of Amazon States Language: States.Format, States.Array,
// States.StringToJson and the others. Parse reads a call, in which arguments are paths, literals or further calls;
// Call.Eval computes it. One file per group of functions.
package intrinsic
