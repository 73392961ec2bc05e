package auth

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/headgate/headgate/arazzo/source"
)

// Signer signs requests. It caches tokens: use one for a whole run. It is safe for several goroutines.
type Signer struct {
	Options
	mu        sync.Mutex
	tokens    map[string]*tokenSlot
	discovery map[string]string // OpenID Connect: token endpoints by discovery URL
	chain     chain
}

// New makes a Signer.
func New(o Options) *Signer {
	if o.Credentials == nil {
		o.Credentials = ByName{}
	}
	if o.Client == nil {
		o.Client = &http.Client{Timeout: 30 * time.Second, Transport: source.SafeTransport()}
	}
	if o.Clock == nil {
		o.Clock = systemClock{}
	}
	if o.Masker == nil {
		o.Masker = &Masker{}
	}
	return &Signer{Options: o, tokens: map[string]*tokenSlot{}, discovery: map[string]string{}}
}

// Masker is the masker that learns the secrets this signer uses.
func (s *Signer) Masker() *Masker { return s.Options.Masker }

// MissingError says which credentials would have been needed.
type MissingError struct {
	source.Position
	Schemes []string // the names of the schemes without credentials, of all alternatives
	Message string
	Hint    string // how to supply them
	Err     error  // why AWS's credential chain gave none; else nil
}

// Unwrap gives the cause.
func (e *MissingError) Unwrap() error { return e.Err }

// Error names the schemes and how to supply them.
func (e *MissingError) Error() string {
	text := e.Message
	if at := e.Position.String(); at != "" {
		text = at + ": " + text
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	return text
}

// Sign gives a copy of the request what one alternative of the security asks for: the first whose schemes all have credentials. An
// alternative that asks for nothing is taken last. A scheme whose header or parameter the request has already, because the workflow set it
// itself, counts as met. The copy carries ctx, which for client certificates is more than the caller's: NewTransport reads it. Sign
// each attempt anew, last before sending: signatures age. The error is a *MissingError where the user must supply something.
func (s *Signer) Sign(ctx context.Context, req *http.Request, security source.Security) (*http.Request, error) {
	return s.sign(ctx, req, security, nil)
}

// SignOperation is Sign for an operation's own security. The hosts of its servers tell what SigV4 signs for, where the request goes to a
// stand-in for AWS whose own host does not.
func (s *Signer) SignOperation(ctx context.Context, req *http.Request, op *source.Operation) (*http.Request, error) {
	return s.sign(ctx, req, op.Security, op.Servers)
}

// sign tries the alternatives in order. Credentials are looked for before anything is changed, tokens are fetched only for the one chosen.
func (s *Signer) sign(ctx context.Context, req *http.Request, security source.Security, servers []source.Server) (*http.Request, error) {
	signed := req.Clone(ctx)
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, fmt.Errorf("read the body again: %w", err)
		}
		signed.Body = body
	}
	if s.ForceSigV4 {
		a := &application{signer: s, req: signed, servers: servers}
		return signed, a.sigV4(ctx, &source.SecurityScheme{Name: "sigv4"}, s.SigV4)
	}
	var missing []source.SchemeUse
	anonymous := len(security) == 0
	for _, requirement := range security {
		if len(requirement) == 0 {
			anonymous = true
			continue
		}
		a := &application{signer: s, req: signed, servers: servers}
		lacking, err := a.prepare(ctx, requirement)
		if err != nil {
			return nil, err
		}
		if len(lacking) > 0 {
			missing = append(missing, lacking...)
			continue
		}
		return a.apply(ctx)
	}
	if anonymous {
		return signed, nil
	}
	return nil, s.missing(missing)
}

// missing words what is lacking.
func (s *Signer) missing(uses []source.SchemeUse) error {
	e := &MissingError{}
	var words, how []string
	for _, use := range uses {
		if slices.Contains(e.Schemes, use.Name) {
			continue
		}
		if len(e.Schemes) == 0 {
			e.Position = use.Position
		}
		e.Schemes = append(e.Schemes, use.Name)
		words = append(words, fmt.Sprintf("%q (%s)", use.Name, Describe(use.Scheme)))
		if IsSigV4(use.Scheme) {
			e.Err = s.chain.failure()
		}
		if h := s.how(use.Scheme); h != "" && !slices.Contains(how, h) {
			how = append(how, h)
		}
	}
	e.Message = "no credentials for the security scheme " + strings.Join(words, " or ")
	e.Hint = strings.Join(how, "; or ")
	return e
}

// how tells how to supply what a scheme needs.
func (s *Signer) how(scheme *source.SecurityScheme) string {
	switch {
	case scheme == nil:
		return "define it in components/securitySchemes"
	case IsSigV4(scheme):
		return "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
	case s.How != nil:
		return s.How(scheme)
	}
	switch scheme.Type {
	case "oauth2", "openIdConnect":
		if scheme.Type == "oauth2" && scheme.Flows["clientCredentials"].TokenURL == "" && scheme.Flows["password"].TokenURL == "" {
			return fmt.Sprintf("its flows need a person and a browser: supply an access token for %q", scheme.Name)
		}
		return fmt.Sprintf("supply a client id and secret, a user name and password, or an access token for %q", scheme.Name)
	case "mutualTLS":
		return fmt.Sprintf("supply a client certificate and its key for %q", scheme.Name)
	case "http":
		if scheme.Scheme == "basic" {
			return fmt.Sprintf("supply a user name and password for %q", scheme.Name)
		}
		return fmt.Sprintf("supply a token for %q", scheme.Name)
	}
	return fmt.Sprintf("supply a value for %q", scheme.Name)
}

// Describe says in a few words what a scheme asks for.
func Describe(scheme *source.SecurityScheme) string {
	switch {
	case scheme == nil:
		return "not defined by the description"
	case IsSigV4(scheme):
		return "AWS Signature Version 4"
	case scheme.Type == "apiKey":
		return "API key in " + scheme.In + " " + scheme.Key
	case scheme.Type == "http":
		return "HTTP " + scheme.Scheme
	case scheme.Type == "mutualTLS":
		return "client certificate"
	case scheme.Type == "":
		return "no type"
	}
	return scheme.Type
}

// application is one alternative on its way into a request. Signatures go last: they cover what the others add.
type application struct {
	signer  *Signer
	req     *http.Request
	servers []source.Server
	steps   []func(ctx context.Context) error
	last    []func(ctx context.Context) error
}

// prepare finds credentials for every scheme of a requirement; what it lacks is no error yet, since another alternative may do.
func (a *application) prepare(ctx context.Context, requirement source.Requirement) (lacking []source.SchemeUse, err error) {
	for _, use := range requirement {
		if use.Scheme == nil {
			lacking = append(lacking, use)
			continue
		}
		if a.met(use.Scheme) {
			continue
		}
		c, ok, err := a.signer.Credentials.Credential(ctx, use.Scheme)
		if err != nil {
			return nil, fmt.Errorf("credentials for %q: %w", use.Name, err)
		}
		if IsSigV4(use.Scheme) {
			ok, err = a.prepareSigV4(ctx, use.Scheme, c)
		} else if ok {
			ok, err = a.prepareScheme(use, c)
		}
		if err != nil {
			return nil, err
		}
		if !ok {
			lacking = append(lacking, use)
		}
	}
	return lacking, nil
}

func (a *application) apply(ctx context.Context) (*http.Request, error) {
	for _, step := range append(a.steps, a.last...) {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return a.req, nil
}

// met tells whether the request has already what a scheme would add.
func (a *application) met(scheme *source.SecurityScheme) bool {
	if scheme.Type != "apiKey" {
		return scheme.Type != "mutualTLS" && a.req.Header.Get("Authorization") != ""
	}
	switch scheme.In {
	case "header":
		return a.req.Header.Get(scheme.Key) != ""
	case "query":
		return a.req.URL.Query().Has(scheme.Key)
	case "cookie":
		_, err := a.req.Cookie(scheme.Key)
		return err == nil
	}
	return false
}

// prepareScheme plans one scheme; false: the credential has nothing that the scheme could use.
func (a *application) prepareScheme(use source.SchemeUse, c Credential) (bool, error) {
	m := a.signer.Masker()
	scheme := use.Scheme
	switch scheme.Type {
	case "apiKey":
		m.learnKey(scheme)
		m.AddSecret(c.Value)
		a.steps = append(a.steps, func(context.Context) error { return a.key(scheme, c.Value) })
		return c.Value != "", nil
	case "http":
		return a.prepareHTTP(scheme, c), nil
	case "oauth2", "openIdConnect":
		m.AddSecret(c.Value, c.Password, c.ClientSecret)
		if c.Value != "" {
			a.authorize("Bearer " + c.Value)
			return true, nil
		}
		request, ok := a.signer.tokenRequest(use, c)
		a.steps = append(a.steps, func(ctx context.Context) error {
			token, err := a.signer.token(ctx, request)
			if err == nil {
				a.req.Header.Set("Authorization", "Bearer "+token)
			}
			return err
		})
		return ok, nil
	case "mutualTLS":
		a.steps = append(a.steps, func(ctx context.Context) error {
			a.req = a.req.WithContext(context.WithValue(a.req.Context(), certificateKey{}, c.Certificate))
			return nil
		})
		return c.Certificate != nil, nil
	}
	return false, &source.Error{Position: scheme.Position, Message: fmt.Sprintf("the security scheme %q has the unknown type %q", scheme.Name, scheme.Type)}
}

// prepareHTTP plans an Authorization header of a scheme that needs no dialogue; a scheme that nobody here knows gets its name and the value.
func (a *application) prepareHTTP(scheme *source.SecurityScheme, c Credential) bool {
	m := a.signer.Masker()
	m.AddSecret(c.Value, c.Password)
	switch scheme.Scheme {
	case "basic":
		user, password := c.Username, c.Password
		if user == "" && password == "" {
			user, password, _ = strings.Cut(c.Value, ":")
		}
		encoded := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
		m.AddSecret(encoded, password)
		a.authorize("Basic " + encoded)
		return user != "" || password != ""
	case "bearer":
		a.authorize("Bearer " + c.Value)
	case "digest":
		return false // a dialogue, which signing before sending cannot be
	default:
		name := scheme.Scheme
		if name != "" {
			name = strings.ToUpper(name[:1]) + name[1:]
		}
		a.authorize(strings.TrimSpace(name + " " + c.Value))
	}
	return c.Value != ""
}

// authorize plans an Authorization header.
func (a *application) authorize(value string) {
	a.steps = append(a.steps, func(context.Context) error {
		if strings.ContainsAny(value, "\r\n\x00") {
			return errors.New("a credential has a line break in it")
		}
		a.req.Header.Set("Authorization", value)
		return nil
	})
}

// key puts an API key where its scheme says.
func (a *application) key(scheme *source.SecurityScheme, value string) error {
	if strings.ContainsAny(value, "\r\n\x00") {
		return fmt.Errorf("the key for %q has a line break in it", scheme.Name)
	}
	switch scheme.In {
	case "header":
		a.req.Header.Set(scheme.Key, value)
	case "query":
		u := *a.req.URL
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += url.QueryEscape(scheme.Key) + "=" + url.QueryEscape(value)
		a.req.URL = &u
	case "cookie":
		cookie := scheme.Key + "=" + url.QueryEscape(value)
		if old := a.req.Header.Get("Cookie"); old != "" {
			cookie = old + "; " + cookie
		}
		a.req.Header.Set("Cookie", cookie)
	default:
		return &source.Error{Position: scheme.Position, Message: fmt.Sprintf("the API key %q is in %q", scheme.Name, scheme.In), Hint: "header, query or cookie"}
	}
	return nil
}

// certificateKey is the context's key of the client certificate.
type certificateKey struct{}

// Certificate is the client certificate that Sign attached to a request's context; nil: none.
func Certificate(ctx context.Context) *tls.Certificate {
	c, _ := ctx.Value(certificateKey{}).(*tls.Certificate)
	return c
}
