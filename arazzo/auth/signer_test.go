package auth

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/headgate/headgate/arazzo/source"
)

func scheme(name, kind string, more func(*source.SecurityScheme)) source.SchemeUse {
	s := &source.SecurityScheme{Name: name, Type: kind}
	if more != nil {
		more(s)
	}
	return source.SchemeUse{Name: name, Scheme: s}
}

func apiKey(name, in, key string) source.SchemeUse {
	return scheme(name, "apiKey", func(s *source.SecurityScheme) { s.In, s.Key = in, key })
}

func httpScheme(name, how string) source.SchemeUse {
	return scheme(name, "http", func(s *source.SecurityScheme) { s.Scheme = how })
}

func request(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// noAWS keeps the machine's own AWS configuration out of a test.
func noAWS(t *testing.T) {
	t.Helper()
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION",
		"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", "/nowhere/config")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials")
}

func TestSchemesWithoutADialogue(t *testing.T) {
	key, query, cookie := apiKey("key", "header", "X-Key"), apiKey("query", "query", "api_key"), apiKey("cookie", "cookie", "session")
	basic, bearer, custom := httpScheme("basic", "basic"), httpScheme("bearer", "bearer"), httpScheme("custom", "negotiate")
	all := ByName{"key": {Value: "k&1"}, "query": {Value: "q&1"}, "cookie": {Value: "c;1"}, "basic": {Username: "u", Password: "p:w"}, "bearer": {Value: "tok"}, "custom": {Value: "x"}}
	for name, c := range map[string]struct {
		security source.Security
		have     ByName
		prepare  func(*http.Request)
		want     map[string]string // header → value; "?": the query
	}{
		"nothing asked":              {nil, all, nil, map[string]string{"Authorization": "", "?": "a=1"}},
		"key in a header":            {source.Security{{key}}, all, nil, map[string]string{"X-Key": "k&1"}},
		"key in the query":           {source.Security{{query}}, all, nil, map[string]string{"?": "a=1&api_key=q%261"}},
		"key in a cookie":            {source.Security{{cookie}}, all, func(r *http.Request) { r.Header.Set("Cookie", "a=b") }, map[string]string{"Cookie": "a=b; session=c%3B1"}},
		"basic":                      {source.Security{{basic}}, all, nil, map[string]string{"Authorization": "Basic dTpwOnc="}},
		"basic in one text":          {source.Security{{basic}}, ByName{"basic": {Value: "u:p:w"}}, nil, map[string]string{"Authorization": "Basic dTpwOnc="}},
		"bearer":                     {source.Security{{bearer}}, all, nil, map[string]string{"Authorization": "Bearer tok"}},
		"another http scheme":        {source.Security{{custom}}, all, nil, map[string]string{"Authorization": "Negotiate x"}},
		"all of a requirement":       {source.Security{{key, bearer}}, all, nil, map[string]string{"X-Key": "k&1", "Authorization": "Bearer tok"}},
		"first with credentials":     {source.Security{{bearer}, {key}}, ByName{"key": {Value: "k"}}, nil, map[string]string{"X-Key": "k", "Authorization": ""}},
		"first that is whole":        {source.Security{{key, bearer}, {basic}}, ByName{"key": {Value: "k"}, "basic": {Username: "u"}}, nil, map[string]string{"X-Key": "", "Authorization": "Basic dTo="}},
		"order of the description":   {source.Security{{bearer}, {key}}, all, nil, map[string]string{"X-Key": "", "Authorization": "Bearer tok"}},
		"anonymous last":             {source.Security{{}, {key}}, all, nil, map[string]string{"X-Key": "k&1"}},
		"anonymous at all":           {source.Security{{}, {key}}, nil, nil, map[string]string{"X-Key": ""}},
		"set by the workflow":        {source.Security{{bearer}}, nil, func(r *http.Request) { r.Header.Set("Authorization", "mine") }, map[string]string{"Authorization": "mine"}},
		"set by the workflow, query": {source.Security{{query}}, nil, func(r *http.Request) { r.URL.RawQuery = "api_key=mine" }, map[string]string{"?": "api_key=mine"}},
		"a token for OAuth2":         {source.Security{{scheme("o", "oauth2", nil)}}, ByName{"o": {Value: "t"}}, nil, map[string]string{"Authorization": "Bearer t"}},
	} {
		t.Run(name, func(t *testing.T) {
			req := request(t, "POST", "https://h.example/x?a=1", "body")
			if c.prepare != nil {
				c.prepare(req)
			}
			before := req.Header.Clone()
			signed, err := New(Options{Credentials: c.have}).Sign(t.Context(), req, c.security)
			if err != nil {
				t.Fatal(err)
			}
			for header, want := range c.want {
				got := signed.Header.Get(header)
				if header == "?" {
					got = signed.URL.RawQuery
				}
				if got != want {
					t.Errorf("%s: got %q, want %q", header, got, want)
				}
			}
			if len(req.Header) != len(before) {
				t.Errorf("the given request changed: %v", req.Header)
			}
		})
	}
}

func TestMissingCredentialsNameTheScheme(t *testing.T) {
	noAWS(t)
	code := scheme("login", "oauth2", func(s *source.SecurityScheme) {
		s.Flows = map[string]source.Flow{"authorizationCode": {TokenURL: "https://a.example"}}
	})
	for name, c := range map[string]struct {
		security source.Security
		want     []string
	}{
		"key":          {source.Security{{apiKey("key", "header", "X-Key")}}, []string{`"key" (API key in header X-Key)`, `a value for "key"`}},
		"alternatives": {source.Security{{httpScheme("a", "basic")}, {httpScheme("b", "bearer")}}, []string{`"a" (HTTP basic) or "b" (HTTP bearer)`, "user name and password", "token"}},
		"SigV4":        {source.Security{{apiKey("sigv4", "header", "Authorization")}}, []string{"AWS Signature Version 4", "AWS_ACCESS_KEY_ID"}},
		"undefined":    {source.Security{{source.SchemeUse{Name: "ghost"}}}, []string{`"ghost" (not defined by the description)`}},
		"interactive":  {source.Security{{code}}, []string{"a person and a browser", `access token for "login"`}},
		"digest":       {source.Security{{httpScheme("d", "digest")}}, []string{`"d" (HTTP digest)`}},
		"certificate":  {source.Security{{scheme("m", "mutualTLS", nil)}}, []string{"client certificate and its key"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(Options{}).Sign(t.Context(), request(t, "GET", "https://h.example/", ""), c.security)
			var missing *MissingError
			if !errors.As(err, &missing) {
				t.Fatalf("%v is no MissingError", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q", err, want)
				}
			}
		})
	}
	how := New(Options{How: func(s *source.SecurityScheme) string { return "--auth " + s.Name + "=…" }})
	if _, err := how.Sign(t.Context(), request(t, "GET", "https://h.example/", ""), source.Security{{apiKey("key", "header", "X-Key")}}); !strings.Contains(err.Error(), "--auth key=…") {
		t.Error(err)
	}
	boom := errors.New("vault is sealed")
	broken := New(Options{Credentials: credentialsThatFail(boom)})
	if _, err := broken.Sign(t.Context(), request(t, "GET", "https://h.example/", ""), source.Security{{apiKey("key", "header", "X-Key")}}); !errors.Is(err, boom) {
		t.Error(err)
	}
	if _, err := New(Options{Credentials: ByName{"key": {Value: "a\r\nX: 1"}}}).Sign(t.Context(), request(t, "GET", "https://h.example/", ""), source.Security{{apiKey("key", "header", "X-Key")}}); err == nil {
		t.Error("a key with a line break was sent")
	}
}
