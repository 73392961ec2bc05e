package cloudformation

import (
	"regexp"
	"strings"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/id"
)

var validName = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]{0,127}$`)

func checkName(value, member string) error {
	if validName.MatchString(value) {
		return nil
	}
	return invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*", value, member)
}

func newStackID(c caller.Caller, name string) string {
	return arn.For(c, "cloudformation", "stack/"+name+"/"+id.Request())
}

func newChangeSetID(c caller.Caller, name string) string {
	return arn.For(c, "cloudformation", "changeSet/"+name+"/"+id.Request())
}

// stackNameOf takes the name out of a stack's id.
func stackNameOf(stackID string) string {
	_, rest, ok := strings.Cut(stackID, ":stack/")
	if !ok {
		return stackID
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// updatable tells whether a stack in this status can be updated.
func updatable(status string) bool {
	switch status {
	case "CREATE_COMPLETE", "CREATE_FAILED", "UPDATE_COMPLETE", "UPDATE_FAILED", "UPDATE_ROLLBACK_COMPLETE":
		return true
	}
	return false
}
