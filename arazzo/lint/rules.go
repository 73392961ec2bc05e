package lint

import (
	"slices"

	"github.com/headgate/headgate/arazzo"
)

// Rule is one thing that lint looks for.
type Rule struct {
	ID       string
	Severity arazzo.Severity
	Title    string
	// Why explains what goes wrong at run time.
	Why string
	// Fixes tells that some findings of this rule carry edits.
	Fixes bool
}

const (
	bad     = arazzo.SeverityError
	suspect = arazzo.SeverityWarning
	note    = arazzo.SeverityInfo
)

// Rules lists all rules by id.
func Rules() []Rule {
	all := append(append(describedRules(), flowRules()...), lambdaRules()...)
	slices.SortFunc(all, func(a, b Rule) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return all
}

// describedRules compare the document with its source descriptions.
func describedRules() []Rule {
	return []Rule{
		{"source-unreadable", note, "A source description could not be read", "Nothing that depends on it can be checked.", false},
		{"source-unused", suspect, "A source description that no step uses", "It is loaded for nothing, and misleads the reader.", false},
		{"operation-unknown", bad, "The source has no such operation", "The step cannot be run.", false},
		{"operation-id-case", bad, "An operationId in other letter case than the source's", "operationIds are case-sensitive: the step cannot be run.", true},
		{"operation-id-alias", suspect, "An operationId that only some descriptions of this API use",
			"Descriptions of one API differ in their operationIds, which are case-sensitive. A document that uses another one's works until the description is replaced.", true},
		{"parameter-unknown", suspect, "The operation has no such parameter", "It is sent nevertheless, and most likely ignored.", false},
		{"parameter-missing", bad, "A required parameter is not given", "The request cannot be built, or is refused.", false},
		{"payload-member-unknown", suspect, "The operation's request body has no such member", "It is ignored or refused.", false},
		{"payload-member-missing", bad, "A required member of the request body is not given", "The request is refused.", false},
		{"payload-members-exclusive", suspect, "Members of a payload that exclude each other",
			"Members whose inputs are not given are left out, so that the request works with one set of inputs and is refused with another.", false},
		{"content-type-unknown", suspect, "The operation does not take this content type", "The request is refused.", false},
		{"status-mismatch", bad, "The step waits for a status code that the operation does not answer",
			"The step fails although the operation succeeded: it has taken effect, and what follows does not run.", true},
		{"response-path-unknown", bad, "An expression at a path that the response does not have", "The expression is never set.", true},
		{"response-body-none", bad, "An expression in the body of a response that has none", "The expression is never set.", false},
		{"response-header-unknown", note, "A response header that the description does not name", "It may never be set.", false},
	}
}

// flowRules look at conditions and at what follows from them.
func flowRules() []Rule {
	return []Rule{
		{"jsonpath-not-rfc9535", bad, "A condition of type jsonpath that is no RFC 9535 query",
			"JSONPath compares within filters only. Arazzo 1.0 does not say what an invalid query does, 1.1 says that the criterion fails: to the letter it never matches.", true},
		{"criterion-never-matches", bad, "A criterion that can never match", "What depends on it never happens.", false},
		{"criterion-always-matches", note, "A criterion that always matches", "It decides nothing.", false},
		{"action-unreachable", suspect, "An action after one that always matches", "Actions are tried in order: it is never reached.", false},
		{"success-falls-through", suspect, "None of the success actions may match",
			"The specification is silent on this. The reading that implementations share is to go on with the next step, so the workflow goes on as if the right action had matched.", false},
		{"step-unreachable", bad, "A step that no run comes to", "It never runs, and its outputs are never set.", false},
		{"output-never-set", bad, "An output that is never set", "Callers wait for it in vain.", false},
		{"output-unused", note, "A step's output that nothing uses", "It is computed for nothing.", false},
		{"step-output-early", bad, "An output of a step that cannot have run before", "The expression is not set when it is evaluated.", false},
		{"retry-never-fires", bad, "A retry that does not fire when it should",
			"The success criteria hold as soon as the operation answers, so a state that is not reached yet is a success: the step never polls.", false},
		{"retry-names-itself", suspect, "A retry that names its own step",
			"The step of a retry runs first, then the failed step is retried. Taken literally it runs twice for every attempt; a retry of the step itself needs no name.", true},
		{"retry-long", suspect, "A retry that may go on for more than an hour", "A run holds on to its caller that long.", false},
		{"retry-without-pause", suspect, "Many retries without a pause", "They are over within moments, and press a service that is in trouble.", false},
		{"timeout-missing", suspect, "A step that may wait for ever", "Without timeout a message that does not come holds the run up.", false},
		{"workflow-recursion", bad, "A workflow that calls itself", "The run does not end.", false},
		{"input-unknown", bad, "An input that the workflow does not declare", "It is never set.", false},
		{"input-unused", suspect, "An input that nothing uses", "Callers give it for nothing.", false},
		{"component-unused", suspect, "A component that nothing refers to", "It misleads the reader.", false},
		{"secret-in-plain-text", bad, "A secret in plain text", "Whoever can read the document has it.", false},
	}
}

// lambdaRules know what a description of AWS Lambda does not tell.
func lambdaRules() []Rule {
	return []Rule{
		{"lambda-path-prefix", bad, "Lambda's paths begin with a date", "The description leaves /2015-03-31 out: the requests reach nothing.", false},
		{"lambda-polls-state", bad, "State polled after an update",
			"During and after an update State stays Active; LastUpdateStatus tells, and until it is Successful invocations run the previous code. A failed update keeps the old code, with State Active.", false},
		{"lambda-update-not-awaited", suspect, "An update that nothing waits for", "Invocations run the previous code, and other changes are refused, until LastUpdateStatus is Successful.", false},
		{"lambda-function-error-unchecked", bad, "An invocation whose errors count as success",
			"Invoke answers 200 when the function fails, too: only the header X-Amz-Function-Error tells.", false},
	}
}
