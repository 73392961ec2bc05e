package auth

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/headgate/headgate/arazzo/source"
)

// Mask is what stands in a secret's place.
const Mask = "***"

// minSecret is the length below which a secret is not searched for in texts: it would tear words apart and hide nothing.
const minSecret = 4

// Masker hides secrets in what is shown to people: the values that it was taught, in plain and in their encodings, and all values of
// headers, parameters and members whose names mean secrets. The zero value knows such names. It is safe for several goroutines.
type Masker struct {
	mu       sync.RWMutex
	secrets  map[string]bool
	headers  map[string]bool // canonical names
	names    map[string]bool // lower case: query parameters, form members, members of data
	learned  int             // of the secrets, those that LearnRequest and LearnData found
	replacer *strings.Replacer
}

// Names whose values are always secret.
var (
	secretHeaders = []string{"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Amz-Security-Token", "X-Api-Key", "X-Auth-Token", "X-Csrf-Token"}
	secretNames   = []string{"password", "passwd", "client_secret", "clientsecret", "access_token", "accesstoken", "refresh_token", "refreshtoken", "id_token",
		"api_key", "apikey", "authorization", "token", "secret", "pwd", "private_key", "privatekey", "client_assertion", "code_verifier", "secretaccesskey", "sessiontoken", "x-amz-security-token", "x-amz-signature", "x-amz-credential"}
)

// AddSecret teaches it values. Those under 4 characters are not searched for in texts.
func (m *Masker) AddSecret(values ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, v := range values {
		if len(v) < minSecret || m.secrets[v] {
			continue
		}
		if m.secrets == nil {
			m.secrets = map[string]bool{}
		}
		m.secrets[v], m.replacer = true, nil
	}
}

// AddHeader teaches it names of headers whose values are secret.
func (m *Masker) AddHeader(names ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.headers == nil {
		m.headers = map[string]bool{}
	}
	for _, n := range names {
		m.headers[http.CanonicalHeaderKey(n)] = true
	}
}

// AddName teaches it names of query parameters, form members and members of data whose values are secret.
func (m *Masker) AddName(names ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.names == nil {
		m.names = map[string]bool{}
	}
	for _, n := range names {
		m.names[strings.ToLower(n)] = true
	}
}

// learnKey teaches it where an API key stands.
func (m *Masker) learnKey(scheme *source.SecurityScheme) {
	if scheme.In == "header" {
		m.AddHeader(scheme.Key)
	} else {
		m.AddName(scheme.Key)
	}
}

// IsSecretHeader tells whether a header's value is always hidden.
func (m *Masker) IsSecretHeader(name string) bool {
	name = http.CanonicalHeaderKey(name)
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.headers[name] || slices.Contains(secretHeaders, name)
}

// IsSecretName tells whether the value of a parameter or member is always hidden.
func (m *Masker) IsSecretName(name string) bool {
	name = strings.ToLower(name)
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.names[name] || slices.Contains(secretNames, name)
}

// Text replaces each secret in s, also where it is percent-encoded, in a JSON string or in base64.
func (m *Masker) Text(s string) string {
	if s == "" {
		return s
	}
	m.mu.RLock()
	r := m.replacer
	m.mu.RUnlock()
	if r == nil {
		r = m.compile()
	}
	return r.Replace(s)
}

// compile makes the replacer anew after a lesson; between lessons everybody shares one.
func (m *Masker) compile() *strings.Replacer {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.replacer != nil {
		return m.replacer
	}
	var forms []string
	for secret := range m.secrets {
		quoted, _ := json.Marshal(secret)
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(string(quoted), `"`),
			base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret))} {
			if !slices.Contains(forms, form) {
				forms = append(forms, form)
			}
		}
	}
	// The longest first: one secret may begin with another.
	slices.SortFunc(forms, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	pairs := make([]string, 0, 2*len(forms))
	for _, f := range forms {
		pairs = append(pairs, f, Mask)
	}
	m.replacer = strings.NewReplacer(pairs...)
	return m.replacer
}

// Header is a copy with secrets masked. An Authorization header keeps its scheme.
func (m *Masker) Header(h http.Header) http.Header {
	out := make(http.Header, len(h))
	for name, values := range h {
		for _, v := range values {
			switch {
			case !m.IsSecretHeader(name):
				v = m.Text(v)
			case strings.HasSuffix(http.CanonicalHeaderKey(name), "Authorization") && strings.Contains(v, " "):
				scheme, _, _ := strings.Cut(v, " ")
				v = scheme + " " + Mask
			default:
				v = Mask
			}
			out[name] = append(out[name], v)
		}
	}
	return out
}

// URL masks secret parameters, secret values anywhere, and the password of user information.
func (m *Masker) URL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return m.Text(text)
	}
	if u.User != nil {
		if _, has := u.User.Password(); has {
			u.User = url.UserPassword(u.User.Username(), Mask)
		}
	}
	u.RawQuery = m.Form(u.RawQuery)
	return m.Text(strings.ReplaceAll(u.String(), url.PathEscape(Mask)+"@", Mask+"@"))
}

// Form masks the values of secret names in a query string or an urlencoded form.
func (m *Masker) Form(form string) string {
	if form == "" {
		return form
	}
	pairs := strings.Split(form, "&")
	for i, pair := range pairs {
		name, _, _ := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(name)
		if err == nil && m.IsSecretName(plain) {
			pairs[i] = name + "=" + Mask
		}
	}
	return m.Text(strings.Join(pairs, "&"))
}

// Data is a copy of plain data with secrets masked in every string, and everything under a secret name.
func (m *Masker) Data(v any) any {
	switch v := v.(type) {
	case string:
		return m.Text(v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = m.Data(item)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			if _, text := item.(string); text && m.IsSecretName(key) {
				out[key] = Mask
			} else {
				out[m.Text(key)] = m.Data(item)
			}
		}
		return out
	}
	return v
}
