package lint

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/headgate/headgate/arazzo"
)

var (
	// secretName is what people call secrets.
	secretName = regexp.MustCompile(`(?i)^(authorization|proxy-authorization|cookie|set-cookie)$|passw(or)?d|passphrase|secret|api[-_]?key|access[-_]?key|private[-_]?key|credential|(^|[-_.])token$|(access|auth|bearer|refresh|session|security|id)[-_]?token`)
	// secretText is what secrets of well-known kinds look like.
	secretText = regexp.MustCompile(`\b(AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bAIza[0-9A-Za-z_-]{30,}|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.|-----BEGIN [A-Z ]*PRIVATE KEY-----|(?i:\b(bearer|basic)\s+[A-Za-z0-9+/_.=-]{12,})|\bsk_live_[A-Za-z0-9]{10,}`)
	// placeholder is what stands for a secret in an example.
	placeholder = regexp.MustCompile(`(?i)^(<.*>|\*+|x+|\.{3}|changeme|example.*|your[-_ ].*|todo|none|null|true|false|string|dummy)$`)
)

// secrets finds what should be an input of format password.
func (l *linter) secrets() {
	for _, sd := range l.doc.SourceDescriptions {
		if u, err := url.Parse(sd.URL); err == nil && u.User != nil {
			if _, has := u.User.Password(); has {
				l.secret(sd.At("url"), sd.Path, "the URL of source "+sd.Name, "")
			}
		}
	}
	for _, w := range l.workflows {
		l.parameterSecrets(w.Parameters)
		if w.Inputs != nil {
			l.defaults(w.Inputs.Value, 0)
		}
		for _, s := range w.steps {
			l.parameterSecrets(s.Parameters)
			if b := s.RequestBody; b != nil {
				l.valueSecrets("", b.Payload)
				for _, r := range b.Replacements {
					l.valueSecrets(r.Target[strings.LastIndexByte(r.Target, '/')+1:], r.Value)
				}
			}
			for name, v := range s.Outputs.All() {
				l.valueSecrets(name, v)
			}
		}
	}
	if c := l.doc.Components; c != nil {
		for _, p := range c.Parameters.All() {
			l.parameterSecrets([]*arazzo.Parameter{p})
		}
		for _, s := range c.Inputs.All() {
			l.defaults(s.Value, 0)
		}
	}
}

func (l *linter) parameterSecrets(list []*arazzo.Parameter) {
	for _, p := range list {
		if p.Reusable != nil {
			l.valueSecrets("", p.Reusable.Value)
			continue
		}
		l.valueSecrets(p.Name, p.Value)
	}
}

// valueSecrets looks into a value that is called name.
func (l *linter) valueSecrets(name string, v *arazzo.Value) {
	if v == nil {
		return
	}
	for _, m := range v.Members {
		l.valueSecrets(m.Name, m.Value)
	}
	for _, item := range v.Items {
		l.valueSecrets(name, item)
	}
	text, ok := v.Scalar.(string)
	if !ok || v.Dynamic() || text == "" || placeholder.MatchString(text) {
		return
	}
	switch {
	case secretText.MatchString(text):
		l.secret(v.Pos, v.Path, "the value", name)
	case secretName.MatchString(name) && len(text) >= 4:
		l.secret(v.Pos, v.Path, "the value of "+name, name)
	}
}

// defaults looks for defaults and examples of secret inputs.
func (l *linter) defaults(schema *arazzo.Value, depth int) {
	if schema == nil || depth > 16 {
		return
	}
	for _, m := range schema.Members {
		if m.Name == "properties" {
			for _, p := range m.Value.Members {
				for _, field := range []string{"default", "const"} {
					if v := p.Value.Member(field); v != nil {
						name := p.Name
						if stringOf(p.Value.Member("format")) == "password" {
							name = "password"
						}
						l.valueSecrets(name, v)
					}
				}
			}
		}
		l.defaults(m.Value, depth+1)
	}
	for _, item := range schema.Items {
		l.defaults(item, depth+1)
	}
}

// secret reports one, without its text.
func (l *linter) secret(at arazzo.Pos, path, what, name string) {
	if name == "" {
		name = "secret"
	}
	l.report("secret-in-plain-text", at, path, "make it an input of format password and write $inputs."+strings.Map(keyRune, name)+"; give it by environment or file", "%s looks like a secret", what)
}

func keyRune(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
		return r
	}
	return '_'
}
