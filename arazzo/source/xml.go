package source

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"path"
	"strings"
)

// xml writes plain data as XML by the schema's xml hints. A string is XML already.
func (m *MediaType) xml(value any) ([]byte, error) {
	if text, ok := value.(string); ok {
		return []byte(text), nil
	}
	w := &xmlWriter{}
	root := m.Schema
	hint := xmlHint(root)
	name := hint.name
	if name == "" && root != nil {
		// "The name of the root element is that of the component."
		if ref := root.node.str("$ref"); ref != "" {
			name = path.Base(ref)
		}
	}
	if object, ok := value.(map[string]any); ok && name == "" && len(object) == 1 {
		for key, only := range object {
			name, value = key, only
			if root != nil {
				root, _ = root.member(key)
			}
		}
	}
	if name == "" {
		name = "root"
	}
	hint.name = name
	w.b.WriteString(xml.Header)
	w.element(hint, value, root, 0)
	return w.b.Bytes(), w.err
}

// hint is an XML Object.
type hint struct {
	name, namespace, prefix string
	attribute, wrapped      bool
	kind                    string // 3.2's nodeType: element, attribute, text, cdata, none
}

// xmlHint is the first XML Object of a schema and what it is made of.
func xmlHint(s *Schema) hint {
	var h hint
	if s == nil {
		return h
	}
	for _, n := range s.parts() {
		if x := n.get("xml"); x.isMap() {
			h = hint{x.str("name"), x.str("namespace"), x.str("prefix"), x.isTrue("attribute"), x.isTrue("wrapped"), x.str("nodeType")}
			h.attribute = h.attribute || h.kind == "attribute"
			return h
		}
	}
	return h
}

// xmlWriter writes elements and remembers the first thing that XML cannot hold.
type xmlWriter struct {
	b   bytes.Buffer
	err error
}

func (w *xmlWriter) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *xmlWriter) escape(text string) {
	if err := xml.EscapeText(&w.b, []byte(text)); err != nil {
		w.fail(err)
	}
}

// tag is a qualified name; a name that XML does not allow is an error rather than a broken document.
func (w *xmlWriter) tag(h hint) string {
	name := h.name
	if h.prefix != "" {
		name = h.prefix + ":" + name
	}
	for i, r := range name {
		letter := r == '_' || r == ':' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= 0x80
		if !letter && (i == 0 || r != '-' && r != '.' && (r < '0' || r > '9')) {
			w.fail(fmt.Errorf("%q is no name of an XML element", name))
			return "invalid"
		}
	}
	return name
}

// element writes one element: its attributes, then its children or its text.
func (w *xmlWriter) element(h hint, value any, schema *Schema, depth int) {
	if depth > 200 {
		w.fail(fmt.Errorf("nested deeper than 200 levels"))
		return
	}
	tag := w.tag(h)
	w.b.WriteString("<" + tag)
	if h.namespace != "" {
		declaration := "xmlns"
		if h.prefix != "" {
			declaration += ":" + h.prefix
		}
		w.b.WriteString(" " + declaration + `="`)
		w.escape(h.namespace)
		w.b.WriteString(`"`)
	}
	object, isObject := value.(map[string]any)
	if isObject {
		w.attributes(object, schema)
	}
	w.b.WriteString(">")
	if isObject {
		w.children(object, schema, depth)
	} else {
		w.content(value, schema, depth)
	}
	w.b.WriteString("</" + tag + ">")
}

func (w *xmlWriter) attributes(object map[string]any, schema *Schema) {
	for _, key := range orderedKeys(object, schema) {
		h := memberHint(schema, key)
		if !h.attribute || object[key] == nil {
			continue
		}
		text, err := textOf(object[key])
		if err != nil {
			w.fail(err)
		}
		w.b.WriteString(" " + w.tag(h) + `="`)
		w.escape(text)
		w.b.WriteString(`"`)
	}
}

// memberHint is the hint of a member, its name the member's where it has none.
func memberHint(schema *Schema, key string) hint {
	var h hint
	if schema != nil {
		if s, _ := schema.member(key); s != nil {
			h = xmlHint(s)
		}
	}
	if h.name == "" {
		h.name = key
	}
	return h
}

// children writes the members that are no attributes.
func (w *xmlWriter) children(object map[string]any, schema *Schema, depth int) {
	for _, key := range orderedKeys(object, schema) {
		h := memberHint(schema, key)
		value := object[key]
		if h.attribute || value == nil {
			continue
		}
		var s *Schema
		if schema != nil {
			s, _ = schema.member(key)
		}
		list, isList := value.([]any)
		switch {
		case isList && (h.wrapped || h.kind == "element"):
			w.b.WriteString("<" + w.tag(h) + ">")
			w.items(list, s, h.name, depth)
			w.b.WriteString("</" + w.tag(h) + ">")
		case isList:
			// Without a wrapper the array's own name means nothing; that of its items, else the member's, names each.
			w.items(list, s, key, depth)
		case h.kind == "text" || h.kind == "none":
			w.content(value, s, depth)
		case h.kind == "cdata":
			text, err := textOf(value)
			if err != nil {
				w.fail(err)
			}
			w.b.WriteString("<![CDATA[" + strings.ReplaceAll(text, "]]>", "]]]]><![CDATA[>") + "]]>")
		default:
			w.element(h, value, s, depth+1)
		}
	}
}

// items writes a list's members as elements of one name.
func (w *xmlWriter) items(list []any, schema *Schema, name string, depth int) {
	var item *Schema
	if schema != nil {
		item, _ = schema.member("0")
	}
	h := xmlHint(item)
	if h.name == "" {
		h.name = name
	}
	for _, value := range list {
		w.element(h, value, item, depth+1)
	}
}

func (w *xmlWriter) content(value any, schema *Schema, depth int) {
	switch v := value.(type) {
	case nil:
	case []any:
		w.items(v, schema, "item", depth)
	case map[string]any:
		w.children(v, schema, depth)
	default:
		text, err := textOf(v)
		if err != nil {
			w.fail(err)
		}
		w.escape(text)
	}
}
