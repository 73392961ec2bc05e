package sam

import (
	"slices"
	"sort"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// implicitAPI is the logical id of the API that events without one of their own share.
const implicitAPI = "ServerlessRestApi"

// apiPaths is what the methods of an API's path depend on: path → method → condition, "" for none.
type apiPaths map[string]map[string]string

// restAPIs prepares the REST APIs of a template before its globals are merged: gives those without a
// document an empty one, and enters the events' paths into the documents that the transform manages.
func (t *translator) restAPIs() {
	resources := t.root.Get("Resources")
	for _, p := range resources.Pairs {
		if !p.Value.Get("Type").IsString("AWS::Serverless::Api") {
			continue
		}
		t.python = true
		props := present(p.Value.Get("Properties"))
		if props == nil {
			props = dict()
			p.Value.Set("Properties", props)
		}
		if props.Is(tree.Map) && !props.Get("DefinitionBody").Truthy() && !props.Get("DefinitionUri").Truthy() {
			props.Set("DefinitionBody", swaggerSkeleton())
			t.managed[p.Key] = true
		}
	}
	owners := t.apiEventOwners()
	if len(owners) == 0 {
		return
	}
	t.python = true
	existing := resources.Get(implicitAPI)
	wasManaged := t.managed[implicitAPI]
	api := dict("Type", "AWS::Serverless::Api", "Properties", dict("StageName", "Prod", "DefinitionBody", swaggerSkeleton()))
	resources.Set(implicitAPI, api)
	t.managed[implicitAPI] = true
	conditions := map[string]apiPaths{}
	deletion, replacement := map[string]bool{}, map[string]bool{}
	for _, p := range owners {
		for _, e := range pythonOrder(pythonEvents(p.Value)) {
			id, err := t.enterPath(p.Value, e, conditions)
			if err != nil {
				t.problems.add(resourceError(p.Key, "%s", err.Error()))
				break
			}
			if id == implicitAPI {
				deletion[p.Value.Get("DeletionPolicy").Str()] = true
				replacement[p.Value.Get("UpdateReplacePolicy").Str()] = true
			}
		}
	}
	t.conditionAPI(api, conditions[implicitAPI])
	for _, x := range []struct {
		name string
		have map[string]bool
		rank []string
	}{{"DeletionPolicy", deletion, []string{"Retain", "Delete"}}, {"UpdateReplacePolicy", replacement, []string{"Retain", "Snapshot", "Delete"}}} {
		for _, v := range x.rank {
			if x.have[v] {
				api.Set(x.name, tree.NewString(v))
				break
			}
		}
	}
	t.conditionPaths(conditions)
	if api.Path("Properties", "DefinitionBody", "paths").Len() > 0 {
		return
	}
	if resources.Delete(implicitAPI); existing != nil {
		resources.Set(implicitAPI, existing)
	}
	t.managed[implicitAPI] = wasManaged
}

// apiEventOwners are the functions and state machines with Api events, in Python's order.
func (t *translator) apiEventOwners() (out []tree.Pair) {
	for _, p := range pythonOrder(t.root.Get("Resources").Pairs) {
		switch p.Value.Get("Type").Str() {
		case "AWS::Serverless::Function", "AWS::Serverless::StateMachine":
			if len(pythonEvents(p.Value)) > 0 {
				out = append(out, p)
			}
		}
	}
	return out
}

// pythonEvents are a resource's Api events.
func pythonEvents(r *tree.Node) (out []tree.Pair) {
	for _, e := range pythonOrder(pairsOf(r.Path("Properties", "Events"))) {
		if e.Value.Is(tree.Map) && e.Value.Get("Type").IsString("Api") {
			out = append(out, e)
		}
	}
	return out
}

// enterPath adds an event's method to its API's document, and returns the API's logical id.
func (t *translator) enterPath(owner *tree.Node, e tree.Pair, conditions map[string]apiPaths) (string, error) {
	props := e.Value.Get("Properties")
	if !props.Truthy() {
		return "", nil
	}
	if !props.Is(tree.Map) {
		return "", eventError(e.Key, "Properties should be a map.")
	}
	if !props.Has("RestApiId") {
		props.Set("RestApiId", ref(implicitAPI))
		t.tagImplicitAPI(owner)
	}
	for _, name := range []string{"Path", "Method"} {
		if present(props.Get(name)) == nil {
			return "", eventError(e.Key, "Property '%s' is required.", name)
		}
	}
	id := apiID(props.Get("RestApiId"))
	for _, x := range []struct {
		name string
		v    *tree.Node
	}{{"RestApiId", id}, {"Path", props.Get("Path")}, {"Method", props.Get("Method")}} {
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
	if api == nil || api.Get("Type").IsString("AWS::Serverless::HttpApi") {
		return "", eventError(e.Key, "RestApiId must be a valid reference to an 'AWS::Serverless::Api' resource in same template.")
	}
	body := api.Path("Properties", "DefinitionBody")
	if !isSwagger(body) || !t.managed[id.Text] {
		return id.Text, nil
	}
	s, err := t.editSwagger(body)
	if err != nil {
		return "", err
	}
	if err := s.addPath(path, method); err != nil {
		return "", err
	}
	api.Get("Properties").Set("DefinitionBody", s.done())
	return id.Text, nil
}

// apiID is what RestApiId says, or refers to.
func apiID(n *tree.Node) *tree.Node {
	if r := n.Get("Ref"); n.Is(tree.Map) && r != nil {
		return r
	}
	return n
}

// tagImplicitAPI passes a resource's tags on to the API that was made for its events.
func (t *translator) tagImplicitAPI(owner *tree.Node) {
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
	api := t.root.Get("Resources").Get(implicitAPI).Get("Properties")
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
func (t *translator) conditionAPI(api *tree.Node, paths apiPaths) {
	names := map[string]bool{}
	for _, methods := range paths {
		for _, c := range methods {
			names[c] = true
		}
	}
	if c := t.combined(names, implicitAPI+"Condition"); c != nil {
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

func (t *translator) conditionPaths(conditions map[string]apiPaths) {
	for _, p := range t.root.Get("Resources").Pairs {
		if !t.managed[p.Key] {
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
