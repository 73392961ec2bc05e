package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/headgate/headgate/hooks/lifecycle"
)

// settings come from the function's environment variables.
type settings struct {
	Method      string   // LH_METHOD
	Path        string   // LH_PATH
	Host        string   // LH_HOST
	Functions   []target // LH_FUNCTIONS: checked besides those of the AppSpec
	Concurrency int      // LH_CONCURRENCY: invocations at the same time
}

const defaultConcurrency = 10

// target is a function to be checked, at one qualifier.
type target struct {
	function  string // name or ARN, without qualifier
	qualifier string // version or alias; empty is $LATEST
	source    string // who named it: an AppSpec resource, or LH_FUNCTIONS
	err       error  // why it cannot be invoked at all
}

func readSettings(env func(string) string) (settings, error) {
	s := settings{
		Method:      cmp.Or(env("LH_METHOD"), "GET"),
		Path:        cmp.Or(env("LH_PATH"), "/healthcheck"),
		Host:        cmp.Or(env("LH_HOST"), "example.com"),
		Concurrency: defaultConcurrency,
	}
	if v := env("LH_CONCURRENCY"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return s, &lifecycle.Error{Code: "BadConfiguration", Message: fmt.Sprintf("LH_CONCURRENCY %q is not a positive number", v)}
		}
		s.Concurrency = n
	}
	names, err := functionList(env("LH_FUNCTIONS"))
	if err != nil {
		return s, err
	}
	for _, name := range names {
		t, err := parseFunction(name)
		if err != nil {
			return s, err
		}
		s.Functions = append(s.Functions, t)
	}
	return s, nil
}

// functionList splits a JSON list, or a list with commas or spaces between its names.
func functionList(v string) ([]string, error) {
	if !strings.HasPrefix(strings.TrimSpace(v), "[") {
		return strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) }), nil
	}
	var names []string
	if err := json.Unmarshal([]byte(v), &names); err != nil {
		return nil, &lifecycle.Error{Code: "BadConfiguration", Message: fmt.Sprintf("LH_FUNCTIONS is not a JSON list of names: %v", err)}
	}
	return names, nil
}

// functionName is Lambda's grammar: name, partial ARN (account:function:name) or ARN, each with
// an optional :version or :alias. Groups: all but the qualifier; the qualifier.
var functionName = regexp.MustCompile(`^((?:arn:aws[a-zA-Z-]*:lambda:[a-z0-9-]+:)?(?:\d{12}:)?(?:function:)?[a-zA-Z0-9-_.]+)(?::(\$LATEST|[a-zA-Z0-9-_]+))?$`)

func parseFunction(name string) (target, error) {
	m := functionName.FindStringSubmatch(name)
	if m == nil {
		return target{}, &lifecycle.Error{Code: "BadConfiguration", Message: fmt.Sprintf("LH_FUNCTIONS names %q, which is no function", name)}
	}
	return target{function: m[1], qualifier: m[2], source: "LH_FUNCTIONS"}, nil
}
