package registry

import (
	"errors"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/asl"
)

// parse checks a definition as CreateStateMachine and UpdateStateMachine do, the platform's integrations included.
func (r *Registry) parse(definition string, kind types.StateMachineType) (*asl.StateMachine, error) {
	m, err := asl.Parse([]byte(definition), languageOptions(kind)...)
	if err != nil {
		return nil, invalidDefinition(definition, err)
	}
	// An integration that the platform lacks is refused now rather than when an execution reaches it.
	if r.calls != nil {
		if found := r.calls.CheckDefinition([]byte(definition)); len(found) > 0 {
			return nil, invalidDefinition(definition, &asl.DefinitionError{Diagnostics: found})
		}
	}
	return m, nil
}

// languageOptions are what a type of state machine asks of its definition. The zero type is STANDARD.
func languageOptions(kind types.StateMachineType) []asl.Option {
	if kind == types.StateMachineTypeExpress {
		return []asl.Option{asl.Express()}
	}
	return nil
}

// invalidDefinition words what is wrong with a definition.
func invalidDefinition(definition string, err error) error {
	var bad *asl.DefinitionError
	if !errors.As(err, &bad) {
		return err
	}
	if message := labelError(definition, bad.Diagnostics); message != "" {
		return &types.InvalidDefinition{Message: &message}
	}
	return &types.InvalidDefinition{Message: aws.String(bad.Error())}
}

// names of state machines and activities: no white space, brackets, wildcards, control or special characters. The
// length is the wire's to check.
var badName = regexp.MustCompile(`[\s<>{}\[\]?*"#%\\^|~` + "`" + `$&,;:/\x00-\x1f\x7f-\x{9f}\x{fffe}\x{ffff}\x{10ffff}]`)

// checkName refuses names that an ARN cannot hold.
func checkName(name string) error {
	if badName.MatchString(name) || strings.ContainsRune(name, '\uFFFD') {
		return &types.InvalidName{Message: text("Invalid Name: '%s'", name)}
	}
	return nil
}

var roleARN = regexp.MustCompile(`^arn:aws[a-zA-Z-]*:iam::\d{12}:role/[a-zA-Z_0-9+=,.@\-_/]+$`)

// checkRole refuses what is no role's ARN. Roles of other accounts are let through, and the role need not exist: what
// executions call is not guarded by it.
func checkRole(role string) error {
	if !roleARN.MatchString(role) {
		return &types.InvalidArn{Message: text("Invalid Role Arn: '%s'", role)}
	}
	return nil
}
