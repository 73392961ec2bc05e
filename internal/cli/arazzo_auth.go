package cli

import (
	"context"
	"crypto/tls"
	"os"
	"strings"

	"github.com/headgate/headgate/arazzo/auth"
	"github.com/headgate/headgate/arazzo/runner"
	"github.com/headgate/headgate/arazzo/source"
)

// credentials tells the runner what the user has for security schemes.
func (c *ArazzoRun) credentials(r *runner.Runner) error {
	var certificate *tls.Certificate
	if (c.Cert == "") != (c.CertKey == "") {
		return usagef("--cert and --cert-key belong together")
	}
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.CertKey)
		if err != nil {
			return usagef("--cert: %w", err)
		}
		certificate = &pair
	}
	r.Auth.ForceSigV4 = c.SigV4 != ""
	r.Auth.SigV4.Service = c.SigV4
	r.Auth.Credentials = auth.CredentialsFunc(func(_ context.Context, scheme *source.SecurityScheme) (auth.Credential, bool, error) {
		if scheme.Type == "mutualTLS" || scheme.Type == "X509" {
			return auth.Credential{Certificate: certificate}, certificate != nil, nil
		}
		value, ok := c.Auth[scheme.Name]
		if !ok {
			value, ok = os.LookupEnv("ARAZZO_AUTH_" + variable(scheme.Name))
		}
		if !ok {
			return auth.Credential{}, false, nil
		}
		return credential(scheme, value), true, nil
	})
	return nil
}

// credential reads the user's text by what its scheme asks for.
func credential(scheme *source.SecurityScheme, value string) auth.Credential {
	first, rest, pair := strings.Cut(value, ":")
	switch {
	case strings.EqualFold(scheme.Scheme, "basic"), scheme.Type == "userPassword":
		return auth.Credential{Username: first, Password: rest}
	case (scheme.Type == "oauth2" || scheme.Type == "openIdConnect") && pair:
		c := auth.Credential{ClientID: first, ClientSecret: rest}
		if secret, login, more := strings.Cut(rest, ":"); more { // CLIENT:SECRET:USER:PASSWORD
			c.ClientSecret = secret
			c.Username, c.Password, _ = strings.Cut(login, ":")
		}
		return c
	}
	return auth.Credential{Value: value}
}

// variable is a name as environment variables have it.
func variable(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
}
