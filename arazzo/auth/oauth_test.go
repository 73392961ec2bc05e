package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headgate/headgate/arazzo/source"
)

func credentialsThatFail(err error) Credentials {
	return CredentialsFunc(func(context.Context, *source.SecurityScheme) (Credential, bool, error) {
		return Credential{}, false, err
	})
}

// issuer is a token server over real TLS. It knows the client "id&1" with the secret "s/e&cret" and the user "ann" with "pw".
type issuer struct {
	*httptest.Server
	mu       sync.Mutex
	forms    []url.Values
	inBody   bool // takes the client's secret in the form alone
	refresh  bool // gives refresh tokens
	noRenew  bool // refuses them
	lifetime int
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	s := &issuer{lifetime: 3600}
	s.Server = httptest.NewTLSServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/.well-known/openid-configuration" {
		fmt.Fprintf(w, `{"issuer":%q,"token_endpoint":%q}`, s.URL, s.URL+"/token")
		return
	}
	refuse := func(status int, code string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error":%q,"error_description":"because"}`, code)
	}
	if err := r.ParseForm(); err != nil || r.Method != http.MethodPost {
		refuse(400, "invalid_request")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id, secret, basic := r.BasicAuth()
	if basic {
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	} else {
		id, secret = r.Form.Get("client_id"), r.Form.Get("client_secret")
	}
	grant := r.Form.Get("grant_type")
	switch {
	case basic == s.inBody && id != "", grant == "client_credentials" && (id != "id&1" || secret != "s/e&cret"):
		refuse(401, "invalid_client")
		return
	case grant == "password" && (r.Form.Get("username") != "ann" || r.Form.Get("password") != "pw"), grant == "refresh_token" && s.noRenew:
		refuse(400, "invalid_grant")
		return
	}
	s.forms = append(s.forms, r.Form)
	answer := map[string]any{"access_token": fmt.Sprintf("token-%d", len(s.forms)), "token_type": "Bearer", "expires_in": s.lifetime}
	if s.refresh {
		answer["refresh_token"] = fmt.Sprintf("refresh-%d", len(s.forms))
	}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		panic(err)
	}
}

type fakeClock struct{ now time.Time }

func (c *fakeClock) Now() time.Time { return c.now }

func (s *issuer) oauth2(flow string) source.SchemeUse {
	use := scheme("o", "oauth2", func(o *source.SecurityScheme) { o.Flows = map[string]source.Flow{flow: {TokenURL: s.URL + "/token"}} })
	use.Scopes = []string{"read", "write"}
	return use
}

func authorization(t *testing.T, s *Signer, use source.SchemeUse) string {
	t.Helper()
	signed, err := s.Sign(t.Context(), request(t, "GET", "https://h.example/", ""), source.Security{{use}})
	if err != nil {
		t.Fatal(err)
	}
	return signed.Header.Get("Authorization")
}

var client = Credential{ClientID: "id&1", ClientSecret: "s/e&cret"}

func TestClientCredentialsAreCachedAndRenewed(t *testing.T) {
	server, clock := newIssuer(t), &fakeClock{time.Unix(1e9, 0)}
	s := New(Options{Client: server.Client(), Clock: clock, Credentials: ByName{"o": client}})
	use := server.oauth2("clientCredentials")
	for range 3 {
		if got := authorization(t, s, use); got != "Bearer token-1" {
			t.Fatal(got)
		}
	}
	if got := server.forms[0].Get("scope"); got != "read write" {
		t.Errorf("scope %q", got)
	}
	clock.now = clock.now.Add(3600*time.Second - 61*time.Second)
	if got := authorization(t, s, use); got != "Bearer token-1" {
		t.Error(got)
	}
	clock.now = clock.now.Add(2 * time.Second) // less than a minute is left
	if got := authorization(t, s, use); got != "Bearer token-2" {
		t.Error(got)
	}
	use.Scopes = []string{"other"}
	if got := authorization(t, s, use); got != "Bearer token-3" {
		t.Errorf("other scopes: %s", got)
	}
	if got := s.Masker().Text("x token-3 s/e&cret y"); got != "x *** *** y" {
		t.Errorf("masked: %s", got)
	}
}

func TestManyStepsShareOneTokenRequest(t *testing.T) {
	server := newIssuer(t)
	s := New(Options{Client: server.Client(), Credentials: ByName{"o": client}})
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, err := s.Sign(t.Context(), request(t, "GET", "https://h.example/", ""), source.Security{{server.oauth2("clientCredentials")}}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if len(server.forms) != 1 {
		t.Errorf("%d requests", len(server.forms))
	}
}

func TestClientSecretGoesIntoTheFormWhereTheServerWantsIt(t *testing.T) {
	server := newIssuer(t)
	server.inBody = true
	s := New(Options{Client: server.Client(), Credentials: ByName{"o": client}})
	if got := authorization(t, s, server.oauth2("clientCredentials")); got != "Bearer token-1" {
		t.Error(got)
	}
}

func TestPasswordGrantUsesItsRefreshToken(t *testing.T) {
	server, clock := newIssuer(t), &fakeClock{time.Unix(1e9, 0)}
	server.refresh = true
	s := New(Options{Client: server.Client(), Clock: clock, Credentials: ByName{"o": {Username: "ann", Password: "pw", Scopes: []string{"mine"}}}})
	use := server.oauth2("password")
	for i, want := range []string{"password", "refresh_token", "refresh_token", "password"} {
		if i == 3 {
			server.noRenew = true
		}
		if got := authorization(t, s, use); got != fmt.Sprintf("Bearer token-%d", i+1) {
			t.Fatal(got)
		}
		form := server.forms[len(server.forms)-1]
		if form.Get("grant_type") != want {
			t.Errorf("%d: %v", i, form)
		}
		if i == 1 && form.Get("refresh_token") != "refresh-1" || i == 0 && form.Get("scope") != "mine" {
			t.Errorf("%d: %v", i, form)
		}
		clock.now = clock.now.Add(time.Hour)
	}
}

func TestOpenIDConnectDiscoversTheEndpoint(t *testing.T) {
	server := newIssuer(t)
	use := scheme("oidc", "openIdConnect", func(o *source.SecurityScheme) { o.OpenIDConnectURL = server.URL + "/.well-known/openid-configuration" })
	s := New(Options{Client: server.Client(), Credentials: ByName{"oidc": client}})
	if got := authorization(t, s, use); got != "Bearer token-1" {
		t.Error(got)
	}
	use.Scheme.OpenIDConnectURL = server.URL + "/token"
	if _, err := New(Options{Client: server.Client(), Credentials: ByName{"oidc": client}}).Sign(t.Context(), request(t, "GET", "https://h.example/", ""), source.Security{{use}}); err == nil || !strings.Contains(err.Error(), "discovery") {
		t.Error(err)
	}
}

func TestTokenServersThatRefuse(t *testing.T) {
	server := newIssuer(t)
	clear := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer clear.Close()
	for name, c := range map[string]struct {
		credential Credential
		tokenURL   string
		want       string
	}{
		"wrong secret":        {Credential{ClientID: "id&1", ClientSecret: "wrong"}, server.URL, "401 Unauthorized: invalid_client: because"},
		"clear text":          {client, "http://auth.example.com/token", "is not https"},
		"relative":            {client, "/token", "not absolute"},
		"answers no JSON":     {client, clear.URL, "no JSON"},
		"secret in the error": {Credential{ClientID: "id&1", ClientSecret: "wrong"}, server.URL, "because"},
	} {
		t.Run(name, func(t *testing.T) {
			use := server.oauth2("clientCredentials")
			use.Scheme.Flows["clientCredentials"] = source.Flow{TokenURL: c.tokenURL}
			doer := source.Doer(server.Client())
			_, err := New(Options{Client: doer, Credentials: ByName{"o": c.credential}}).Sign(t.Context(), request(t, "GET", "https://h.example/", ""), source.Security{{use}})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "wrong") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	other := server.oauth2("authorizationCode")
	if _, err := New(Options{Credentials: ByName{"o": client}}).Sign(t.Context(), request(t, "GET", "https://h.example/", ""), source.Security{{other}}); err == nil {
		t.Error("a flow that needs a browser was used")
	}
}
