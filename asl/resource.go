package asl

import "strings"

// ResourceKind says who does a task.
type ResourceKind string

// Kinds of resource.
const (
	LambdaFunction ResourceKind = "lambda"   // arn:aws:lambda:…:function:…, called directly
	Activity       ResourceKind = "activity" // arn:aws:states:…:activity:…
	Service        ResourceKind = "service"  // arn:aws:states:::lambda:invoke and the like
)

// Pattern says when a service's task ends.
type Pattern string

// Patterns of integration.
const (
	RequestResponse  Pattern = ""
	Sync             Pattern = "sync"   // when the job has ended
	Sync2            Pattern = "sync:2" // the same, with JSON parsed in the answer
	WaitForTaskToken Pattern = "waitForTaskToken"
)

// Resource is a Task's resource, parsed.
type Resource struct {
	ARN     string       `json:"arn"`
	Kind    ResourceKind `json:"kind"`
	Service string       `json:"service,omitempty"` // lambda, or aws-sdk:s3
	Action  string       `json:"action,omitempty"`  // invoke
	Pattern Pattern      `json:"pattern,omitempty"`
}

// ParseResource reads a Task's Resource; ok is false if it is none that a task can have.
func ParseResource(arn string) (r Resource, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return Resource{}, false
	}
	r.ARN = arn
	switch {
	case parts[2] == "lambda" && strings.HasPrefix(parts[5], "function:"):
		r.Kind = LambdaFunction
		return r, true
	case parts[2] == "states" && strings.HasPrefix(parts[5], "activity:"):
		r.Kind = Activity
		return r, true
	case parts[2] != "states" || parts[3] != "" || parts[4] != "":
		return Resource{}, false
	}
	r.Kind = Service
	rest, pattern, _ := strings.Cut(parts[5], ".")
	switch r.Pattern = Pattern(pattern); r.Pattern {
	case RequestResponse, Sync, Sync2, WaitForTaskToken:
	default:
		return Resource{}, false
	}
	cut := strings.LastIndexByte(rest, ':')
	if cut <= 0 || cut == len(rest)-1 {
		return Resource{}, false
	}
	r.Service, r.Action = rest[:cut], rest[cut+1:]
	return r, true
}

// eventResource is what history events call the resource: the action with its pattern.
func (r Resource) eventResource() string {
	if r.Pattern != RequestResponse {
		return r.Action + "." + string(r.Pattern)
	}
	return r.Action
}

// limitName is how States.DataLimitExceeded names the task.
func (r Resource) limitName() string {
	if r.Kind == Service {
		return r.Service
	}
	return r.ARN
}
