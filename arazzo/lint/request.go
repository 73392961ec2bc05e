package lint

import (
	"slices"
	"strings"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/source"
)

// request checks what a step sends.
func (l *linter) request(s *stepView) {
	if s.op == nil {
		return
	}
	for _, p := range s.Parameters {
		l.parameter(s, p)
	}
	given := s.w.EffectiveParameters(s.Step)
	for _, want := range s.op.Parameters {
		if !want.Required || want.HasDefault {
			continue
		}
		if !slices.ContainsFunc(given, func(p *arazzo.Parameter) bool { return sameParameter(p, want) }) {
			l.report("parameter-missing", s.At("stepId"), s.Path, "add a parameter with name "+want.Name+" and in "+want.In, "%s needs the %s parameter %q", nameOf(s), want.In, want.Name)
		}
	}
	l.body(s)
}

func sameParameter(p *arazzo.Parameter, want *source.Parameter) bool {
	if p.In != "" && p.In != want.In {
		return false
	}
	return p.Name == want.Name || want.In == arazzo.InHeader && strings.EqualFold(p.Name, want.Name)
}

func (l *linter) parameter(s *stepView, p *arazzo.Parameter) {
	at := p.At("name")
	resolved, err := l.doc.Parameter(p)
	if err != nil || resolved.In == arazzo.InHeader || resolved.In == arazzo.InCookie || resolved.In == arazzo.InQuerystring {
		return // descriptions do not list every header
	}
	if slices.ContainsFunc(s.op.Parameters, func(want *source.Parameter) bool { return sameParameter(resolved, want) }) {
		return
	}
	var known []string
	for _, want := range s.op.Parameters {
		if want.Name == resolved.Name {
			l.report("parameter-unknown", p.At("in"), p.Path, "write in: "+want.In, "parameter %q of %s belongs in %s, not in %s", resolved.Name, nameOf(s), want.In, resolved.In)
			return
		}
		known = append(known, want.Name)
	}
	fix := "take it out"
	if near := nearest(resolved.Name, known); near != "" {
		fix = "write " + near
	}
	l.report("parameter-unknown", at, p.Path, fix, "%s has no parameter %q", nameOf(s), resolved.Name)
}

// body compares the request body with what the operation takes.
func (l *linter) body(s *stepView) {
	b := s.RequestBody
	if b == nil || s.op.Body == nil {
		return
	}
	media := mediaFor(s.op.Body, b.ContentType)
	if media == nil {
		var types []string
		for _, m := range s.op.Body.Content {
			types = append(types, m.Type)
		}
		if len(types) > 0 {
			l.report("content-type-unknown", b.At("contentType"), b.Path, "use "+strings.Join(types, " or "), "%s does not take %q", nameOf(s), b.ContentType)
		}
		return
	}
	if media.Schema != nil && b.Payload != nil {
		l.payload(s, b.Payload, media.Schema)
	}
	l.exclusive(s, b.Payload, media.Schema)
}

// mediaFor finds the representation of a content type; without one the first.
func mediaFor(b *source.RequestBody, contentType string) *source.MediaType {
	name, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	name = strings.TrimSpace(name)
	for _, m := range b.Content {
		pattern := strings.ToLower(m.Type)
		major, star := strings.CutSuffix(pattern, "/*")
		if name == "" || name == pattern || pattern == "*/*" || star && strings.HasPrefix(name, major+"/") {
			return m
		}
	}
	return nil
}

// payload compares an object of a payload with its schema.
func (l *linter) payload(s *stepView, v *arazzo.Value, schema *source.Schema) {
	if v.Kind != arazzo.KindObject {
		return
	}
	known := schema.Properties()
	for _, m := range v.Members {
		inner, presence := schema.At(pointerOf([]string{m.Name}))
		switch {
		case presence == source.No:
			fix := "take it out"
			if near := nearest(m.Name, known); near != "" {
				fix = "write " + near
			}
			l.report("payload-member-unknown", m.Key, m.Value.Path, fix, "the request body of %s has no member %q", nameOf(s), m.Name)
		case inner != nil:
			l.payload(s, m.Value, inner)
		}
	}
	for _, name := range requiredOf(objectOf(schema.Data())) {
		if v.Member(name) == nil && len(s.RequestBody.Replacements) == 0 {
			l.report("payload-member-missing", v.Pos, v.Path, "add "+name, "the request body of %s needs %q", nameOf(s), name)
		}
	}
}

func requiredOf(schema map[string]any) []string {
	list, _ := schema["required"].([]any)
	var out []string
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
