package sam

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Error lists all that is wrong with a template, worded as AWS's transform words it.
type Error struct {
	Causes []string // sorted by logical id, each cause once
}

// Error is the transform's own text.
func (e *Error) Error() string {
	return fmt.Sprintf("Invalid Serverless Application Specification document. Number of errors found: %d. %s",
		len(e.Causes), strings.Join(e.Causes, " "))
}

// problem is one cause; id sorts it.
type problem struct{ id, text string }

func (p *problem) Error() string { return p.text }

// resourceError says what is wrong with a resource.
func resourceError(id, format string, args ...any) error {
	return &problem{id, "Resource with id [" + id + "] is invalid. " + fmt.Sprintf(format, args...)}
}

// eventError says what is wrong with an event source; a function's events are wrapped once more.
func eventError(id, format string, args ...any) error {
	return &problem{id, "Event with id [" + id + "] is invalid. " + fmt.Sprintf(format, args...)}
}

// structureError says what is wrong with the template as a whole.
func structureError(format string, args ...any) error {
	return &problem{"", "Structure of the SAM template is invalid. " + fmt.Sprintf(format, args...)}
}

// problems collects causes.
type problems []*problem

func (p *problems) add(err error) {
	if err == nil {
		return
	}
	var one *problem
	if !errors.As(err, &one) {
		one = &problem{"", err.Error()}
	}
	for _, q := range *p {
		if q.text == one.text {
			return
		}
	}
	*p = append(*p, one)
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	sorted := slices.Clone(p)
	sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].id < sorted[j].id })
	e := &Error{}
	for _, q := range sorted {
		e.Causes = append(e.Causes, q.text)
	}
	return e
}

// pythonList writes names as Python prints a list of strings, which AWS's texts contain.
func pythonList(names []string) string {
	return "['" + strings.Join(names, "', '") + "']"
}
