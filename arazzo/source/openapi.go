package source

import (
	"strings"
)

// methods are the fixed members of a path item that are operations; query came with 3.2.
var methods = [...]string{"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"}

// readOpenAPI reads 3.0 to 3.2, which differ only in what they add.
func readOpenAPI(d *Description, root node) {
	readSchemes(d, root.get("components").get("securitySchemes"), readScheme)
	d.security = readSecurity(d, root.get("security"))
	servers := readServers(root)
	if len(servers) == 0 {
		// 3.x: "a Server Object with a url value of /".
		servers = []Server{{Position: root.position(), URL: "/", base: root.doc.base}}
	}
	for key, item := range root.get("paths").members() {
		if strings.HasPrefix(key.Value, "/") {
			readPathItem(d, key.Value, item, servers)
		}
	}
}

// readPathItem reads the operations of one path. Its own members stand beside a $ref (3.x leaves conflicts open: its own win).
func readPathItem(d *Description, path string, item node, servers []Server) {
	own := item
	target, err := item.load()
	if err != nil {
		readLost(d, path, item, err)
		return
	}
	if here := readServers(target); len(here) > 0 {
		servers = here
	}
	if here := readServers(own); len(here) > 0 {
		servers = here
	}
	shared := target.get("parameters")
	add := func(name string, op node, pointer string) {
		if op.isMap() {
			d.index.operations = append(d.index.operations, readOperation(d, name, path, pointer, op, shared, servers))
		}
	}
	for _, from := range pathItemNodes(own, target) {
		for key, op := range from.members() {
			if isMethod(key.Value) {
				add(strings.ToUpper(key.Value), op, pointerOf("paths", path, key.Value))
			}
		}
		for key, op := range from.get("additionalOperations").members() {
			add(key.Value, op, pointerOf("paths", path, "additionalOperations", key.Value))
		}
	}
}

// readLost stands for a path item that cannot be read, so that whoever asks for one of its operations learns why there is none; it may be
// any method.
func readLost(d *Description, path string, item node, err error) {
	for _, method := range methods {
		d.index.operations = append(d.index.operations, &Operation{Position: item.position(), Method: strings.ToUpper(method), Path: path,
			Pointer: pointerOf("paths", path, method), doc: d, err: err, unknown: true})
	}
}

// pathItemNodes are where the methods of a path item stand: in it, and in what it refers to.
func pathItemNodes(own, target node) []node {
	if own.Node == target.Node {
		return []node{own}
	}
	return []node{own, target}
}

func isMethod(key string) bool {
	for _, m := range methods {
		if m == key {
			return true
		}
	}
	return false
}

// newOperation reads what 2.0 and 3.x have in common.
func newOperation(d *Description, method, path, pointer string, n node) *Operation {
	op := &Operation{
		Position: n.position(), ID: n.str("operationId"), Method: method, Path: path, Pointer: pointer, Summary: n.str("summary"),
		Deprecated: n.isTrue("deprecated"), Extensions: n.extensions(), Security: d.security, doc: d,
		Aliases: n.get("x-headgate-operation-aliases").strings(),
	}
	if own := n.get("security"); own.ok() {
		op.Security = readSecurity(d, own)
	}
	return op
}

// readOperation reads an operation of 3.x. A part that cannot be read makes it unusable only if requests are made of it: a lost answer does not.
func readOperation(d *Description, method, path, pointer string, n, shared node, servers []Server) *Operation {
	op := newOperation(d, method, path, pointer, n)
	op.Servers = servers
	if here := readServers(n); len(here) > 0 {
		op.Servers = here
	}
	at := map[string]int{}
	for _, list := range []node{shared, n.get("parameters")} {
		for _, item := range list.items() {
			p, err := readParameter(item)
			if err != nil {
				op.fail(err)
				continue
			}
			op.setParameter(p, at)
		}
	}
	if body := n.get("requestBody"); body.ok() {
		b, err := body.load()
		op.fail(err)
		if err == nil {
			content, err := readContent(b.get("content"))
			op.fail(err)
			op.Body = &RequestBody{Position: b.position(), Required: b.isTrue("required"), Content: content}
		}
	}
	for status, item := range n.get("responses").members() {
		if strings.HasPrefix(status.Value, "x-") {
			continue
		}
		r, err := readResponse(status.Value, item)
		if err != nil {
			continue // nothing is sent by it; lint finds no schema
		}
		op.Responses = append(op.Responses, r)
	}
	return op
}

// fail remembers the first thing that makes the operation unusable.
func (o *Operation) fail(err error) {
	if err != nil && o.err == nil {
		o.err = err
	}
}

// setParameter adds a parameter, in place of the path's one of the same name and place. at are the places of those that are there.
func (o *Operation) setParameter(p *Parameter, at map[string]int) {
	key := p.In + " " + p.Name
	if p.In == "header" {
		key = strings.ToLower(key)
	}
	if i, twice := at[key]; twice {
		o.Parameters[i] = p
		return
	}
	at[key] = len(o.Parameters)
	o.Parameters = append(o.Parameters, p)
}

// sameName compares parameters' names: those of headers have no case.
func sameName(in, a, b string) bool {
	return a == b || in == "header" && strings.EqualFold(a, b)
}

func readResponse(status string, item node) (*Response, error) {
	n, err := item.load()
	if err != nil {
		return nil, err
	}
	r := &Response{Position: n.position(), Status: status, Description: n.str("description")}
	for name, h := range n.get("headers").members() {
		if p, err := readHeader(name.Value, h); err == nil {
			r.Headers = append(r.Headers, p)
		}
	}
	r.Content, err = readContent(n.get("content"))
	return r, err
}

// readContent reads a map of media types; 3.2 allows references in it.
func readContent(content node) ([]*MediaType, error) {
	var all []*MediaType
	for key, item := range content.members() {
		m, err := item.load()
		if err != nil {
			return all, err
		}
		media := &MediaType{Position: m.position(), Type: key.Value, Schema: schemaOf(m.get("schema"))}
		if media.Schema == nil { // 3.2: of each member of a sequence
			media.Item = schemaOf(m.get("itemSchema"))
		}
		for name, e := range m.get("encoding").members() {
			if media.Encoding == nil {
				media.Encoding = map[string]*Encoding{}
			}
			media.Encoding[name.Value] = readEncoding(e)
		}
		all = append(all, media)
	}
	return all, nil
}

// readEncoding reads an Encoding Object. Its style counts only where one of style, explode and allowReserved is written.
func readEncoding(n node) *Encoding {
	e := &Encoding{Position: n.position(), ContentType: n.str("contentType"), Style: n.str("style"), AllowReserved: n.isTrue("allowReserved")}
	e.Explode, e.HasExplode = n.flag("explode")
	if !e.HasExplode {
		e.Explode = e.Style == "" || e.Style == "form"
	}
	for name, h := range n.get("headers").members() {
		if p, err := readHeader(name.Value, h); err == nil {
			e.Headers = append(e.Headers, p)
		}
	}
	return e
}

// schemaOf wraps a schema's node; nil where there is none.
func schemaOf(n node) *Schema {
	if !n.ok() {
		return nil
	}
	return &Schema{node: n}
}
