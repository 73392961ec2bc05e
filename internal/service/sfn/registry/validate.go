package registry

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/asl"
)

// maxDiagnostics is how many diagnostics are answered unless fewer are asked for.
const maxDiagnostics = 100

// ValidateStateMachineDefinition tells all that is wrong with a definition, and on request what is doubtful.
func (r *Registry) ValidateStateMachineDefinition(_ context.Context, in *sfn.ValidateStateMachineDefinitionInput, _ ...func(*sfn.Options)) (*sfn.ValidateStateMachineDefinitionOutput, error) {
	definition := []byte(aws.ToString(in.Definition))
	m, found := asl.Validate(definition, languageOptions(in.Type)...)
	// What the platform lacks is an error too, since CreateStateMachine refuses it. Only what parsed is looked through.
	if m != nil && r.calls != nil {
		found = append(found, r.calls.CheckDefinition(definition)...)
	}
	out := &sfn.ValidateStateMachineDefinitionOutput{Result: types.ValidateStateMachineDefinitionResultCodeOk,
		Diagnostics: []types.ValidateStateMachineDefinitionDiagnostic{}, Truncated: aws.Bool(false)}
	limit := int(in.MaxResults)
	if limit == 0 {
		limit = maxDiagnostics
	}
	// The result counts all errors, the list is cut and, by default, without warnings.
	for _, d := range found {
		if d.Severity == asl.SeverityError {
			out.Result = types.ValidateStateMachineDefinitionResultCodeFail
		} else if in.Severity != types.ValidateStateMachineDefinitionSeverityWarning {
			continue
		}
		if len(out.Diagnostics) == limit {
			out.Truncated = aws.Bool(true)
			continue // a later one may be the error that makes the result FAIL
		}
		out.Diagnostics = append(out.Diagnostics, diagnostic(d))
	}
	return out, nil
}

// diagnostic is a finding in the form of the answer.
func diagnostic(d asl.Diagnostic) types.ValidateStateMachineDefinitionDiagnostic {
	return types.ValidateStateMachineDefinitionDiagnostic{Severity: types.ValidateStateMachineDefinitionSeverity(strings.ToUpper(d.Severity)),
		Code: aws.String(d.Code), Message: aws.String(d.Message), Location: optional(d.Location)}
}
