package sam

import (
	"slices"
	"sort"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// apiKind is what tells REST APIs from HTTP APIs.
type apiKind struct {
	event, resource string // their types
	property        string // of an event, that names its API
	implicit        string // logical id of the API that events without one of their own share
	skeleton        func() *tree.Node
	valid           func(*tree.Node) bool
}

var (
	restKind = apiKind{"Api", "AWS::Serverless::Api", "RestApiId", "ServerlessRestApi", swaggerSkeleton, isSwagger}
	httpKind = apiKind{"HttpApi", "AWS::Serverless::HttpApi", "ApiId", "ServerlessHttpApi", openAPISkeleton, isOpenAPI}
)

// listed are members in the order in which the transform goes through them for an API of the kind.
func (k apiKind) listed(pairs []tree.Pair) []tree.Pair {
	if k.event == restKind.event {
		return pythonOrder(pairs)
	}
	return pairs
}

// apiPaths is what the methods of an API's path depend on: path → method → condition, "" for none.
type apiPaths map[string]map[string]string

// apis prepares the APIs of a template before its globals are merged: gives those without a document an
// empty one, and enters the events' paths into the documents that the transform manages.
func (t *translator) apis(k apiKind) {
	resources := t.root.Get("Resources")
	for _, p := range resources.Pairs {
		if p.Value.Get("Type").IsString(k.resource) {
			t.python = t.python || k.event == restKind.event
			t.skeleton(k, p)
		}
	}
	owners := t.apiEventOwners(k)
	if len(owners) == 0 {
		return
	}
	t.python = t.python || k.event == restKind.event
	existing := resources.Get(k.implicit)
	wasManaged := t.managed[k.implicit]
	api := dict("Type", k.resource, "Properties", dict("DefinitionBody", k.skeleton()))
	if k.event == restKind.event {
		api.Get("Properties").Set("StageName", tree.NewString("Prod"))
	}
	resources.Set(k.implicit, api)
	t.managed[k.implicit] = true
	conditions := map[string]apiPaths{}
	policies := map[string]map[string]bool{"DeletionPolicy": {}, "UpdateReplacePolicy": {}}
	for _, p := range owners {
		for _, e := range k.listed(eventsOf(p.Value, k)) {
			id, err := t.enterPath(k, p.Value, e, conditions)
			if err != nil {
				t.problems.add(resourceError(p.Key, "%s", err.Error()))
				break
			}
			for name, have := range policies {
				if id == k.implicit {
					have[p.Value.Get(name).Str()] = true
				}
			}
		}
	}
	t.conditionAPI(k, api, conditions[k.implicit])
	for name, have := range policies {
		for _, v := range []string{"Retain", "Snapshot", "Delete"} {
			if have[v] && (v != "Snapshot" || name == "UpdateReplacePolicy") {
				api.Set(name, tree.NewString(v))
				break
			}
		}
	}
	t.conditionPaths(k, conditions)
	if api.Path("Properties", "DefinitionBody", "paths").Len() > 0 {
		return
	}
	if resources.Delete(k.implicit); existing != nil {
		resources.Set(k.implicit, existing)
	}
	t.managed[k.implicit] = wasManaged
}

func (t *translator) skeleton(k apiKind, p tree.Pair) {
	props := present(p.Value.Get("Properties"))
	if props == nil {
		props = tree.NewMap()
		p.Value.Set("Properties", props)
	}
	if props.Is(tree.Map) && !props.Get("DefinitionBody").Truthy() && !props.Get("DefinitionUri").Truthy() {
		props.Set("DefinitionBody", k.skeleton())
		t.managed[p.Key] = true
	}
}

// apiEventOwners are the functions and state machines with events of a kind.
func (t *translator) apiEventOwners(k apiKind) (out []tree.Pair) {
	for _, p := range k.listed(t.root.Get("Resources").Pairs) {
		switch p.Value.Get("Type").Str() {
		case "AWS::Serverless::Function", "AWS::Serverless::StateMachine":
			if len(eventsOf(p.Value, k)) > 0 {
				out = append(out, p)
			}
		}
	}
	return out
}

// eventsOf are a resource's events of a kind, in Python's order where that matters.
func eventsOf(r *tree.Node, k apiKind) (out []tree.Pair) {
	for _, e := range k.listed(pairsOf(r.Path("Properties", "Events"))) {
		if e.Value.Is(tree.Map) && e.Value.Get("Type").IsString(k.event) {
			out = append(out, e)
		}
	}
	return out
}

// enterPath adds an event's method to its API's document, and returns the API's logical id.
func (t *translator) enterPath(k apiKind, owner *tree.Node, e tree.Pair, conditions map[string]apiPaths) (string, error) {
	props := e.Value.Get("Properties")
	if present(props) != nil && k.event == httpKind.event && !props.Is(tree.Map) {
		return "", eventError(e.Key, "Properties should be a map.")
	}
	if !props.Truthy() {
		if k.event == restKind.event {
			return "", nil
		}
		props = tree.NewMap()
		e.Value.Set("Properties", props)
	}
	if !props.Is(tree.Map) {
		return "", eventError(e.Key, "Properties should be a map.")
	}
	if !props.Has(k.property) {
		props.Set(k.property, ref(k.implicit))
		t.tagImplicitAPI(k, owner)
	}
	if k.event == httpKind.event && !props.Get("Path").Truthy() && !props.Get("Method").Truthy() {
		props.Set("Path", tree.NewString(defaultRoute))
		props.Set("Method", tree.NewString(anyMethodKey))
	}
	for _, name := range []string{"Path", "Method"} {
		if v := props.Get(name); present(v) == nil || k.event == httpKind.event && !v.Truthy() {
			return "", eventError(e.Key, "Property '%s' is required.", name)
		}
	}
	id := apiID(props.Get(k.property))
	for _, x := range []struct {
		name string
		v    *tree.Node
	}{{k.property, id}, {"Path", props.Get("Path")}, {"Method", props.Get("Method")}} {
		if !x.v.Is(tree.String) {
			return "", eventError(e.Key, "Property '%s' should be a string.", x.name)
		}
	}
	path, method := props.Get("Path"), props.Get("Method")
	if conditions[id.Text] == nil {
		conditions[id.Text] = apiPaths{}
	}
	if conditions[id.Text][path.Text] == nil {
		conditions[id.Text][path.Text] = map[string]string{}
	}
	conditions[id.Text][path.Text][method.Text] = owner.Get("Condition").Str()
	api := t.root.Get("Resources").Get(id.Text)
	if typ := api.Get("Type").Str(); api == nil || typ != k.resource && (typ == httpKind.resource || typ == restKind.resource && k.event == httpKind.event) {
		return "", eventError(e.Key, "%s must be a valid reference to an '%s' resource in same template.", k.property, k.resource)
	}
	if body := api.Path("Properties", "DefinitionBody"); k.valid(body) && t.managed[id.Text] {
		s, err := t.editSwagger(body)
		if err != nil {
			return "", err
		}
		if err := s.addPath(path, method); err != nil {
			return "", err
		}
		api.Get("Properties").Set("DefinitionBody", s.done())
	}
	if r := props.Get("RouteSettings"); r != nil && k.event == httpKind.event {
		return id.Text, addRouteSettings(api, e.Key, r, path, method, present(owner.Get("Condition")))
	}
	return id.Text, nil
}

// addRouteSettings passes an event's settings on to its API's.
func addRouteSettings(api *tree.Node, event string, given, path, method, condition *tree.Node) error {
	if !given.Is(tree.Map) {
		return eventError(event, "Property 'RouteSettings' should be a map.")
	}
	route := strings.ToUpper(method.Text) + " " + path.Text
	if method.Text == anyMethodKey {
		route = path.Text
	}
	props := api.Get("Properties")
	if !props.Is(tree.Map) {
		return eventError(event, "RouteSettings need an API that is defined in this template.")
	}
	all := present(props.Get("RouteSettings"))
	if all == nil {
		all = tree.NewMap()
		props.Set("RouteSettings", all)
	}
	if !all.Is(tree.Map) {
		return eventError(event, "Property 'RouteSettings' should be a map.")
	}
	if !all.Has(route) {
		all.Set(route, tree.NewMap())
	}
	if condition != nil {
		given = conditional(condition, given)
	}
	for _, p := range given.Pairs {
		all.Get(route).Set(p.Key, p.Value.Clone())
	}
	return nil
}

// apiID is what RestApiId says, or refers to.
func apiID(n *tree.Node) *tree.Node {
	if r := n.Get("Ref"); n.Is(tree.Map) && r != nil {
		return r
	}
	return n
}

// tagImplicitAPI passes a resource's tags on to the API that was made for its events.
func (t *translator) tagImplicitAPI(k apiKind, owner *tree.Node) {
	props := owner.Get("Properties")
	tags, propagate := props.Get("Tags"), props.Get("PropagateTags")
	section := strings.TrimPrefix(owner.Get("Type").Str(), "AWS::Serverless::")
	globals := t.root.Path("Globals", section)
	if propagate == nil {
		propagate = globals.Get("PropagateTags")
	}
	if own := globals.Get("Tags"); own.Is(tree.Map) && tags.Is(tree.Map) {
		tags = merge(own, tags)
	} else if tags == nil {
		tags = own
	}
	if !propagate.Bool() || !tags.Truthy() {
		return
	}
	api := t.root.Get("Resources").Get(k.implicit).Get("Properties")
	have := api.Get("Tags")
	if have == nil {
		have = dict()
		api.Set("Tags", have)
	}
	for _, p := range tags.Pairs {
		have.Set(p.Key, p.Value.Clone())
	}
	api.Set("PropagateTags", tree.NewBool(true))
}

// conditionAPI gives the implicit API a condition if all of its methods have one.
func (t *translator) conditionAPI(k apiKind, api *tree.Node, paths apiPaths) {
	names := map[string]bool{}
	for _, methods := range paths {
		for _, c := range methods {
			names[c] = true
		}
	}
	if c := t.combined(names, k.implicit+"Condition"); c != nil {
		api.Set("Condition", c)
	}
}

// combined is the condition that holds if one of the names does: the only one, or a new one of that
// name. There is none if something is unconditional.
func (t *translator) combined(names map[string]bool, id string) *tree.Node {
	if len(names) == 0 || names[""] {
		return nil
	}
	var sorted []string
	for n := range names {
		sorted = append(sorted, n)
	}
	if sort.Strings(sorted); len(sorted) == 1 {
		c := tree.NewString(sorted[0])
		c.Line = 1 // it was read, in a resource
		return c
	}
	t.addAnyOf(id, sorted)
	return tree.NewString(id)
}

func (t *translator) conditionPaths(k apiKind, conditions map[string]apiPaths) {
	for _, p := range t.root.Get("Resources").Pairs {
		if !t.managed[p.Key] || !p.Value.Get("Type").IsString(k.resource) {
			continue
		}
		props := p.Value.Get("Properties")
		s, err := t.editSwagger(props.Get("DefinitionBody"))
		if err != nil {
			continue
		}
		for _, path := range s.paths() {
			names := map[string]bool{}
			for _, c := range conditions[p.Key][path.Key] {
				names[c] = true
			}
			id := p.Key + strings.NewReplacer("/", "SLASH", "{", "OB", "}", "CB").Replace(path.Key) + "PathCondition"
			if c := t.combined(names, id); c != nil {
				s.doc.Get("paths").Set(path.Key, conditional(c, path.Value))
			}
		}
		props.Set("DefinitionBody", s.done())
	}
}

func sortedUnique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
