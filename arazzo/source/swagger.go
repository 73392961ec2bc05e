package source

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// readSwagger reads Swagger 2.0 into the same things that 3.x gives.
func readSwagger(d *Description, root node) {
	readSchemes(d, root.get("securityDefinitions"), readSwaggerScheme)
	d.security = readSecurity(d, root.get("security"))
	for path, own := range root.get("paths").members() {
		if !strings.HasPrefix(path.Value, "/") {
			continue
		}
		item, err := own.load()
		if err != nil {
			readLost(d, path.Value, own, err)
			continue
		}
		for key, n := range item.members() {
			if isMethod(key.Value) && n.isMap() {
				op := newOperation(d, strings.ToUpper(key.Value), path.Value, pointerOf("paths", path.Value, key.Value), n)
				readSwaggerOperation(op, root, n, item.get("parameters"))
				d.index.operations = append(d.index.operations, op)
			}
		}
	}
}

// readSwaggerOperation sorts 2.0's parameters: body and formData become the body, in each of the types that the operation consumes.
func readSwaggerOperation(op *Operation, root, n, shared node) {
	op.Servers = swaggerServers(root, n)
	consumes, produces := swaggerTypes(root, n, "consumes"), swaggerTypes(root, n, "produces")
	at := map[string]int{}
	form := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, list := range []node{shared, n.get("parameters")} {
		for _, item := range list.items() {
			p, err := item.load()
			if err != nil {
				op.fail(err)
				continue
			}
			switch p.str("in") {
			case "body":
				op.Body = &RequestBody{Position: p.position(), Required: p.isTrue("required")}
				for _, t := range consumes {
					op.Body.Content = append(op.Body.Content, &MediaType{Position: p.position(), Type: t, Schema: schemaOf(p.get("schema"))})
				}
			case "formData":
				form.Line, form.Column = p.Line, p.Column
				form.Content = append(form.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: p.str("name")}, p.Node)
			default:
				q, err := readSwaggerParameter(p)
				op.fail(err)
				if err == nil {
					op.setParameter(q, at)
				}
			}
		}
	}
	if len(form.Content) > 0 {
		op.Body = swaggerForm(node{n.doc, form}, consumes)
	}
	for status, item := range n.get("responses").members() {
		r, err := item.load()
		if err != nil || strings.HasPrefix(status.Value, "x-") {
			continue
		}
		answer := &Response{Position: r.position(), Status: status.Value, Description: r.str("description")}
		for name, h := range r.get("headers").members() {
			answer.Headers = append(answer.Headers, &Parameter{Position: h.position(), Name: name.Value, In: "header", Style: "simple", Schema: schemaOf(h)})
		}
		if schema := schemaOf(r.get("schema")); schema != nil {
			for _, t := range produces {
				answer.Content = append(answer.Content, &MediaType{Position: r.position(), Type: t, Schema: schema})
			}
		}
		op.Responses = append(op.Responses, answer)
	}
}

// swaggerTypes are an operation's media types, else the document's, else JSON.
func swaggerTypes(root, n node, key string) []string {
	list := n.get(key)
	if !list.ok() {
		list = root.get(key)
	}
	if types := list.strings(); len(types) > 0 {
		return types
	}
	return []string{"application/json"}
}

// swaggerForm makes one body of the formData parameters: its schema's properties are the parameters themselves, which have the members
// of a schema (type, format, items, enum).
func swaggerForm(properties node, consumes []string) *RequestBody {
	text := func(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }
	schema := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: properties.Line, Column: properties.Column,
		Content: []*yaml.Node{text("type"), text("object"), text("properties"), properties.Node}}
	body := &RequestBody{Position: properties.position()}
	encoding, file := map[string]*Encoding{}, false
	for name, p := range properties.members() {
		body.Required = body.Required || p.isTrue("required")
		file = file || p.str("type") == "file"
		if p.str("type") == "array" {
			e := &Encoding{Position: p.position(), HasExplode: true}
			e.Style, e.Explode = swaggerStyle("query", p.str("collectionFormat"))
			encoding[name.Value] = e
		}
	}
	for _, t := range consumes {
		if base, _, _ := strings.Cut(t, ";"); base == "multipart/form-data" || base == "application/x-www-form-urlencoded" && !file {
			body.Content = append(body.Content, &MediaType{Type: t})
		}
	}
	if len(body.Content) == 0 {
		body.Content = []*MediaType{{Type: map[bool]string{true: "multipart/form-data", false: "application/x-www-form-urlencoded"}[file]}}
	}
	for _, m := range body.Content {
		m.Position, m.Schema, m.Encoding = properties.position(), schemaOf(node{properties.doc, schema}), encoding
	}
	return body
}

// readSwaggerParameter reads a parameter that is no body; its own members are its schema.
func readSwaggerParameter(n node) (*Parameter, error) {
	p := &Parameter{Position: n.position(), Name: n.str("name"), In: n.str("in"), Required: n.isTrue("required"), AllowEmpty: n.isTrue("allowEmptyValue"),
		CollectionFormat: n.str("collectionFormat"), Schema: schemaOf(n)}
	switch {
	case p.Name == "":
		return nil, &Error{Position: p.Position, Message: "a parameter without a name"}
	case p.In != "path" && p.In != "query" && p.In != "header":
		return nil, &Error{Position: p.Position, Message: "the parameter \"" + p.Name + "\" is in \"" + p.In + "\"", Hint: "path, query, header, body or formData"}
	}
	p.Style, p.Explode = swaggerStyle(p.In, p.CollectionFormat)
	p.fillDefault()
	return p, nil
}

// swaggerStyle translates collectionFormat; its default is csv. tsv has no style in 3.x and keeps its name.
func swaggerStyle(in, format string) (style string, explode bool) {
	if in != "query" {
		return "simple", false
	}
	switch format {
	case "multi":
		return "form", true
	case "ssv":
		return "spaceDelimited", false
	case "pipes":
		return "pipeDelimited", false
	case "tsv":
		return "tabDelimited", false
	}
	return "form", false
}

// swaggerServers are scheme, host and basePath; what is missing is that of the description itself.
func swaggerServers(root, n node) []Server {
	schemes := n.get("schemes").strings()
	if len(schemes) == 0 {
		schemes = root.get("schemes").strings()
	}
	host, path := root.str("host"), root.str("basePath")
	if path == "" {
		path = "/"
	}
	if host == "" {
		return []Server{{Position: root.position(), URL: path, base: root.doc.base}}
	}
	if len(schemes) == 0 {
		if isRemote(root.doc.base) {
			return []Server{{Position: root.get("host").position(), URL: "//" + host + path, base: root.doc.base}}
		}
		schemes = []string{"https"}
	}
	var all []Server
	for _, secure := range []bool{true, false} { // https first: what a caller takes who does not choose
		for _, scheme := range schemes {
			if (scheme == "https") == secure && (scheme == "https" || scheme == "http") {
				all = append(all, Server{Position: root.get("host").position(), URL: scheme + "://" + host + path, base: root.doc.base})
			}
		}
	}
	if len(all) == 0 {
		all = []Server{{Position: root.get("host").position(), URL: "https://" + host + path, base: root.doc.base}}
	}
	return all
}

// readSwaggerScheme gives 2.0's flows the names of 3.0.
func readSwaggerScheme(name string, n node) *SecurityScheme {
	s := &SecurityScheme{Position: n.position(), Name: name, Type: n.str("type"), In: n.str("in"), Key: n.str("name"), Extensions: n.extensions()}
	switch s.Type {
	case "basic":
		s.Type, s.Scheme = "http", "basic"
	case "oauth2":
		flow := map[string]string{"application": "clientCredentials", "accessCode": "authorizationCode", "password": "password", "implicit": "implicit"}[n.str("flow")]
		s.Flows = map[string]Flow{flow: readFlow(n)}
	}
	return s
}
