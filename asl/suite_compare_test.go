package asl

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// comparison matches an answer of ours with a recorded one, in which <name> stands for a live value: any text, the
// same wherever it recurs, <*> for anything and <datetime> for a time.
type comparison struct {
	bound    map[string]string
	diffs    []string
	parallel bool
}

func (c *comparison) differ(path, format string, args ...any) {
	c.diffs = append(c.diffs, path+": "+fmt.Sprintf(format, args...))
}

var placeholder = regexp.MustCompile(`<([A-Za-z_][\w .:-]*|\*)>`)

func (c *comparison) text(want, got string) bool {
	if want == got || want == "<*>" {
		return true
	}
	if !strings.Contains(want, "<") {
		return false
	}
	var pattern strings.Builder
	var names []string
	last := 0
	groups := map[string]bool{}
	for _, m := range placeholder.FindAllStringSubmatchIndex(want, -1) {
		pattern.WriteString(regexp.QuoteMeta(want[last:m[0]]))
		last = m[1]
		name := want[m[2]:m[3]]
		base, _, _ := strings.Cut(name, ":")
		bound, known := c.bound[name]
		switch {
		case name == "*", base == "datetime", base == "date", base == "timestamp", groups[name]:
			pattern.WriteString(`(?:.+?)`)
		case known:
			pattern.WriteString(regexp.QuoteMeta(bound))
		default:
			groups[name] = true
			names = append(names, name)
			pattern.WriteString(`(.+?)`)
		}
	}
	pattern.WriteString(regexp.QuoteMeta(want[last:]))
	m := regexp.MustCompile(`(?s)^` + pattern.String() + `$`).FindStringSubmatch(got)
	if m == nil {
		return false
	}
	for i, name := range names {
		c.bound[name] = m[i+1]
	}
	return true
}

func (c *comparison) value(path string, want, got any) {
	if s, ok := got.(string); ok { // a JSON text of ours where the recording was parsed
		switch want.(type) {
		case *Object, []any:
			if v, err := jsonvalue.Decode([]byte(s)); err == nil {
				got = v
			}
		}
	}
	switch want := want.(type) {
	case *Object:
		o, ok := got.(*Object)
		if !ok {
			c.differ(path, "want an object, got %s", jsonvalue.Encode(got))
			return
		}
		c.object(path, want, o)
	case []any:
		l, ok := got.([]any)
		if !ok {
			c.differ(path, "want an array, got %s", jsonvalue.Encode(got))
			return
		}
		c.list(path, want, l)
	case string:
		s, ok := got.(string)
		if !ok {
			if want == "<datetime>" || want == "<*>" {
				return
			}
			c.differ(path, "want %q, got %s", want, jsonvalue.Encode(got))
			return
		}
		if c.text(want, s) || c.text(want, isoTime.ReplaceAllString(s, "date")) {
			return
		}
		w, errW := jsonvalue.Decode([]byte(want))
		g, errG := jsonvalue.Decode([]byte(s))
		if errW == nil && errG == nil && jsonvalue.Equal(w, g) {
			return // white space or the order of members
		}
		c.differ(path, "want %q\n      got  %q", want, s)
	default:
		if !jsonvalue.Equal(want, got) {
			c.differ(path, "want %s, got %s", jsonvalue.Encode(want), jsonvalue.Encode(got))
		}
	}
}

var isoTime = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?`)

func (c *comparison) object(path string, want, got *Object) {
	seen := map[string]bool{}
	for k, w := range want.All() {
		if k == "ResponseMetadata" {
			continue
		}
		key := k
		if _, ok := got.Get(k); !ok && placeholder.MatchString(k) {
			for candidate := range got.All() {
				if _, expected := want.Get(candidate); !expected && !seen[candidate] && c.text(k, candidate) {
					key = candidate
					break
				}
			}
		}
		g, ok := got.Get(key)
		if !ok {
			c.differ(path+"/"+k, "missing, want %s", jsonvalue.Encode(w))
			continue
		}
		seen[key] = true
		c.value(path+"/"+k, w, g)
	}
	for k, g := range got.All() {
		if !seen[k] {
			c.differ(path+"/"+k, "not in AWS's answer: %s", jsonvalue.Encode(g))
		}
	}
}

func (c *comparison) list(path string, want, got []any) {
	if len(want) != len(got) {
		c.differ(path, "want %d items, got %d\n      want %s\n      got  %s", len(want), len(got), kinds(want), kinds(got))
	}
	for i := 0; i < min(len(want), len(got)); {
		j := i
		for c.parallel && j < min(len(want), len(got)) && unordered(want[j]) {
			j++
		}
		if j > i {
			c.bag(path, want[i:j], got[i:j])
			i = j
			continue
		}
		c.value(fmt.Sprintf("%s/%d", path, i), want[i], got[i])
		i++
	}
}

func unordered(v any) bool {
	o, ok := v.(*Object)
	if !ok {
		return false
	}
	id, _ := o.Get("id")
	l, ok := id.([]any)
	return ok && len(l) == 1
}

// bag compares events that may come in any order.
func (c *comparison) bag(path string, want, got []any) {
	got = append([]any(nil), got...)
next:
	for _, w := range want {
		for i, g := range got {
			sub := &comparison{bound: map[string]string{}}
			for k, v := range c.bound {
				sub.bound[k] = v
			}
			sub.value("", without(w), without(g))
			if len(sub.diffs) == 0 {
				c.bound = sub.bound
				got = append(got[:i], got[i+1:]...)
				continue next
			}
		}
		c.differ(path, "no such event: %s", jsonvalue.Encode(w))
	}
}

func without(v any) any {
	o, ok := v.(*Object)
	if !ok {
		return v
	}
	out := jsonvalue.NewObject(o.Len())
	for k, x := range o.All() {
		if k != "id" && k != "previousEventId" {
			out.Set(k, x)
		}
	}
	return out
}

func kinds(list []any) string {
	var out []string
	for _, v := range list {
		if o, ok := v.(*Object); ok {
			if t, ok := o.Get("type"); ok {
				out = append(out, fmt.Sprint(t))
				continue
			}
		}
		out = append(out, jsonvalue.Encode(v))
	}
	return strings.Join(out, " ")
}

// wireForm turns an SDK struct into the JSON that a client reads.
func wireForm(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return wireForm(v.Elem())
	case reflect.Struct:
		if t, ok := v.Interface().(time.Time); ok {
			return t.Format(time.RFC3339Nano)
		}
		o := jsonvalue.NewObject(4)
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() || v.Field(i).Kind() == reflect.Pointer && v.Field(i).IsNil() || v.Field(i).Kind() == reflect.Map && v.Field(i).IsNil() {
				continue
			}
			o.Set(strings.ToLower(f.Name[:1])+f.Name[1:], wireForm(v.Field(i)))
		}
		return o
	case reflect.Map:
		o := jsonvalue.NewObject(v.Len())
		for _, k := range v.MapKeys() {
			o.Set(k.String(), wireForm(v.MapIndex(k)))
		}
		return o
	case reflect.Slice:
		out := []any{}
		for i := range v.Len() {
			out = append(out, wireForm(v.Index(i)))
		}
		return out
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return v.Bool()
	}
	return v.Int()
}
