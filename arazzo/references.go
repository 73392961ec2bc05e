package arazzo

import (
	"fmt"
	"strings"

	"github.com/headgate/headgate/arazzo/expression"
)

// OperationReference is what a step's operationId names.
type OperationReference struct {
	Source string // name of the source description; "" where not said
	ID     string
}

// ParseOperationID reads <operationId> or
// $sourceDescriptions.<name>.<operationId>.
func ParseOperationID(s string) (OperationReference, error) {
	if !expression.IsExpression(s) {
		return OperationReference{ID: s}, nil
	}
	e, err := expression.Parse(s)
	if err != nil {
		return OperationReference{}, err
	}
	if e.Root != expression.RootSourceDescriptions {
		return OperationReference{}, fmt.Errorf("%q names no operation: write <operationId> or $sourceDescriptions.<name>.<operationId>", s)
	}
	return OperationReference{Source: e.Owner, ID: e.Name}, nil
}

// DescriptionPath is what a step's operationPath or channelPath names.
type DescriptionPath struct {
	Source  string
	Pointer *expression.Pointer // into the description; nil where ID is set
	// ID is set for the lenient $sourceDescriptions.<name>.<operationId>, and
	// for a name alone, without a Source.
	ID string
	// Lenient is set where the braces around the expression are missing, or
	// an ID stands in the place of a pointer.
	Lenient bool
}

// ParseDescriptionPath reads {$sourceDescriptions.<name>.url}#/<pointer>.
func ParseDescriptionPath(s string) (DescriptionPath, error) {
	const form = "write '{$sourceDescriptions.<name>.url}#/<json pointer>'"
	path := DescriptionPath{}
	if s != "" && !strings.ContainsAny(s, "$#{}/") {
		return DescriptionPath{ID: s, Lenient: true}, nil
	}
	where, pointer, hasPointer := strings.Cut(s, "#")
	if inner, braced := strings.CutPrefix(where, "{"); braced && strings.HasSuffix(inner, "}") {
		where = strings.TrimSuffix(inner, "}")
	} else {
		path.Lenient = true
	}
	e, err := expression.Parse(where)
	if err != nil {
		return path, fmt.Errorf("%q names no source description: %s", s, form)
	}
	if e.Root != expression.RootSourceDescriptions {
		return path, fmt.Errorf("%q does not start with a source description: %s", s, form)
	}
	path.Source = e.Owner
	switch {
	case !hasPointer && e.Name != "url":
		path.ID, path.Lenient = e.Name, true
		return path, nil
	case !hasPointer || pointer == "":
		return path, fmt.Errorf("%q has no JSON pointer: %s", s, form)
	case e.Name != "url":
		return path, fmt.Errorf("%q must use the field url of the source description: %s", s, form)
	}
	if path.Pointer, err = expression.ParsePointer(pointer); err != nil {
		return path, fmt.Errorf("%q: %w", s, err)
	}
	return path, nil
}
