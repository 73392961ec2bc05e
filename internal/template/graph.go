package template

import (
	"slices"

	"github.com/headgate/headgate/internal/template/tree"
)

// graph is the order among the resources that exist.
type graph struct {
	levels     [][]string
	needs      map[string][]string // direct dependencies, sorted
	dependents map[string][]string
}

// Levels groups the resources so that each needs only those of earlier groups: a group may be made
// at the same time. Deletion goes the other way round.
func (b *Bound) Levels() [][]string {
	out := make([][]string, len(b.graph.levels))
	for i, l := range b.graph.levels {
		out[i] = slices.Clone(l)
	}
	return out
}

// Dependencies returns the resources that id needs, sorted.
func (b *Bound) Dependencies(id string) []string { return slices.Clone(b.graph.needs[id]) }

// Dependents returns the resources that need id, sorted.
func (b *Bound) Dependents(id string) []string { return slices.Clone(b.graph.dependents[id]) }

func (b *Bound) buildGraph() (graph, error) {
	g := graph{needs: map[string][]string{}, dependents: map[string][]string{}}
	resources := b.Resources()
	for _, r := range resources {
		needs, err := b.needsOf(r)
		if err != nil {
			return g, err
		}
		g.needs[r.ID] = needs
		for _, n := range needs {
			g.dependents[n] = append(g.dependents[n], r.ID)
		}
	}
	for _, d := range g.dependents {
		slices.Sort(d)
	}
	left := map[string]int{}
	var level []string
	for _, r := range resources {
		if left[r.ID] = len(g.needs[r.ID]); left[r.ID] == 0 {
			level = append(level, r.ID)
		}
	}
	placed := 0
	for len(level) > 0 {
		g.levels = append(g.levels, level)
		placed += len(level)
		var next []string
		for _, id := range level {
			for _, d := range g.dependents[id] {
				if left[d]--; left[d] == 0 {
					next = append(next, d)
				}
			}
		}
		level = b.inOrder(next)
	}
	if placed < len(resources) {
		return g, circular(inCycle(g, left), b.Template.Root.Get("Resources"))
	}
	return g, nil
}

// inOrder sorts ids as the template lists them.
func (b *Bound) inOrder(ids []string) []string {
	var out []string
	for _, r := range b.Template.Resources {
		if slices.Contains(ids, r.ID) {
			out = append(out, r.ID)
		}
	}
	return out
}

// needsOf lists what r depends on: DependsOn, and every mention in the branches that count.
func (b *Bound) needsOf(r *Resource) ([]string, error) {
	var needs []string
	add := func(id string) {
		if !slices.Contains(needs, id) {
			needs = append(needs, id)
		}
	}
	for _, d := range r.DependsOn {
		if b.Resource(d) != nil { // one that a condition leaves out is not waited for
			add(d)
		}
	}
	for _, part := range []*tree.Node{r.Properties, r.UpdatePolicy, r.CreationPolicy} {
		refs, err := references(part, "Resources."+r.ID, b.Condition)
		if err != nil {
			return nil, err
		}
		for _, ref := range refs {
			x := b.Template.byID[ref.ID]
			if x == nil || b.isParameter(ref.ID) && ref.Attribute == "" {
				continue
			}
			if !b.active(x) {
				return nil, b.Template.unresolved([]string{ref.ID}, "Resources", ref.Node, ref.Path)
			}
			add(ref.ID)
		}
	}
	slices.Sort(needs)
	return needs, nil
}

func (b *Bound) isParameter(id string) bool { _, ok := b.params[id]; return ok }

// inCycle returns those of the resources that could not be placed which lie on a circle, leaving
// out those that merely depend on one.
func inCycle(g graph, left map[string]int) []string {
	var out []string
	for id, n := range left {
		if n > 0 && reaches(g, id, id, map[string]bool{}) {
			out = append(out, id)
		}
	}
	return out
}

func reaches(g graph, from, to string, seen map[string]bool) bool {
	for _, n := range g.needs[from] {
		if n == to {
			return true
		}
		if !seen[n] {
			seen[n] = true
			if reaches(g, n, to, seen) {
				return true
			}
		}
	}
	return false
}
