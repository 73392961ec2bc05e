package criterion

import (
	"fmt"
	"mime"
	"strings"

	"github.com/antchfx/xmlquery"

	"github.com/headgate/headgate/arazzo/expression"
	"github.com/headgate/headgate/arazzo/rfc9535"
)

// Query is a compiled selector or target: JSONPath, XPath or a JSON pointer.
// It is safe for many goroutines.
type Query struct {
	text     string
	pointer  *expression.Pointer
	path     *rfc9535.Path
	xpath    *xpathQuery
	warnings []Warning
}

// CompileQuery reads a selector of the type jsonpath, xpath or jsonpointer.
func CompileQuery(kind, version, text string) (*Query, error) {
	l, err := languageOf(kind, version)
	if err != nil {
		return nil, err
	}
	q := &Query{text: text}
	switch l.kind {
	case kindJSONPath:
		options := rfc9535.Options{Length: true, Draft: l.version == Goessner}
		if q.path, err = rfc9535.ParseOptions(text, options); err == nil {
			q.warnings = pathWarnings(q.path, l.version)
		}
	case kindXPath:
		q.xpath, err = compileXPath(text, l.version)
	case kindJSONPointer:
		if fragment, is := strings.CutPrefix(text, "#"); is {
			q.warnings = []Warning{{"lenient-pointer-fragment", "a JSON pointer does not start with #", "write " + fragment}}
			text = fragment
		}
		q.pointer, err = expression.ParsePointer(text)
	default:
		return nil, fmt.Errorf("%q is no type of selector: jsonpath, xpath and jsonpointer are", kind)
	}
	if err != nil {
		return nil, err
	}
	return q, nil
}

// CompileTarget reads a replacement's target. Where kind is empty the media
// type decides: XPath for XML, otherwise a JSON pointer. A target that starts
// with $ is then taken as JSONPath, a leniency.
func CompileTarget(kind, version, text, contentType string) (*Query, error) {
	switch {
	case kind != "":
		return CompileQuery(kind, version, text)
	case isXML(contentType):
		return CompileQuery("xpath", "", text)
	case strings.HasPrefix(text, "$"):
		q, err := CompileQuery("jsonpath", "", text)
		if err == nil {
			q.warnings = append(q.warnings, Warning{"lenient-target-jsonpath", "without a targetSelectorType the target of JSON is a JSON pointer", "add targetSelectorType: jsonpath"})
		}
		return q, err
	}
	return CompileQuery("jsonpointer", "", text)
}

// isXML tells whether a media type's payload is XML: then a target without a type is an XPath, not a JSON pointer (Payload Replacement Object).
func isXML(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		media = strings.ToLower(strings.TrimSpace(contentType))
	}
	return media == "application/xml" || media == "text/xml" || strings.HasSuffix(media, "+xml")
}

// Warnings lists the leniencies that were needed.
func (q *Query) Warnings() []Warning { return q.warnings }

// String is the query as it was written.
func (q *Query) String() string { return q.text }

// Select answers what the query selects in v: for a JSON pointer, or a JSONPath
// that names one node, the value (Undefined for none); for another JSONPath an
// array. XPath reads text as XML: one node is answered as its text, many as an
// array of texts, none as Undefined; numbers and booleans keep their types.
func (q *Query) Select(v any) (any, error) {
	switch {
	case q.pointer != nil:
		return q.pointer.Get(structured(v)), nil
	case q.path != nil:
		return q.selectPath(structured(v))
	}
	doc, err := parseXML(v)
	if err != nil {
		return nil, err
	}
	selected, err := q.xpath.evaluate(doc)
	if err != nil {
		return nil, err
	}
	switch selected := selected.(type) {
	case float64:
		return numberOfFloat(selected), nil
	case []*xmlquery.Node:
		return texts(selected), nil
	default:
		return selected, nil
	}
}

// selectPath answers the one value of a singular query and the list of all values of another, so that $.a gives a and $.a[*] a list whatever
// the data is; a singular query that finds nothing is Undefined.
func (q *Query) selectPath(v any) (any, error) {
	if q.path.Singular() {
		selected, found, err := q.path.First(v)
		if err != nil || found {
			return selected, err
		}
		return expression.Undefined, nil
	}
	list, err := q.path.Select(v)
	if err != nil {
		return nil, err
	}
	if list == nil {
		list = []any{}
	}
	return list, nil
}

// texts answers the string values of nodes, see Select.
func texts(nodes []*xmlquery.Node) any {
	switch len(nodes) {
	case 0:
		return expression.Undefined
	case 1:
		return nodes[0].InnerText()
	}
	out := make([]any, len(nodes))
	for i, n := range nodes {
		out[i] = n.InnerText()
	}
	return out
}
