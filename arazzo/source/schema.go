package source

import (
	"mime"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Presence tells whether a schema allows a member.
type Presence int

// What a schema says of a member.
const (
	No    Presence = iota // the schema describes the value, and has no such member (an additional one may come, but nobody promised it)
	Maybe                 // the schema leaves it open: any value, additionalProperties, a reference that leads nowhere
	Yes                   // the schema names it
)

// String is the word.
func (p Presence) String() string { return [...]string{"no", "maybe", "yes"}[p] }

// Schema is a JSON Schema within a description; references are followed as they are met.
type Schema struct {
	node node
}

// Position is where the schema stands.
func (s *Schema) Position() Position { return s.node.position() }

// maxParts bounds how many schemas the combinators of one are followed into.
const maxParts = 200

// parts are the schemas that together say what a value is: the schema, what it refers to, and the members of its combinators.
func (s *Schema) parts() []node {
	var all []node
	var add func(n node)
	add = func(n node) {
		if len(all) >= maxParts || !n.ok() || slices.ContainsFunc(all, func(o node) bool { return o.Node == n.Node }) {
			return
		}
		all = append(all, n)
		if ref := n.get("$ref"); ref.isScalar() {
			if target, err := n.follow(ref.Value); err == nil {
				add(target)
			}
		}
		for _, key := range [...]string{"allOf", "anyOf", "oneOf"} {
			for _, member := range n.get(key).items() {
				add(member)
			}
		}
		add(n.get("then"))
		add(n.get("else"))
	}
	add(s.node)
	return all
}

// At follows a JSON pointer ("/Configuration/State") through properties, items and combinators. The schema is nil where nothing is
// known of the value; with Maybe it may be that of any additional member.
func (s *Schema) At(pointer string) (*Schema, Presence) {
	tokens, err := pointerTokens(strings.ReplaceAll(pointer, "%", "%25"))
	if err != nil {
		return nil, No
	}
	presence := Yes
	for _, token := range tokens {
		next, p := s.member(token)
		presence = min(presence, p)
		if p == No || next == nil {
			return nil, presence
		}
		s = next
	}
	return s, presence
}

// member finds what a schema says of one member. The best answer of all its parts counts.
func (s *Schema) member(token string) (*Schema, Presence) {
	var best *Schema
	presence, described := No, false
	take := func(n node, p Presence) {
		if p > presence || best == nil && p == presence {
			presence, best = p, schemaOf(n)
		}
	}
	for _, n := range s.parts() {
		if !n.isMap() {
			if n.isScalar() && n.Value == "true" {
				take(node{}, Maybe)
			}
			continue
		}
		if _, err := n.deref(); err != nil {
			take(node{}, Maybe)
		}
		if p := n.get("properties").get(token); p.ok() {
			take(p, Yes)
		}
		if _, err := strconv.Atoi(token); err == nil {
			s.element(n, token, take)
		}
		for pattern, p := range n.get("patternProperties").members() {
			if re, err := regexp.Compile(pattern.Value); err != nil || re.MatchString(token) {
				take(p, Maybe)
			}
		}
		additional := n.get("additionalProperties")
		if additional.isMap() || additional.isScalar() && additional.Value == "true" {
			take(additional, Maybe)
		}
		described = described || describes(n)
	}
	if presence == No && !described {
		return nil, Maybe
	}
	return best, presence
}

// element is the schema of an array's member.
func (s *Schema) element(n node, token string, take func(node, Presence)) {
	i, _ := strconv.Atoi(token)
	tuple := n.get("prefixItems")
	if !tuple.ok() && n.get("items").isList() { // 3.0's ancestor
		tuple = n.get("items")
	}
	if tuple.isList() && i < len(tuple.Content) {
		take(node{tuple.doc, tuple.Content[i]}, Yes)
	} else if items := n.get("items"); items.isMap() {
		take(items, Yes)
	} else if slices.Contains(n.get("type").strings(), "array") {
		take(node{}, Maybe)
	}
}

// describes tells whether a schema says what its value looks like, so that a member that it does not name is not there: it lists
// properties, or allows no object at all.
func describes(n node) bool {
	if n.get("properties").isMap() || n.get("items").ok() || n.get("enum").ok() || n.get("const").ok() {
		return true
	}
	if v, said := n.flag("additionalProperties"); said && !v {
		return true
	}
	types := n.get("type").strings()
	return len(types) > 0 && !slices.Contains(types, "object")
}

// Properties are the names of the members that the schema knows, those of allOf, anyOf and oneOf included, in the document's order.
func (s *Schema) Properties() []string {
	var names []string
	seen := map[string]bool{}
	for _, n := range s.parts() {
		for key := range n.get("properties").members() {
			if !seen[key.Value] {
				seen[key.Value] = true
				names = append(names, key.Value)
			}
		}
	}
	return names
}

// Required are the names of the members that must be there: those of anyOf and oneOf do not count.
func (s *Schema) Required() []string {
	var names []string
	known, parts := map[string]bool{}, 0
	var add func(n node)
	add = func(n node) {
		if parts++; parts > maxParts {
			return
		}
		for _, name := range n.get("required").strings() {
			if n.get("required").isList() && !known[name] {
				known[name] = true
				names = append(names, name)
			}
		}
		if ref := n.get("$ref"); ref.isScalar() {
			if target, err := n.follow(ref.Value); err == nil {
				add(target)
			}
		}
		for _, member := range n.get("allOf").items() {
			add(member)
		}
	}
	add(s.node)
	return names
}

// Types are the JSON types that it allows; empty: any.
func (s *Schema) Types() []string {
	var types []string
	for _, n := range s.parts() {
		here := n.get("type").strings()
		if len(here) > 0 && n.isTrue("nullable") { // 3.0
			here = append(slices.Clone(here), "null")
		}
		for _, t := range here {
			if !slices.Contains(types, t) {
				types = append(types, t)
			}
		}
	}
	return types
}

// Enum is the list of allowed values; nil: not limited.
func (s *Schema) Enum() []any {
	for _, n := range s.parts() {
		if v := n.get("const"); v.ok() {
			return []any{v.data()}
		}
		if v := n.get("enum"); v.isList() {
			list, _ := v.data().([]any)
			return list
		}
	}
	return nil
}

// keyword is the first text that a part of the schema gives for a key.
func (s *Schema) keyword(key string) string {
	if s == nil {
		return ""
	}
	for _, n := range s.parts() {
		if v := n.str(key); v != "" {
			return v
		}
	}
	return ""
}

// Response is the description's entry for a status: the exact one, else its range (2XX), else default, else nil.
func (o *Operation) Response(status int) *Response {
	code := strconv.Itoa(status)
	for _, want := range [...]string{code, code[:1] + "XX", "default"} {
		for _, r := range o.Responses {
			if strings.EqualFold(r.Status, want) {
				return r
			}
		}
	}
	return nil
}

// ResponseSchema is the schema of what the operation answers with this status and content type; nil where the description has none.
// An empty contentType takes JSON, else the first.
func (o *Operation) ResponseSchema(status int, contentType string) *Schema {
	r := o.Response(status)
	if r == nil {
		return nil
	}
	if m := mediaFor(r.Content, contentType); m != nil {
		return m.Schema
	}
	return nil
}

// mediaFor finds the most specific entry for a content type: the same, the same without parameters, a suffix's range, type/*, */*.
func mediaFor(content []*MediaType, contentType string) *MediaType {
	if contentType == "" {
		for _, m := range content {
			if isJSON(m.Type) {
				return m
			}
		}
		if len(content) > 0 {
			return content[0]
		}
		return nil
	}
	want := essence(contentType)
	major, _, _ := strings.Cut(want, "/")
	for _, match := range []func(string) bool{
		func(t string) bool { return strings.EqualFold(t, contentType) },
		func(t string) bool { return essence(t) == want },
		func(t string) bool { return essence(t) == major+"/*" },
		func(t string) bool { return essence(t) == "*/*" },
	} {
		for _, m := range content {
			if match(m.Type) {
				return m
			}
		}
	}
	return nil
}

// essence is a media type without its parameters, in lower case.
func essence(contentType string) string {
	if t, _, err := mime.ParseMediaType(contentType); err == nil {
		return t
	}
	t, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(t))
}

func isJSON(contentType string) bool {
	t := essence(contentType)
	return t == "application/json" || t == "text/json" || strings.HasSuffix(t, "+json") || strings.HasPrefix(t, "application/x-amz-json-")
}

func isXML(contentType string) bool {
	t := essence(contentType)
	return t == "application/xml" || t == "text/xml" || strings.HasSuffix(t, "+xml")
}
