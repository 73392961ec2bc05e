package source

import "fmt"

// readParameter reads a Parameter Object of OpenAPI 3.x.
func readParameter(item node) (*Parameter, error) {
	n, err := item.load()
	if err != nil {
		return nil, err
	}
	p := &Parameter{Name: n.str("name"), In: n.str("in")}
	if p.Name == "" {
		return nil, &Error{Position: n.position(), Message: "a parameter without a name"}
	}
	switch p.In {
	case "path", "query", "header", "cookie", "querystring":
	default:
		return nil, &Error{Position: n.position(), Message: fmt.Sprintf("the parameter %q is in %q", p.Name, p.In), Hint: "path, query, header, cookie or querystring"}
	}
	return p, p.read(n)
}

// readHeader reads a Header Object: a parameter whose name stands outside.
func readHeader(name string, item node) (*Parameter, error) {
	n, err := item.load()
	if err != nil {
		return nil, err
	}
	p := &Parameter{Name: name, In: "header"}
	return p, p.read(n)
}

// read fills in what parameters and headers have in common, with OpenAPI's defaults.
func (p *Parameter) read(n node) error {
	p.Position, p.Required, p.Deprecated = n.position(), n.isTrue("required"), n.isTrue("deprecated")
	p.AllowReserved, p.AllowEmpty = n.isTrue("allowReserved"), n.isTrue("allowEmptyValue")
	p.Schema, p.Style = schemaOf(n.get("schema")), n.str("style")
	if p.Style == "" {
		p.Style = defaultStyle(p.In)
	}
	explode, said := n.flag("explode")
	// "When style is form [cookie, 3.2], the default value is true. For all other styles, the default value is false"; a deepObject
	// means nothing without it.
	p.Explode = explode || !said && (p.Style == "form" || p.Style == "cookie" || p.Style == "deepObject")
	if !stylePermitted(p.In, p.Style) {
		return &Error{Position: n.get("style").position(), Message: fmt.Sprintf("the style %q does not exist in %s", p.Style, p.In)}
	}
	content, err := readContent(n.get("content"))
	if err != nil {
		return err
	}
	if len(content) > 0 {
		p.media = content[0]
		p.ContentType, p.Schema = content[0].Type, content[0].Schema
	}
	p.fillDefault()
	return nil
}

// fillDefault takes the schema's default or, where just one value is allowed, that one.
func (p *Parameter) fillDefault() {
	if p.Schema == nil {
		return
	}
	n, err := p.Schema.node.deref()
	if err != nil {
		return
	}
	if v := n.get("default"); v.ok() {
		p.Default, p.HasDefault = v.data(), true
	} else if v := n.get("const"); v.ok() {
		p.Default, p.HasDefault = v.data(), true
	} else if v := n.get("enum"); v.isList() && len(v.Content) == 1 && p.Required {
		p.Default, p.HasDefault = node{v.doc, v.Content[0]}.data(), true
	}
}

func defaultStyle(in string) string {
	switch in {
	case "path", "header":
		return "simple"
	}
	return "form"
}

// stylePermitted is OpenAPI's table of styles and places (spaceDelimited and its kin in cookies are undefined, not forbidden).
func stylePermitted(in, style string) bool {
	switch style {
	case "simple":
		return in == "path" || in == "header"
	case "label", "matrix":
		return in == "path"
	case "form":
		return in != "path" && in != "header"
	case "spaceDelimited", "pipeDelimited", "deepObject":
		return in == "query" || in == "cookie"
	case "cookie":
		return in == "cookie"
	}
	return false
}
