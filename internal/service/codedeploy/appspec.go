package codedeploy

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/headgate/headgate/internal/rollout"
	"github.com/headgate/headgate/internal/template/tree"
)

// appSpec is what an AppSpec of the Lambda platform says.
type appSpec struct {
	Resource       string                           `json:"resource"` // the entry's own name
	FunctionName   string                           `json:"functionName"`
	Alias          string                           `json:"alias"`
	CurrentVersion string                           `json:"currentVersion,omitempty"` // empty: whatever the alias points to
	TargetVersion  string                           `json:"targetVersion"`
	Hooks          map[rollout.LifecycleName]string `json:"hooks,omitempty"`
}

// specError is why a text is no AppSpec, with the place in it.
type specError struct {
	path, message string
	line, column  int
}

func (e *specError) Error() string {
	s := "The AppSpec file is not valid: " + e.message
	if e.path != "" {
		s += " (at " + e.path
		if e.line > 0 {
			s += fmt.Sprintf(", line %d, column %d", e.line, e.column)
		}
		return s + ")"
	}
	if e.line > 0 {
		s += fmt.Sprintf(" (line %d, column %d)", e.line, e.column)
	}
	return s
}

// wrong makes an error about node n, which path names in the document.
func wrong(n *tree.Node, path, format string, args ...any) *specError {
	e := &specError{path: path, message: fmt.Sprintf(format, args...)}
	if n != nil {
		e.line, e.column = n.Line, n.Column
	}
	return e
}

// parseAppSpec reads YAML or JSON. AWS's own pages disagree on the case of keys, on numbers against
// strings and on CurrentVersion being required (FACTS trap 13): all of that is taken. A key that it
// does not know is refused, since a misspelt hook would be a check that silently never runs.
func parseAppSpec(content []byte) (*appSpec, error) {
	doc, err := tree.Parse(content)
	if err != nil {
		var at *tree.Error
		if errors.As(err, &at) {
			message := strings.TrimPrefix(at.Message, "Template format error: ")
			return nil, &specError{path: at.Path, message: message, line: at.Line, column: at.Column}
		}
		return nil, &specError{message: err.Error()}
	}
	for _, w := range doc.Warnings { // a key that stands twice
		message, _, _ := strings.Cut(w.Message, ";") // that the last one counts does not hold here
		return nil, &specError{path: w.Path, message: message, line: w.Line, column: w.Column}
	}
	root, err := members(doc.Root, "", "version", "Resources", "Hooks")
	if err != nil {
		return nil, err
	}
	if err := checkVersion(root["version"]); err != nil {
		return nil, err
	}
	spec := &appSpec{}
	if err := spec.readResources(root["Resources"]); err != nil {
		return nil, err
	}
	return spec, spec.readHooks(root["Hooks"])
}

// members returns the members of map n by their names as given here, however they are spelt there.
// Any other member is an error.
func members(n *tree.Node, path string, names ...string) (map[string]*tree.Node, error) {
	if !n.Is(tree.Map) {
		return nil, wrong(n, path, "it must be a map of %s", strings.Join(names, ", "))
	}
	out := map[string]*tree.Node{}
	for _, p := range n.Pairs {
		name := ""
		for _, known := range names {
			if strings.EqualFold(known, p.Key) {
				name = known
			}
		}
		where := &tree.Node{Line: p.Line, Column: p.Column}
		if name == "" {
			return nil, wrong(where, join(path, p.Key), "%q is not one of %s", p.Key, strings.Join(names, ", "))
		}
		if _, twice := out[name]; twice {
			return nil, wrong(where, join(path, p.Key), "%s stands more than once", name)
		}
		out[name] = p.Value
	}
	return out, nil
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// absent tells a member that is not there or empty: "Hooks:" with nothing below it is no hook.
func absent(n *tree.Node) bool { return n == nil || n.Is(tree.Null) }

// checkVersion takes 0.0 as number or string, and its absence.
func checkVersion(n *tree.Node) error {
	if absent(n) {
		return nil
	}
	if f, err := strconv.ParseFloat(n.Text, 64); !n.Is(tree.String) && !n.Is(tree.Number) || err != nil || f != 0 {
		return wrong(n, "version", "the version must be 0.0")
	}
	return nil
}

// entries reads a list of maps of one member each, as AWS writes resources and hooks, or one map.
func entries(n *tree.Node, path string) ([]tree.Pair, error) {
	items := []*tree.Node{n}
	if n.Is(tree.List) {
		items = n.Items
	}
	var out []tree.Pair
	for _, item := range items {
		if !item.Is(tree.Map) {
			return nil, wrong(item, path, "%s must be a list of maps", path)
		}
		out = append(out, item.Pairs...)
	}
	return out, nil
}

// readResources reads the one entry that there may be; its own name is free.
func (s *appSpec) readResources(n *tree.Node) error {
	const path = "Resources"
	if absent(n) {
		return wrong(n, path, "Resources is missing")
	}
	all, err := entries(n, path)
	if err != nil {
		return err
	}
	if len(all) != 1 {
		return wrong(n, path, "an AppSpec deploys exactly one Lambda function version, not %d", len(all))
	}
	r := all[0]
	s.Resource = r.Key
	at := join(path, r.Key)
	m, err := members(r.Value, at, "Type", "Properties")
	if err != nil {
		return err
	}
	if !m["Type"].IsString("AWS::Lambda::Function") {
		return wrong(orElse(m["Type"], r.Value), join(at, "Type"), "the type must be AWS::Lambda::Function")
	}
	if absent(m["Properties"]) {
		return wrong(r.Value, join(at, "Properties"), "Properties is missing")
	}
	return s.readProperties(m["Properties"], join(at, "Properties"))
}

// readProperties reads which version of which function, and the alias to move.
func (s *appSpec) readProperties(n *tree.Node, at string) error {
	p, err := members(n, at, "Name", "Alias", "CurrentVersion", "TargetVersion")
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		to   *string
	}{{"Name", &s.FunctionName}, {"Alias", &s.Alias}} {
		v := p[f.name]
		if !v.Is(tree.String) || strings.TrimSpace(v.Text) == "" {
			return wrong(orElse(v, n), join(at, f.name), "%s must be a string that is not empty", f.name)
		}
		*f.to = v.Text
	}
	if s.TargetVersion, err = versionNumber(orElse(p["TargetVersion"], n), join(at, "TargetVersion")); err != nil {
		return err
	}
	if absent(p["CurrentVersion"]) {
		return nil
	}
	if s.CurrentVersion, err = versionNumber(p["CurrentVersion"], join(at, "CurrentVersion")); err != nil {
		return err
	}
	if s.CurrentVersion == s.TargetVersion {
		return wrong(p["TargetVersion"], join(at, "TargetVersion"), "TargetVersion is CurrentVersion: there is nothing to deploy")
	}
	return nil
}

var versionForm = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)

// versionNumber reads a published version: a positive integer, as number or string.
func versionNumber(n *tree.Node, path string) (string, error) {
	if !n.Is(tree.String) && !n.Is(tree.Number) || !versionForm.MatchString(n.Text) {
		return "", wrong(n, path, "it must be the number of a published version, such as \"1\"")
	}
	return n.Text, nil
}

// readHooks reads the functions that check the deployment. An empty one is refused, not skipped: a
// template variable without a value must not let a deployment through unchecked.
func (s *appSpec) readHooks(n *tree.Node) error {
	const path = "Hooks"
	if absent(n) {
		return nil
	}
	all, err := entries(n, path)
	if err != nil {
		return err
	}
	for _, h := range all {
		at := join(path, h.Key)
		where := &tree.Node{Line: h.Line, Column: h.Column}
		var event rollout.LifecycleName
		for _, known := range []rollout.LifecycleName{rollout.BeforeAllowTraffic, rollout.AfterAllowTraffic} {
			if strings.EqualFold(h.Key, string(known)) {
				event = known
			}
		}
		switch {
		case event == "":
			return wrong(where, at, "%q is not a lifecycle event hook of the Lambda platform: use BeforeAllowTraffic or AfterAllowTraffic", h.Key)
		case s.Hooks[event] != "":
			return wrong(where, at, "%s stands more than once", event)
		case !h.Value.Is(tree.String) || strings.TrimSpace(h.Value.Text) == "":
			return wrong(orElse(h.Value, where), at, "a hook must name a Lambda function: a string that is not empty")
		}
		if s.Hooks == nil {
			s.Hooks = map[rollout.LifecycleName]string{}
		}
		s.Hooks[event] = h.Value.Text
	}
	return nil
}

// orElse is the node to blame: the value, or what should have had it.
func orElse(n, other *tree.Node) *tree.Node {
	if n == nil {
		return other
	}
	return n
}
