package auth

import (
	"net/http"
	"strings"
)

const (
	// minLearned is the length below which a value is not taken for a secret only because of the name under which it stands: "true" and "1234"
	// would then be hidden everywhere.
	minLearned = 6
	// maxLearned bounds such values: each costs time at every text that is masked, and a workflow may send a new one with each of many
	// thousand requests. Those beyond are hidden where they stand, by their name, and not elsewhere.
	maxLearned = 500
)

// LearnRequest teaches it the values that stand in a request's secret places because the workflow itself put them there: an echo or a
// later output may have them under any name. It is for requests that are not signed yet: signatures are no secrets, and new each time.
func (m *Masker) LearnRequest(req *http.Request) {
	for name, values := range req.Header {
		if !m.IsSecretHeader(name) {
			continue
		}
		for _, v := range values {
			switch {
			case name == "Cookie":
				for _, c := range req.Cookies() {
					m.learn(c.Value)
				}
			case strings.HasSuffix(name, "Authorization"):
				_, credentials, found := strings.Cut(v, " ")
				if !found {
					credentials = v
				}
				m.learn(credentials)
			default:
				m.learn(v)
			}
		}
	}
	if req.URL.RawQuery == "" {
		return
	}
	for name, values := range req.URL.Query() {
		if m.IsSecretName(name) {
			m.learn(values...)
		}
	}
}

// LearnData teaches it the texts under secret names in plain data, such as a request's payload or a workflow's inputs.
func (m *Masker) LearnData(v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, item := range v {
			if text, is := item.(string); is {
				if m.IsSecretName(name) {
					m.learn(text)
				}
				continue
			}
			m.LearnData(item)
		}
	case []any:
		for _, item := range v {
			m.LearnData(item)
		}
	}
}

func (m *Masker) learn(values ...string) {
	for _, v := range values {
		if len(v) < minLearned || v == Mask {
			continue
		}
		m.mu.RLock()
		known, full := m.secrets[v], m.learned >= maxLearned
		m.mu.RUnlock()
		if known || full {
			continue
		}
		m.AddSecret(v)
		m.mu.Lock()
		m.learned++
		m.mu.Unlock()
	}
}
