package criterion

import (
	"fmt"

	"github.com/headgate/headgate/arazzo/rfc9535"
)

// jsonpathMatcher decides by JSONPath: RFC 9535, or what the options of compileJSONPath let through beyond it.
type jsonpathMatcher struct{ path *rfc9535.Path }

// match passes for a nodelist that is not empty, whatever its values are.
func (m jsonpathMatcher) match(context any) (bool, string, error) {
	passed, err := m.path.Test(structured(context))
	switch {
	case err != nil:
		return false, "", err
	case passed:
		return true, "", nil
	case m.path.Condition():
		return false, fmt.Sprintf("%s does not hold", m.path), nil
	}
	if s, is := context.(string); is {
		return false, fmt.Sprintf("%s selects nothing: the context is text, not JSON: %s", m.path, show(s)), nil
	}
	return false, fmt.Sprintf("%s selects nothing", m.path), nil
}

// compileJSONPath reads a query with all leniencies; Compile refuses them in
// strict, since each is a warning.
func compileJSONPath(text, version string) (matcher, []Warning, error) {
	path, err := rfc9535.ParseOptions(text, rfc9535.Options{Condition: true, Length: true, Draft: version == Goessner})
	if err != nil {
		return nil, nil, err
	}
	return jsonpathMatcher{path}, pathWarnings(path, version), nil
}

// pathWarnings turns what the parser tolerated into warnings. The draft has
// .length and scripts itself.
func pathWarnings(path *rfc9535.Path, version string) []Warning {
	var out []Warning
	for _, l := range path.Leniencies() {
		if version == Goessner && (l.Rule == "length" || l.Rule == "script" || l.Rule == "name") {
			continue
		}
		out = append(out, Warning{"lenient-jsonpath-" + l.Rule, l.Message, l.Hint})
	}
	return out
}
