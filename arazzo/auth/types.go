package auth

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/headgate/headgate/arazzo/source"
)

// Credential is what a user has for one scheme; the scheme tells which members matter.
type Credential struct {
	Value        string // apiKey: the key; http bearer, OAuth2, OpenID Connect: a token that the user has already
	Username     string // http basic, OAuth2's password grant
	Password     string
	ClientID     string // OAuth2
	ClientSecret string
	Scopes       []string         // OAuth2: replaces the scopes that the requirement lists
	TokenURL     string           // OAuth2: replaces the description's
	Certificate  *tls.Certificate // mutualTLS
	SigV4        *SigV4           // SigV4: replaces the options'
}

// Credentials know what the user has. ok is false where there is nothing for the scheme.
type Credentials interface {
	Credential(ctx context.Context, scheme *source.SecurityScheme) (c Credential, ok bool, err error)
}

// CredentialsFunc makes a function Credentials.
type CredentialsFunc func(ctx context.Context, scheme *source.SecurityScheme) (Credential, bool, error)

// Credential calls the function.
func (f CredentialsFunc) Credential(ctx context.Context, scheme *source.SecurityScheme) (Credential, bool, error) {
	return f(ctx, scheme)
}

// ByName are credentials by the scheme's name in the description.
type ByName map[string]Credential

// Credential looks the scheme's name up.
func (m ByName) Credential(_ context.Context, scheme *source.SecurityScheme) (Credential, bool, error) {
	c, ok := m[scheme.Name]
	return c, ok, nil
}

// Clock tells the time.
type Clock interface{ Now() time.Time }

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

// Options are what a Signer needs; the zero value signs what needs nothing but the AWS credential chain.
type Options struct {
	Credentials Credentials
	Client      source.Doer // fetches tokens and discovery documents; nil: a client with a 30 s timeout
	Clock       Clock       // nil: the system's
	Masker      *Masker     // nil: one of its own, see Signer.Masker
	SigV4       SigV4       // for every scheme that is SigV4
	ForceSigV4  bool        // sign every request with SigV4, whatever its description asks for
	// How tells a user how to supply what a scheme needs (which flag, which variable); nil: general words.
	How func(scheme *source.SecurityScheme) string
}
