package resource

import (
	"maps"
	"slices"
)

// tags are the stack's and, above them, the resource's own: a list of Key and Value, or a map.
func tags(r Request) map[string]string {
	out := maps.Clone(r.Tags)
	if out == nil {
		out = map[string]string{}
	}
	if m := r.Properties.object("Tags"); m != nil {
		for k, v := range m {
			out[k], _ = asText(v)
		}
		return out
	}
	for _, item := range r.Properties.list("Tags") {
		if m, ok := item.(map[string]any); ok {
			t := Properties(m)
			out[t.text("Key")] = t.text("Value")
		}
	}
	return out
}

// tagList makes an SDK's list of tags, in the order of their keys.
func tagList[T any](r Request, one func(key, value string) T) []T {
	all := tags(r)
	var out []T
	for _, k := range slices.Sorted(maps.Keys(all)) {
		out = append(out, one(k, all[k]))
	}
	return out
}

// retag makes the tags those wanted, and takes those away that only the previous properties had.
func retag(r Request, put func(map[string]string) error, drop func(keys []string) error) error {
	want := tags(r)
	if len(want) > 0 {
		if err := put(want); err != nil {
			return err
		}
	}
	var gone []string
	for k := range tags(Request{Properties: r.Previous, Tags: r.PreviousTags}) {
		if _, ok := want[k]; !ok {
			gone = append(gone, k)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	slices.Sort(gone)
	return drop(gone)
}

// exists reads the error of a Get: found, or one of the codes that say that there is none.
func exists(err error, missing ...string) (bool, error) {
	if is(err, missing...) {
		return false, nil
	}
	return err == nil, err
}

// unless returns err, but nil for the codes given.
func unless(err error, codes ...string) error {
	if is(err, codes...) {
		return nil
	}
	return err
}
