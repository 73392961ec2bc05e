package source

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// set is a description's documents: the one that was asked for and those that its references name. They are all read before anybody
// looks into them, so that looking needs neither a context nor a lock; what could not be read is an error of the reference, once it is
// followed.
type set struct {
	docs    map[string]*document // by location, and by $self
	ids     map[string]node      // schemas by their absolute $id
	anchors map[string]node      // by document or $id, and "#name"
	failed  map[string]error
	notes   []string
	budget  int // of values behind references that reading a description may still look at
}

// load fetches, reads and indexes a description.
func (l Loader) load(ctx context.Context, base Base, ref string, trusted bool) (*Description, error) {
	fetched, err := l.fetch(ctx, base, ref, trusted)
	if err != nil {
		return nil, err
	}
	return l.parse(ctx, fetched)
}

// parse reads a document, those that it refers to, and so on, each once; then the description.
func (l Loader) parse(ctx context.Context, fetched *Document) (*Description, error) {
	s := &set{docs: map[string]*document{}, ids: map[string]node{}, anchors: map[string]node{}, failed: map[string]error{}}
	limits := l.limits()
	s.budget = amplification * limits.Nodes
	root, err := s.read(fetched, limits)
	if err != nil {
		return nil, err
	}
	if fetched.Note != "" {
		s.notes = append(s.notes, fetched.Note)
	}
	queue := s.scan(root)
	for read := 1; len(queue) > 0; queue = queue[1:] {
		want := queue[0]
		if s.known(want.location) {
			continue
		}
		if read++; read > limits.Documents {
			s.failed[want.location] = fmt.Errorf("more than %d documents", limits.Documents)
			continue
		}
		// Each document is checked against the origin of the one that names it, so that a chain of them gains nothing.
		got, err := l.referenced(ctx, want)
		if err == nil {
			var doc *document
			if doc, err = s.read(got, limits); err == nil {
				s.docs[want.location] = doc
				queue = append(queue, s.scan(doc)...)
			}
		}
		if err != nil {
			s.failed[want.location] = err
		}
	}
	return describe(root)
}

// referenced fetches a document that a reference names, which needs a location to be relative to.
func (l Loader) referenced(ctx context.Context, want reference) (*Document, error) {
	if want.from.location == "" && !isRemote(want.location) && !hasScheme(want.location) {
		return nil, fmt.Errorf("%q is relative to a document without a location", want.location)
	}
	return l.get(ctx, want.location, origin(want.from.location), false)
}

func (s *set) known(location string) bool {
	_, id := s.ids[location]
	return id || s.docs[location] != nil || s.failed[location] != nil
}

// read enters a document under its location and, where it has one, its $self.
func (s *set) read(fetched *Document, limits Limits) (*document, error) {
	doc, err := readDocument(fetched.Location, fetched.Data, limits)
	if err != nil {
		return nil, err
	}
	doc.set = s
	s.notes = append(s.notes, doc.notes...)
	s.docs[doc.location] = doc
	if self := (node{doc, doc.root}).str("$self"); self != "" { // OpenAPI 3.2
		if base, _, err := resolveLocation(doc.location, self); err == nil {
			doc.base = base
			s.docs[base] = doc
		}
	}
	return doc, nil
}

// reference is a document that a document refers to.
type reference struct {
	from     *document
	location string
}

// scan collects a document's $id and $anchor names and what it refers to.
func (s *set) scan(doc *document) []reference {
	c := &scanner{set: s, doc: doc, seen: map[*yaml.Node]bool{}, asked: map[string]bool{}}
	doc.bases = map[*yaml.Node]string{}
	c.visit(doc.root, doc.base)
	return c.found
}

// scanner walks a document once, with the base URI that $id changes on the way.
type scanner struct {
	set   *set
	doc   *document
	seen  map[*yaml.Node]bool
	asked map[string]bool
	found []reference
}

func (c *scanner) visit(n *yaml.Node, base string) {
	if n.Kind == yaml.ScalarNode || c.seen[n] {
		return
	}
	c.seen[n] = true
	at := node{c.doc, n}
	if id := at.str("$id"); id != "" && n != c.doc.root {
		if absolute, fragment, err := resolveLocation(base, id); err == nil && fragment == "" {
			base = absolute
			if _, taken := c.set.ids[base]; !taken {
				c.set.ids[base] = at
			}
		}
	}
	for _, key := range [...]string{"$anchor", "$dynamicAnchor"} {
		if name := at.str(key); name != "" {
			c.set.anchors[base+"#"+name] = at
		}
	}
	if ref := at.str("$ref"); ref != "" {
		if base != c.doc.base {
			c.doc.bases[n] = base
		}
		if location, _, err := resolveLocation(base, ref); err == nil && location != base && location != c.doc.location && !c.asked[location] {
			c.asked[location] = true
			c.found = append(c.found, reference{c.doc, location})
		}
	}
	for i, child := range n.Content {
		if n.Kind == yaml.SequenceNode || i%2 == 1 {
			c.visit(child, base)
		}
	}
}

// amplification is how often, on average, each value may be read again through references: a thousand paths that refer to one list of a
// thousand parameters are a million parameters.
const amplification = 20

// load is deref while a description is read, within the budget.
func (n node) load() (node, error) {
	target, err := n.deref()
	if err != nil || target.Node == n.Node || !target.ok() {
		return target, err
	}
	s := n.doc.set
	if s.budget -= 1 + target.doc.sizes[target.Node]; s.budget < 0 {
		return node{}, &Error{Position: n.position(), Message: "references repeat too much"}
	}
	return target, nil
}

// maxHops bounds a chain of references, each of which is nothing but the next.
const maxHops = 64

// deref follows references until something that is none.
func (n node) deref() (node, error) {
	for range maxHops {
		ref := n.get("$ref")
		if !ref.isScalar() {
			return n, nil
		}
		target, err := n.follow(ref.Value)
		if err != nil {
			return node{}, &Error{Position: ref.position(), Message: fmt.Sprintf("the reference %q", ref.Value), Err: err}
		}
		n = target
	}
	return node{}, &Error{Position: n.position(), Message: "the reference leads back to itself"}
}

// follow finds what one reference in n means.
func (n node) follow(ref string) (node, error) {
	base := n.doc.base
	if b, under := n.doc.bases[n.Node]; under {
		base = b
	}
	location, fragment, err := resolveLocation(base, ref)
	if err != nil {
		return node{}, err
	}
	s := n.doc.set
	var root node
	switch target, isID := s.ids[location]; {
	case isID:
		root = target
	case location == n.doc.location || location == n.doc.base:
		root = node{n.doc, n.doc.root}
	case s.docs[location] != nil:
		root = node{s.docs[location], s.docs[location].root}
	case s.failed[location] != nil:
		return node{}, s.failed[location]
	default:
		return node{}, fmt.Errorf("no document %s was read", plain(location))
	}
	if fragment == "" {
		return root, nil
	}
	if !strings.HasPrefix(fragment, "/") && !strings.HasPrefix(fragment, "%2F") {
		if target, ok := s.anchors[location+"#"+fragment]; ok {
			return target, nil
		}
		return node{}, fmt.Errorf("no $anchor %q", fragment)
	}
	return root.at(fragment, 0)
}

// at walks a JSON pointer in a URL's fragment, through references where that is the only way.
func (n node) at(fragment string, hops int) (node, error) {
	tokens, err := pointerTokens(fragment)
	if err != nil {
		return node{}, err
	}
	for i, token := range tokens {
		next := n.step(token)
		if !next.ok() && n.get("$ref").isScalar() && hops < maxHops {
			ref := n.str("$ref")
			target, err := n.follow(ref)
			if err != nil {
				return node{}, err
			}
			n, hops = target, hops+1
			next = n.step(token)
		}
		if !next.ok() {
			return node{}, fmt.Errorf("nothing at %s", "/"+strings.Join(tokens[:i+1], "/"))
		}
		n = next
	}
	return n, nil
}

// step is a JSON pointer's: a key, or an index that is a plain number.
func (n node) step(token string) node {
	if n.isList() {
		if i, err := strconv.Atoi(token); err == nil && i >= 0 && i < len(n.Content) {
			return node{n.doc, n.Content[i]}
		}
		return node{}
	}
	return n.get(token)
}

// pointerTokens splits a JSON pointer that may be percent-encoded, as in a URL's fragment.
func pointerTokens(pointer string) ([]string, error) {
	if text, err := url.PathUnescape(pointer); err == nil {
		pointer = text
	}
	if pointer == "" {
		return nil, nil
	}
	if pointer[0] != '/' {
		return nil, fmt.Errorf("%q is no JSON pointer", pointer)
	}
	tokens := strings.Split(pointer[1:], "/")
	for i, t := range tokens {
		tokens[i] = strings.ReplaceAll(strings.ReplaceAll(t, "~1", "/"), "~0", "~")
	}
	return tokens, nil
}

// pointerOf joins tokens to a JSON pointer.
func pointerOf(tokens ...string) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteByte('/')
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll(t, "~", "~0"), "/", "~1"))
	}
	return b.String()
}
