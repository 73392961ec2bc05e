package wire

import (
	"net/http"
	"net/url"
	"strings"
)

// label is a part of the path that a URI template names.
type label struct{ name, value string }

// router finds the operation of a REST request. A literal segment wins over a label.
type router struct {
	root routeNode
}

// routeNode stands for the path up to one segment.
type routeNode struct {
	literal map[string]*routeNode
	label   *routeNode
	ends    []route
}

// route is an operation at the end of a path.
type route struct {
	method string
	names  []string   // of the labels, in order
	query  url.Values // literals that the query string must carry
	op     *operation
}

// add registers op under a Smithy URI template such as /2015-03-31/functions/{FunctionName}.
func (t *router) add(method, uri string, op *operation) {
	path, rawQuery, _ := strings.Cut(uri, "?")
	query, _ := url.ParseQuery(rawQuery) // from the SDK's own schemas
	rt := route{method: method, query: query, op: op}
	at := &t.root
	for seg := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if strings.HasPrefix(seg, "{") {
			rt.names = append(rt.names, strings.Trim(seg, "{+}"))
			if at.label == nil {
				at.label = &routeNode{}
			}
			at = at.label
			continue
		}
		next := at.literal[seg]
		if next == nil {
			next = &routeNode{}
			if at.literal == nil {
				at.literal = map[string]*routeNode{}
			}
			at.literal[seg] = next
		}
		at = next
	}
	at.ends = append(at.ends, rt)
}

// find returns the operation and its labels, unescaped; nil if no template matches.
func (t *router) find(r *http.Request) (*operation, []label) {
	var values [8]string
	rt, labels := t.root.find(r, strings.Trim(r.URL.EscapedPath(), "/"), values[:0])
	if rt == nil {
		return nil, nil
	}
	out := make([]label, len(rt.names))
	for i, name := range rt.names {
		v, err := url.PathUnescape(labels[i])
		if err != nil {
			return nil, nil
		}
		out[i] = label{name, v}
	}
	return rt.op, out
}

// find walks the segments left. Where a literal leads nowhere it comes back and tries the label.
func (n *routeNode) find(r *http.Request, path string, labels []string) (*route, []string) {
	if path == "" {
		return n.end(r), labels
	}
	seg, rest, _ := strings.Cut(path, "/")
	if next := n.literal[seg]; next != nil {
		if rt, l := next.find(r, rest, labels); rt != nil {
			return rt, l
		}
	}
	if n.label == nil || seg == "" {
		return nil, nil
	}
	return n.label.find(r, rest, append(labels, seg))
}

// end picks among the routes of one path: by method, and the one whose query literals match
// before one that has none.
func (n *routeNode) end(r *http.Request) *route {
	var found *route
	for i := range n.ends {
		rt := &n.ends[i]
		if rt.method != r.Method {
			continue
		}
		if len(rt.query) == 0 {
			if found == nil {
				found = rt
			}
		} else if rt.matches(r.URL.Query()) {
			return rt
		}
	}
	return found
}

// matches compares the query literals of a template such as /layers?find=LayerVersion.
func (rt *route) matches(q url.Values) bool {
	for k, want := range rt.query {
		if !q.Has(k) || want[0] != "" && q.Get(k) != want[0] {
			return false
		}
	}
	return true
}
