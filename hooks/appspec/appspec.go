// Package appspec reads what a CodeDeploy deployment is about to ship: its AppSpec, from wherever
// the deployment's revision keeps it, and the Lambda functions that the AppSpec names.
//
// It is lenient where AWS's own pages disagree (FACTS §0.13): keys in any case, `version` as a
// number or a string, JSON or YAML, resources as a list or a map. It is strict about what a
// check depends on: a function's name and the version that is to receive traffic.
package appspec

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// LambdaFunction is the only resource type of the Lambda compute platform.
const LambdaFunction = "AWS::Lambda::Function"

// Spec is an AppSpec of the Lambda compute platform.
type Spec struct {
	Resources []Resource
	Hooks     map[string]string // lifecycle event → function name or ARN; keys as written
}

// Resource is one entry of the AppSpec's Resources. Err is set, and the function's members are
// not to be relied on, if the entry cannot be deployed: one bad entry hides none of the others.
type Resource struct {
	LogicalID      string
	Type           string
	Name           string // function name or ARN
	Alias          string
	CurrentVersion string // empty where the AppSpec leaves it out
	TargetVersion  string
	Err            error
}

// Error is why an AppSpec or a part of it cannot be used.
type Error struct {
	Code    string // InvalidAppSpec, UnsupportedResourceType, UnsupportedRevision, RevisionMissing
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// ErrorType names the error in Lambda's error payload.
func (e *Error) ErrorType() string { return e.Code }

func invalid(format string, args ...any) *Error {
	return &Error{Code: "InvalidAppSpec", Message: fmt.Sprintf(format, args...)}
}

// Parse reads an AppSpec from JSON or YAML text. Its error is an *Error.
func Parse(text []byte) (*Spec, error) {
	tree, err := decode(text)
	if err != nil {
		return nil, invalid("%v", err)
	}
	root, ok := tree.(map[string]any)
	if !ok {
		return nil, invalid("the AppSpec is not a mapping")
	}
	if err := checkVersion(root); err != nil {
		return nil, err
	}
	spec := &Spec{Hooks: map[string]string{}}
	entries, err := entries(root, "Resources")
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		return nil, invalid("the AppSpec has no Resources")
	}
	for _, e := range entries {
		spec.Resources = append(spec.Resources, resource(e))
	}
	hooks, err := hookEntries(root)
	if err != nil {
		return nil, err
	}
	for _, e := range hooks {
		name, ok := e.value.(string)
		if !ok {
			return nil, invalid("hook %s is not a function name", e.key)
		}
		spec.Hooks[e.key] = name
	}
	return spec, nil
}

func hookEntries(root map[string]any) ([]entry, error) {
	if v, err := member(root, "Hooks"); err != nil || v == nil {
		return nil, err
	}
	return entries(root, "Hooks")
}

// checkVersion accepts 0.0, as a number or as text, and an AppSpec that leaves it out.
func checkVersion(root map[string]any) error {
	v, err := member(root, "version")
	if err != nil || v == nil {
		return err
	}
	text, ok := v.(string)
	if n, err := strconv.ParseFloat(text, 64); !ok || err != nil || n != 0 {
		return invalid("version %v is not 0.0", v)
	}
	return nil
}

type entry struct {
	key   string
	value any
}

// entries lists root's member name: a list of mappings of one key each, as AWS writes it, or a
// single mapping.
func entries(root map[string]any, name string) ([]entry, error) {
	v, err := member(root, name)
	if err != nil {
		return nil, err
	}
	var maps []any
	switch v := v.(type) {
	case nil:
		return nil, nil
	case []any:
		maps = v
	case map[string]any:
		maps = []any{v}
	default:
		return nil, invalid("%s is neither a list nor a mapping", name)
	}
	var out []entry
	for _, m := range maps {
		m, ok := m.(map[string]any)
		if !ok {
			return nil, invalid("%s holds an entry that is not a mapping", name)
		}
		for _, key := range sortedKeys(m) {
			out = append(out, entry{key, m[key]})
		}
	}
	return out, nil
}

// versionText is what CodeDeploy takes for a version: $LATEST is no immutable version.
var versionText = regexp.MustCompile(`^[1-9][0-9]*$`)

func resource(e entry) (r Resource) {
	r.LogicalID = e.key
	body, ok := e.value.(map[string]any)
	if !ok {
		r.Err = invalid("resource %s is not a mapping", e.key)
		return r
	}
	if r.Type, r.Err = text(body, "Type", e.key); r.Err != nil {
		return r
	}
	if !strings.EqualFold(r.Type, LambdaFunction) {
		r.Err = &Error{Code: "UnsupportedResourceType",
			Message: fmt.Sprintf("resource %s has type %q; only %s can be checked", e.key, r.Type, LambdaFunction)}
		return r
	}
	v, err := member(body, "Properties")
	props, ok := v.(map[string]any)
	if err != nil || !ok {
		r.Err = invalid("resource %s has no Properties", e.key)
		return r
	}
	for name, to := range map[string]*string{
		"Name": &r.Name, "Alias": &r.Alias, "CurrentVersion": &r.CurrentVersion, "TargetVersion": &r.TargetVersion,
	} {
		if *to, err = text(props, name, e.key); err != nil {
			r.Err = err
			return r
		}
	}
	switch {
	case r.Name == "":
		r.Err = invalid("resource %s has no Name", e.key)
	case !versionText.MatchString(r.TargetVersion):
		r.Err = invalid("resource %s: TargetVersion %q is not a version number", e.key, r.TargetVersion)
	}
	return r
}

// text is m's member name as text; empty if it is not there.
func text(m map[string]any, name, owner string) (string, error) {
	v, err := member(m, name)
	if err != nil {
		return "", err
	}
	if v == nil {
		return "", nil
	}
	s, ok := v.(string)
	if !ok {
		return "", invalid("resource %s: %s is not a text", owner, name)
	}
	return strings.TrimSpace(s), nil
}

// member finds a key without regard to case. Two spellings of one key are an error, not a choice.
func member(m map[string]any, name string) (any, error) {
	var found []string
	for key := range m {
		if strings.EqualFold(key, name) {
			found = append(found, key)
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return m[found[0]], nil
	}
	slices.Sort(found)
	return nil, invalid("%s stands more than once: %s", name, strings.Join(found, ", "))
}
