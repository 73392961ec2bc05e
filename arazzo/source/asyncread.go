package source

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// readAsyncAPI reads AsyncAPI 2.x and 3.0 into the same things; 3.0's names are used.
func readAsyncAPI(d *Description, root node) {
	r := &asyncReader{d: d, root: root, servers: map[string]Server{}, byNode: map[*yaml.Node]*Channel{}}
	readSchemes(d, root.get("components").get("securitySchemes"), readAsyncScheme)
	r.readServers()
	for name, item := range root.get("channels").members() {
		n, err := item.load()
		if err != nil {
			continue
		}
		c := &Channel{Position: n.position(), Name: name.Value, Address: name.Value, Pointer: pointerOf("channels", name.Value), Bindings: bindings(n.get("bindings")), doc: d}
		if r.is3() {
			r.channel3(c, n)
		} else {
			r.channel2(c, n)
		}
		for key, p := range n.get("parameters").members() {
			c.Parameters = append(c.Parameters, readChannelParameter(key.Value, p))
		}
		r.byNode[n.Node] = c
		d.index.channels = append(d.index.channels, c)
	}
	if r.is3() {
		for name, item := range root.get("operations").members() {
			r.operation3(name.Value, item)
		}
	}
}

// asyncReader holds what the parts of an AsyncAPI description refer to by name or by node.
type asyncReader struct {
	d       *Description
	root    node
	servers map[string]Server
	order   []string
	byNode  map[*yaml.Node]*Channel
}

func (r *asyncReader) is3() bool { return versionIs(r.d.Version, "3.0") }

// readServers reads 2.x's url and 3.0's host and pathname into one URL; a scheme that is left out is the protocol's.
func (r *asyncReader) readServers() {
	for name, item := range r.root.get("servers").members() {
		n, err := item.load()
		if err != nil {
			continue
		}
		s := Server{Position: n.position(), Name: name.Value, Description: n.str("description"), URL: n.str("url"), Protocol: strings.ToLower(n.str("protocol")),
			Variables: readVariables(n.get("variables")), Bindings: bindings(n.get("bindings")), Security: r.security(n.get("security")), base: n.doc.base}
		if host := n.str("host"); host != "" { // 3.0
			s.URL = s.Protocol + "://" + host + n.str("pathname")
		} else if s.URL != "" && !strings.Contains(s.URL, "://") && s.Protocol != "" {
			s.URL = s.Protocol + "://" + s.URL
		}
		r.servers[name.Value] = s
		r.order = append(r.order, name.Value)
	}
}

// serversOf gives a channel's servers: names in 2.x, references in 3.0; all of them where it lists none.
func (r *asyncReader) serversOf(n node) []Server {
	names := r.order
	if list := n.get("servers"); list.isList() && len(list.Content) > 0 {
		names = nil
		for _, item := range list.items() {
			name := item.str("$ref")
			if item.isScalar() {
				name = item.Value
			}
			names = append(names, name[strings.LastIndexByte(name, '/')+1:])
		}
	}
	var all []Server
	for _, name := range names {
		if s, ok := r.servers[name]; ok {
			all = append(all, s)
		}
	}
	return all
}

// channel2 reads a channel of 2.x, whose operations stand in it.
func (r *asyncReader) channel2(c *Channel, n node) {
	c.Servers = r.serversOf(n)
	// 2.x speaks to clients: who may "publish" sends what the application receives.
	for _, kind := range [...][2]string{{"publish", "receive"}, {"subscribe", "send"}} {
		o := n.get(kind[0])
		if !o.isMap() {
			continue
		}
		op := &AsyncOperation{Position: o.position(), ID: o.str("operationId"), Action: kind[1], Pointer: c.Pointer + "/" + kind[0], Channel: c,
			Bindings: bindings(withTraits(o, "bindings")), Security: r.security(o.get("security"))}
		message := o.get("message")
		if target, err := message.load(); err == nil {
			if list := target.get("oneOf"); list.isList() {
				for _, item := range list.items() {
					op.addMessage(item, "")
				}
			} else if target.ok() {
				op.addMessage(message, "")
			}
		}
		c.Messages = append(c.Messages, op.Messages...)
		c.Operations = append(c.Operations, op)
		r.d.index.asyncOperations = append(r.d.index.asyncOperations, op)
	}
}

// channel3 reads a channel of 3.0, whose operations stand elsewhere. An address of null is one that is only known at run time.
func (r *asyncReader) channel3(c *Channel, n node) {
	c.Servers = r.serversOf(n)
	c.Address = n.str("address")
	for name, item := range n.get("messages").members() {
		if m := readMessage(item, name.Value); m != nil {
			c.Messages = append(c.Messages, m)
		}
	}
}

// operation3 reads an operation of 3.0; without messages of its own it has all of its channel's.
func (r *asyncReader) operation3(name string, item node) {
	n, err := item.load()
	if err != nil {
		return
	}
	op := &AsyncOperation{Position: n.position(), ID: name, Action: n.str("action"), Pointer: pointerOf("operations", name), Channel: r.channelOf(n.get("channel")),
		Bindings: bindings(withTraits(n, "bindings")), Security: r.security(withTraits(n, "security"))}
	if op.Channel != nil {
		op.Messages = op.Channel.Messages
		op.Channel.Operations = append(op.Channel.Operations, op)
	}
	if list := n.get("messages"); list.isList() {
		op.Messages = nil
		for _, m := range list.items() {
			op.addMessage(m, "")
		}
	}
	if reply, err := n.get("reply").load(); err == nil && reply.ok() {
		address, _ := reply.get("address").load()
		op.Reply = &Reply{Position: reply.position(), Channel: r.channelOf(reply.get("channel")), Address: address.str("location")}
		for _, m := range reply.get("messages").items() {
			if message := readMessage(m, ""); message != nil {
				op.Reply.Messages = append(op.Reply.Messages, message)
			}
		}
	}
	r.d.index.asyncOperations = append(r.d.index.asyncOperations, op)
}

// channelOf finds the channel that a reference means.
func (r *asyncReader) channelOf(ref node) *Channel {
	n, err := ref.load()
	if err != nil || !n.ok() {
		return nil
	}
	return r.byNode[n.Node]
}

func (o *AsyncOperation) addMessage(item node, name string) {
	if m := readMessage(item, name); m != nil {
		o.Messages = append(o.Messages, m)
	}
}

// readMessage reads a message; its name is its own, else its key or the reference's last word.
func readMessage(item node, name string) *Message {
	n, err := item.load()
	if err != nil || !n.isMap() {
		return nil
	}
	if ref := item.str("$ref"); name == "" && ref != "" {
		name = ref[strings.LastIndexByte(ref, '/')+1:]
	}
	if own := n.str("name"); own != "" && name == "" {
		name = own
	}
	m := &Message{Position: n.position(), Name: name, ContentType: n.str("contentType"), Headers: asyncSchema(withTraits(n, "headers")),
		Payload: asyncSchema(n.get("payload")), Bindings: bindings(withTraits(n, "bindings"))}
	if m.ContentType == "" {
		if t := withTraits(n, "contentType"); t.isScalar() {
			m.ContentType = t.Value
		} else if m.ContentType = (node{n.doc, n.doc.root}).str("defaultContentType"); m.ContentType == "" {
			m.ContentType = "application/json"
		}
	}
	if id, err := withTraits(n, "correlationId").load(); err == nil {
		m.CorrelationID = id.str("location")
	}
	return m
}

// asyncSchema is a schema, or 3.0's multi-format one where its format is JSON Schema's family.
func asyncSchema(n node) *Schema {
	if !n.ok() {
		return nil
	}
	target, err := n.load()
	if err != nil {
		return nil
	}
	if format := target.str("schemaFormat"); format != "" {
		if !strings.Contains(format, "schema+") && !strings.Contains(format, "asyncapi") && !strings.Contains(format, "openapi") {
			return nil
		}
		return schemaOf(target.get("schema"))
	}
	return schemaOf(n)
}

// withTraits is a member of n, else of the last of its traits that has it.
func withTraits(n node, key string) node {
	found := n.get(key)
	if found.ok() {
		return found
	}
	for _, trait := range n.get("traits").items() {
		if t, err := trait.load(); err == nil && t.get(key).ok() {
			found = t.get(key)
		}
	}
	return found
}

// bindings are plain data by protocol, a reference in place of one followed.
func bindings(n node) map[string]any {
	target, err := n.load()
	if err != nil || !target.isMap() {
		return nil
	}
	all := map[string]any{}
	for protocol, b := range target.members() {
		if b, err := b.load(); err == nil {
			all[protocol.Value] = b.data()
		}
	}
	return all
}

// readChannelParameter reads 3.0's members and, from its schema, 2.x's.
func readChannelParameter(name string, item node) ChannelParameter {
	n, err := item.load()
	if err != nil {
		n = item
	}
	p := ChannelParameter{Position: n.position(), Name: name, Default: n.str("default"), Enum: n.get("enum").strings(), Location: n.str("location")}
	if schema, err := n.get("schema").load(); err == nil && schema.ok() { // 2.x
		p.Default, p.Enum = schema.str("default"), schema.get("enum").strings()
	}
	return p
}

// security reads 2.x's lists of requirements and 3.0's lists of schemes, each an alternative.
func (r *asyncReader) security(list node) Security {
	var all Security
	for _, item := range list.items() {
		n, err := item.load()
		if err != nil {
			continue
		}
		if n.get("type").isScalar() {
			name := item.str("$ref")
			name = name[strings.LastIndexByte(name, '/')+1:]
			all = append(all, Requirement{{Position: item.position(), Name: name, Scheme: readAsyncScheme(name, n), Scopes: n.get("scopes").strings()}})
			continue
		}
		all = append(all, readSecurity(r.d, node{list.doc, list.Node})...)
		break
	}
	return all
}

// readAsyncScheme gives AsyncAPI's httpApiKey the name that HTTP's own descriptions use; its apiKey means a user name or password of
// a broker and keeps its place (user, password).
func readAsyncScheme(name string, n node) *SecurityScheme {
	s := readScheme(name, n)
	switch s.Type {
	case "httpApiKey":
		s.Type = "apiKey"
	case "X509":
		s.Type = "mutualTLS"
	}
	return s
}
