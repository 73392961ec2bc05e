// Package integration makes the calls that state machines ask for, and refuses the ones that the platform cannot make.
//
//	resource                               calls                          how (file)
//	arn:aws:lambda:…:function:…            the function                   function.go
//	arn:aws:states:::lambda:invoke         Lambda's Invoke                function.go
//	arn:aws:states:::aws-sdk:NAME:action   any operation of any service   run.go: by reflection, JSON ⇄ SDK structs
//	arn:aws:states:::sqs:sendMessage       SQS's SendMessage              run.go: the same, with metadata
//	arn:aws:states:::http:invoke           an HTTPS endpoint              http.go
//	arn:aws:states:::s3:getObject …        ItemReader, ResultWriter       items.go, results.go
//
// states:startExecution and activities are the execution engine's own; Check knows them.
//
// # One call
//
//	parameters ─▶ SDK input ─▶ constraints ─▶ pins ─▶ the service's method ─▶ result, in PascalCase
//	     │            │                                     ├─ error of the service ─▶ "S3.NoSuchKeyException", cause as AWS words it
//	     └────────────┴─▶ States.Runtime, Refused           └─ trouble of the platform ─▶ tried again, then the service's 500
//
// A call may run more than once, after a crash: its Key gives the request's id, idempotency tokens where a request has one, and
// the name of an execution that it starts, so that services which know a repeated request see that it is one.
//
// # Pins (pins.go, resolve.go)
//
// An execution whose state machine is tagged headgate:pin = exact calls the functions as they were when it began. Resolve finds
// what the definition names, those of the state machines that it starts included:
//
//	hello:7              stays
//	hello:live           the version that the alias leads to; where it has weights, the execution's ARN decides, once
//	hello, hello:$LATEST a version published of $LATEST now; Lambda answers the last version if nothing has changed since, so
//	                     that a thousand executions share one. It is an ordinary version, in the function's list, rather than a
//	                     hidden copy: what an execution runs can be looked at and invoked with any tool, and is kept by the same guard
//	                     (DeleteFunction) and goes by the same clean-up as every other version
//
// A function that only the execution's data name, and one that did not exist at the start, is pinned when it is first called
// (Call.Exact): Answer.Pinned tells, and must be kept for the calls that follow. So nothing is ever called unpinned by an
// execution that asked for pins; Unpinned lists beforehand where this will happen. Two first calls at the same moment may see
// two contents if the function is changed between them; what is recorded first counts from then on.
package integration
