package source

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// readServers reads the servers of a document, path item or operation; none means that the next outer ones count.
func readServers(n node) []Server {
	var all []Server
	for _, item := range n.get("servers").items() {
		all = append(all, Server{Position: item.position(), URL: item.str("url"), Name: item.str("name"), Description: item.str("description"),
			Variables: readVariables(item.get("variables")), base: item.doc.base})
	}
	return all
}

func readVariables(variables node) []Variable {
	var all []Variable
	for name, v := range variables.members() {
		if target, err := v.load(); err == nil {
			v = target
		}
		all = append(all, Variable{Name: name.Value, Default: v.str("default"), Enum: v.get("enum").strings()})
	}
	return all
}

// Resolve fills the variables in and makes the URL absolute. values replace the defaults.
func (s Server) Resolve(values map[string]string) (string, error) {
	fail := func(hint, format string, args ...any) (string, error) {
		return "", &Error{Position: s.Position, Message: fmt.Sprintf(format, args...), Hint: hint}
	}
	text := s.URL
	for _, v := range s.Variables {
		value, given := values[v.Name]
		if !given {
			value = v.Default
		}
		if given && len(v.Enum) > 0 && !slices.Contains(v.Enum, value) {
			return fail("one of "+strings.Join(v.Enum, ", "), "the server variable %s cannot be %q", v.Name, value)
		}
		text = strings.ReplaceAll(text, "{"+v.Name+"}", value)
	}
	for name, value := range values { // of templates that forgot to declare them
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	if from := strings.IndexByte(text, '{'); from >= 0 {
		if to := strings.IndexByte(text[from:], '}'); to > 0 {
			return fail("give it, or the server's URL", "the server variable %s has no value", text[from:from+to+1])
		}
	}
	u, err := url.Parse(text)
	if err != nil {
		return fail("", "the server's URL %q: %v", text, err)
	}
	if u.Scheme == "" {
		base, err := url.Parse(s.base)
		if err != nil || base.Scheme == "" || base.Host == "" {
			return fail("give the server's URL (--server NAME=URL)", "the server %q is relative, and its description is not from a URL", s.URL)
		}
		u = base.ResolveReference(u)
	}
	if u.Host == "" {
		return fail("", "the server's URL %q has no host", text)
	}
	return u.String(), nil
}
