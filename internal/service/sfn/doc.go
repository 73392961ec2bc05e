// Package sfn is Step Functions: state machines (registry), their executions (execution), and what those call
// (integration), made into one service.
package sfn
