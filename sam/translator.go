package sam

import (
	"regexp"
	"slices"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// translator is one translation.
type translator struct {
	options  Options
	root     *tree.Node
	source   *tree.Node // Resources as they came, globals merged: what expansions look others up in
	values   values
	rewriter *rewriter
	deploys  *deployments
	orders   settledOrders
	python   bool                 // what is listed below has Python's order: there is a REST API, whose hash depends on it
	managed  map[string]bool      // REST APIs whose document the transform writes
	deployed map[string]string    // REST API → names of the functions that answer for it
	shared   *sharedUsagePlan     // of all APIs that share theirs
	zones    map[string]*resource // record sets by logical id: APIs of one zone share them
	problems problems
	expanded map[string][]*resource // by the logical id they came from
}

func newTranslator(root *tree.Node, o Options) *translator {
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.Partition == "" {
		o.Partition = partitionOf(o.Region)
	}
	t := &translator{options: o, root: root, rewriter: newRewriter(), expanded: map[string][]*resource{},
		orders: settledOrders{}, managed: map[string]bool{}, deployed: map[string]string{}, shared: &sharedUsagePlan{}, zones: map[string]*resource{}}
	t.deploys = &deployments{t: t}
	return t
}

var logicalID = regexp.MustCompile(`^[A-Za-z0-9]+$`)

func (t *translator) run() (*tree.Node, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	t.apis(restKind)
	t.apis(httpKind)
	if len(t.problems) > 0 {
		return nil, t.problems.err()
	}
	if err := mergeGlobals(t.root); err != nil {
		t.problems.add(err)
		return nil, t.problems.err()
	}
	t.openAPIs()
	t.source = t.root.Get("Resources")
	t.values = newValues(t.root, t.options)
	if t.checkResources(); len(t.problems) > 0 {
		return nil, t.problems.err()
	}
	for _, p := range t.order() {
		t.expand(p)
	}
	extra := t.deploys.resources()
	if err := t.problems.err(); err != nil {
		return nil, err
	}
	t.assemble(extra)
	t.root.Delete("Transform")
	t.rewriter.walk(t.root)
	return t.root, nil
}

// check tests what the transform tests before it looks at any resource.
func (t *translator) check() error {
	r := t.root.Get("Resources")
	if !r.Is(tree.Map) || len(r.Pairs) == 0 {
		t.problems.add(structureError("'Resources' section is required"))
		return t.problems.err()
	}
	for _, p := range r.Pairs {
		if !p.Value.Is(tree.Map) {
			t.problems.add(structureError("All 'Resources' must be Objects. If you're using YAML, this may be an indentation issue."))
			return t.problems.err()
		}
	}
	return nil
}

func (t *translator) checkResources() {
	for _, p := range t.source.Pairs {
		if p.Value.Has("Connectors") {
			t.problems.add(resourceError(p.Key, "Connectors are not supported yet."))
		}
		if !isServerless(p.Value) {
			continue
		}
		if props := p.Value.Get("Properties"); p.Value.Has("Properties") && !props.Is(tree.Map) {
			t.problems.add(resourceError(p.Key, "Attribute 'Properties' should be a map."))
		}
	}
}

func isServerless(r *tree.Node) bool {
	return strings.HasPrefix(r.Get("Type").Str(), "AWS::Serverless::")
}

// order lists the resources to expand: those that make things for others come first.
func (t *translator) order() []tree.Pair {
	var order []tree.Pair
	pick := func(want func(string) bool) {
		for _, p := range t.listed(t.source) {
			if isServerless(p.Value) && want(strings.TrimPrefix(p.Value.Get("Type").Text, "AWS::Serverless::")) {
				order = append(order, p)
			}
		}
	}
	first := []string{"Function", "StateMachine", "Api", "HttpApi", "WebSocketApi"}
	pick(func(s string) bool { return s == "Function" })
	pick(func(s string) bool { return s == "StateMachine" })
	pick(func(s string) bool { return strings.HasSuffix(s, "Api") })
	pick(func(s string) bool { return !slices.Contains(first, s) })
	return order
}

// listed are members in the order in which the transform goes through them.
func (t *translator) listed(n *tree.Node) []tree.Pair { return t.listedPairs(pairsOf(n)) }

func (t *translator) listedPairs(pairs []tree.Pair) []tree.Pair {
	if t.python {
		return pythonOrder(pairs)
	}
	return pairs
}

// expand turns one resource into CloudFormation's.
func (t *translator) expand(p tree.Pair) {
	b := base{t: t, id: p.Key, node: p.Value, typ: p.Value.Get("Type").Text, props: present(p.Value.Get("Properties"))}
	if b.props == nil {
		b.props = tree.NewMap().At(p.Value)
	}
	var out []*resource
	err := b.check()
	if err == nil {
		switch b.typ {
		case "AWS::Serverless::Function":
			out, err = (&function{base: b}).expand()
		case "AWS::Serverless::Api":
			out, err = (&restAPI{base: b}).expand()
		case "AWS::Serverless::HttpApi":
			out, err = (&httpAPI{base: b}).expand()
		case "AWS::Serverless::SimpleTable":
			out, err = b.expandTable()
		case "AWS::Serverless::LayerVersion":
			out, err = b.expandLayer()
		case "AWS::Serverless::WebSocketApi":
			out, err = (&webSocketAPI{httpAPI: httpAPI{base: b}}).expand()
		case "AWS::Serverless::CapacityProvider":
			out, err = b.expandCapacityProvider()
		case "AWS::Serverless::StateMachine":
			out, err = (&stateMachine{base: b}).expand()
		default:
			err = resourceError(b.id, "Resources of type %s are not supported yet.", b.typ)
		}
	}
	if err != nil {
		t.problems.add(err)
		return
	}
	for _, r := range out {
		if other := t.source.Get(r.id); other != nil && r.id != p.Key && !r.mayReplace(other) {
			t.problems.add(&problem{p.Key, "Transforming resource with id [" + p.Key + "] attempts to create a new resource with id [" + r.id +
				`] and type "` + r.typ + `". A resource with that id already exists within this template. Please use a different id for that resource.`})
			return
		}
	}
	if meta := p.Value.Get("Metadata"); meta != nil && t.options.PassthroughMetadata {
		for _, r := range out {
			r.attributes.Set("Metadata", meta.Clone())
		}
	}
	t.expanded[p.Key] = out
}

// assemble puts what was expanded where its source stood, and extra at the end.
func (t *translator) assemble(extra []*resource) {
	all := &tree.Node{Kind: tree.Map, Line: t.source.Line, Column: t.source.Column}
	replaced := map[string]*tree.Node{}
	for _, rs := range t.expanded {
		for _, r := range rs {
			if t.source.Has(r.id) {
				replaced[r.id] = r.node()
			}
		}
	}
	for _, p := range t.source.Pairs {
		rs, was := t.expanded[p.Key]
		if n := replaced[p.Key]; n != nil {
			all.Pairs = append(all.Pairs, tree.Pair{Key: p.Key, Value: n.At(p.Value), Line: p.Line, Column: p.Column})
		} else if !was {
			all.Pairs = append(all.Pairs, p)
		}
		for _, r := range rs {
			if replaced[r.id] == nil {
				all.Set(r.id, r.node().At(p.Value))
			}
		}
	}
	for _, r := range extra {
		all.Set(r.id, r.node())
	}
	t.root.Set("Resources", all)
}

// base is what all types share.
type base struct {
	t     *translator
	id    string
	typ   string
	node  *tree.Node
	props *tree.Node
}

func (b *base) check() error {
	if !logicalID.MatchString(b.id) || b.id == "0" { // what was the number 0 in YAML counts as none
		return resourceError(b.id, "Logical ids must be alphanumeric.")
	}
	return nil
}

func (b *base) get(name string) *tree.Node { return present(b.props.Get(name)) }

// passthrough are the attributes that everything generated for the resource carries.
func (b *base) passthrough() *tree.Node {
	m := tree.NewMap()
	for _, name := range []string{"Condition", "DeletionPolicy", "UpdateReplacePolicy"} {
		if v := b.node.Get(name); v != nil {
			m.Set(name, v.Clone())
		}
	}
	return m
}

// attributes are those that the main resource keeps.
func (b *base) attributes() *tree.Node {
	m := tree.NewMap()
	for _, name := range []string{"DeletionPolicy", "UpdatePolicy", "Condition", "UpdateReplacePolicy", "Metadata"} {
		if v := b.node.Get(name); v != nil {
			m.Set(name, v.Clone())
		}
	}
	return m
}

// make starts a generated resource with the passthrough attributes.
func (b *base) make(id, typ string, props *tree.Node) *resource {
	return &resource{id: id, typ: typ, props: props, attributes: b.passthrough()}
}

// resource is one CloudFormation resource in the making.
type resource struct {
	id, typ    string
	props      *tree.Node
	dependsOn  *tree.Node
	attributes *tree.Node // Condition, DeletionPolicy, UpdatePolicy, Metadata …
}

func (r *resource) node() *tree.Node {
	n := tree.NewMap("Type", r.typ)
	if r.dependsOn != nil {
		n.Set("DependsOn", r.dependsOn)
	}
	for _, p := range pairsOf(r.attributes) {
		n.Set(p.Key, p.Value)
	}
	n.Set("Properties", r.props)
	return n
}

// mayReplace tells whether the resource is a known one of the template, changed by an event.
func (r *resource) mayReplace(other *tree.Node) bool {
	return (r.typ == "AWS::S3::Bucket" || r.typ == "AWS::Cognito::UserPool") && other.Get("Type").IsString(r.typ)
}

// copyAll copies the named properties as they are, where given.
func copyAll(to, from *tree.Node, names ...string) {
	for _, n := range names {
		if v := present(from.Get(n)); v != nil {
			to.Set(n, v.Clone())
		}
	}
}
