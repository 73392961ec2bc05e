package source

import "strings"

// readSchemes reads the schemes before anything asks for them.
func readSchemes(d *Description, schemes node, read func(name string, n node) *SecurityScheme) {
	for name, item := range schemes.members() {
		if n, err := item.load(); err == nil {
			d.index.schemes[name.Value] = read(name.Value, n)
		}
	}
}

func readScheme(name string, n node) *SecurityScheme {
	s := &SecurityScheme{
		Position: n.position(), Name: name, Type: n.str("type"), In: n.str("in"), Key: n.str("name"), Scheme: strings.ToLower(n.str("scheme")),
		BearerFormat: n.str("bearerFormat"), OpenIDConnectURL: absolute(n, n.str("openIdConnectUrl")), Extensions: n.extensions(),
	}
	for flow, f := range n.get("flows").members() {
		if s.Flows == nil {
			s.Flows = map[string]Flow{}
		}
		s.Flows[flow.Value] = readFlow(f)
	}
	return s
}

// readFlow makes the URLs absolute, as "relative to the description" demands of them.
func readFlow(n node) Flow {
	f := Flow{TokenURL: absolute(n, n.str("tokenUrl")), AuthorizationURL: absolute(n, n.str("authorizationUrl")), RefreshURL: absolute(n, n.str("refreshUrl"))}
	for _, member := range []string{"scopes", "availableScopes"} { // the latter: AsyncAPI 3.0
		for scope := range n.get(member).members() {
			f.Scopes = append(f.Scopes, scope.Value)
		}
	}
	return f
}

// absolute resolves a URL against a remote description; beside a local file it stays as it is.
func absolute(n node, ref string) string {
	if ref == "" || !isRemote(n.doc.base) {
		return ref
	}
	if location, fragment, err := resolveLocation(n.doc.base, ref); err == nil {
		if fragment != "" {
			location += "#" + fragment
		}
		return location
	}
	return ref
}

// readSecurity reads a list of alternatives. A name that the description does not define may be the URI of a scheme (3.2), else it
// stays without a scheme: whoever signs says so.
func readSecurity(d *Description, list node) Security {
	security := Security{}
	for _, item := range list.items() {
		var all Requirement
		for name, scopes := range item.members() {
			use := SchemeUse{Position: Position{File: item.doc.location, Line: name.Line, Column: name.Column}, Name: name.Value,
				Scheme: d.index.schemes[name.Value], Scopes: scopes.strings()}
			if use.Scheme == nil && strings.ContainsAny(name.Value, "#/") {
				if n, err := item.follow(name.Value); err == nil {
					use.Scheme = readScheme(name.Value, n)
				}
			}
			all = append(all, use)
		}
		security = append(security, all)
	}
	return security
}
