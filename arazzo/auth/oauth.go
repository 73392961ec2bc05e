package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/headgate/headgate/arazzo/source"
)

// tokenRequest is how one token is got; what is equal in it shares a token.
type tokenRequest struct {
	scheme     *source.SecurityScheme
	credential Credential
	endpoint   string // empty: to be discovered
	refresh    string
	grant      string
	scopes     string
}

func (r tokenRequest) key() string {
	c := r.credential
	return strings.Join([]string{r.endpoint, r.scheme.OpenIDConnectURL, r.grant, r.scopes, c.ClientID, c.ClientSecret, c.Username, c.Password}, "\x00")
}

// tokenRequest chooses the flow by what the user has; false: nothing that a flow of the scheme could use.
func (s *Signer) tokenRequest(use source.SchemeUse, c Credential) (tokenRequest, bool) {
	r := tokenRequest{scheme: use.Scheme, credential: c, endpoint: c.TokenURL}
	scopes := use.Scopes
	if c.Scopes != nil {
		scopes = c.Scopes
	}
	r.scopes = strings.Join(scopes, " ")
	var flow string
	switch {
	case c.Username != "":
		r.grant, flow = "password", "password"
	case c.ClientID != "":
		r.grant, flow = "client_credentials", "clientCredentials"
	default:
		return r, false
	}
	f, described := use.Scheme.Flows[flow]
	if r.endpoint == "" {
		r.endpoint = f.TokenURL
	}
	r.refresh = f.RefreshURL
	if use.Scheme.Type == "openIdConnect" {
		return r, r.endpoint != "" || use.Scheme.OpenIDConnectURL != ""
	}
	return r, r.endpoint != "" && (described || c.TokenURL != "")
}

// tokenSlot holds a token; its lock makes those who want the same one wait for one request.
type tokenSlot struct {
	mu      sync.Mutex
	access  string
	refresh string
	renew   time.Time // zero: never
	inBody  bool      // the server wants the client's secret in the form
}

// token gives a token that is good for a while, from the cache or from the server.
func (s *Signer) token(ctx context.Context, r tokenRequest) (string, error) {
	s.mu.Lock()
	slot := s.tokens[r.key()]
	if slot == nil {
		slot = &tokenSlot{}
		s.tokens[r.key()] = slot
	}
	s.mu.Unlock()
	slot.mu.Lock()
	defer slot.mu.Unlock()
	if slot.access != "" && (slot.renew.IsZero() || s.Clock.Now().Before(slot.renew)) {
		return slot.access, nil
	}
	if err := s.endpoint(ctx, &r); err != nil {
		return "", err
	}
	form := url.Values{"grant_type": {r.grant}}
	if r.scopes != "" {
		form.Set("scope", r.scopes)
	}
	if r.grant == "password" {
		form.Set("username", r.credential.Username)
		form.Set("password", r.credential.Password)
	}
	if slot.refresh != "" {
		again := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {slot.refresh}}
		at := r.endpoint
		if r.refresh != "" {
			at = r.refresh
		}
		if err := s.request(ctx, slot, r, at, again); err == nil {
			return slot.access, nil
		}
		slot.refresh = "" // it has ended, too
	}
	if err := s.request(ctx, slot, r, r.endpoint, form); err != nil {
		return "", fmt.Errorf("token for the security scheme %q: %w", r.scheme.Name, err)
	}
	return slot.access, nil
}

// endpoint discovers the token endpoint of OpenID Connect, and refuses to send secrets in clear text, except to this machine.
func (s *Signer) endpoint(ctx context.Context, r *tokenRequest) error {
	if r.endpoint == "" {
		s.mu.Lock()
		r.endpoint = s.discovery[r.scheme.OpenIDConnectURL]
		s.mu.Unlock()
	}
	if r.endpoint == "" {
		found, err := s.discover(ctx, r.scheme.OpenIDConnectURL)
		if err != nil {
			return fmt.Errorf("discovery of the security scheme %q: %w", r.scheme.Name, err)
		}
		s.mu.Lock()
		s.discovery[r.scheme.OpenIDConnectURL] = found
		s.mu.Unlock()
		r.endpoint = found
	}
	for _, text := range []string{r.endpoint, r.refresh} {
		u, err := url.Parse(text)
		if text == "" {
			continue
		}
		if err != nil || u.Host == "" {
			return fmt.Errorf("the token URL %q of the security scheme %q is not absolute", text, r.scheme.Name)
		}
		if u.Scheme != "https" && !(u.Scheme == "http" && (loopback(u.Hostname()) || r.credential.TokenURL == text)) {
			return fmt.Errorf("the token URL %s of the security scheme %q is not https: give it yourself if secrets may go there", u.Redacted(), r.scheme.Name)
		}
	}
	return nil
}

// loopback tells this machine: secrets do not leave it, so a development server needs no TLS.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// discover reads the issuer's document (OpenID Connect Discovery, section 4).
func (s *Signer) discover(ctx context.Context, at string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return "", err
	}
	var answer struct {
		TokenEndpoint string   `json:"token_endpoint"`
		Grants        []string `json:"grant_types_supported"`
	}
	if err := s.fetch(req, &answer); err != nil {
		return "", err
	}
	if answer.TokenEndpoint == "" {
		return "", errors.New("the document has no token_endpoint")
	}
	return answer.TokenEndpoint, nil
}

// maxAnswer bounds what a token server may answer, in bytes.
const maxAnswer = 1 << 20

// oauthError is RFC 6749's (section 5.2).
type oauthError struct {
	Status      string
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

func (e *oauthError) Error() string {
	text := "the server answered " + e.Status
	if e.Code != "" {
		text += ": " + e.Code
	}
	if e.Description != "" {
		text += ": " + e.Description
	}
	return text
}

// fetch sends a request and reads JSON. Its errors hold what the server said, never what was sent.
func (s *Signer) fetch(req *http.Request, into any) error {
	req.Header.Set("Accept", "application/json")
	resp, err := s.Client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return err
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		e := &oauthError{}
		_ = json.Unmarshal(data, e) // whatever it says is more than nothing
		e.Status = resp.Status
		return e
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("the server's answer is no JSON: %w", err)
	}
	return nil
}

// request asks for a token. The client proves itself by HTTP basic, as every server must allow (RFC 6749, 2.3.1); some want its secret
// in the form instead, which the first refusal tells.
func (s *Signer) request(ctx context.Context, slot *tokenSlot, r tokenRequest, endpoint string, form url.Values) error {
	err := s.ask(ctx, slot, r, endpoint, form)
	var refused *oauthError
	if err != nil && errors.As(err, &refused) && !slot.inBody && r.credential.ClientID != "" &&
		(refused.Code == "invalid_client" || refused.Code == "invalid_request" || strings.HasPrefix(refused.Status, "401")) {
		slot.inBody = true
		if again := s.ask(ctx, slot, r, endpoint, form); again != nil {
			slot.inBody = false
			return err
		}
		return nil
	}
	return err
}

// ask sends one token request and keeps the answer in the slot, whose lock the caller holds.
func (s *Signer) ask(ctx context.Context, slot *tokenSlot, r tokenRequest, endpoint string, form url.Values) error {
	c := r.credential
	values := url.Values{}
	for k, v := range form {
		values[k] = slices.Clone(v)
	}
	basic := c.ClientID != "" && c.ClientSecret != "" && !slot.inBody
	if c.ClientID != "" && !basic {
		values.Set("client_id", c.ClientID)
		if c.ClientSecret != "" {
			values.Set("client_secret", c.ClientSecret)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(values.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if basic {
		req.SetBasicAuth(url.QueryEscape(c.ClientID), url.QueryEscape(c.ClientSecret))
	}
	var answer struct {
		Access    string      `json:"access_token"`
		Refresh   string      `json:"refresh_token"`
		Type      string      `json:"token_type"`
		ExpiresIn json.Number `json:"expires_in"`
	}
	if err := s.fetch(req, &answer); err != nil {
		return err
	}
	switch {
	case answer.Access == "":
		return errors.New("the server's answer has no access_token")
	case strings.ContainsAny(answer.Access, "\r\n\x00"):
		return errors.New("the access token has a line break in it")
	case answer.Type != "" && !strings.EqualFold(answer.Type, "bearer"):
		return fmt.Errorf("the server gives tokens of the type %q: bearer is supported", answer.Type)
	}
	s.Masker().AddSecret(answer.Access, answer.Refresh)
	slot.access, slot.renew = answer.Access, time.Time{}
	if answer.Refresh != "" {
		slot.refresh = answer.Refresh
	}
	if seconds, err := answer.ExpiresIn.Float64(); err == nil && seconds > 0 {
		slot.renew = s.Clock.Now().Add(lifetime(seconds))
	}
	return nil
}

// lifetime is how long a token is used: until a minute before it ends, or for half its life where that is shorter, so that a request
// under way does not outlive it.
func lifetime(seconds float64) time.Duration {
	life := time.Duration(min(seconds, 1e9) * float64(time.Second))
	return max(life-time.Minute, life/2)
}
