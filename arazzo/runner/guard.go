package runner

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/headgate/headgate/arazzo/auth"
	"github.com/headgate/headgate/arazzo/source"
)

// RefusedError is a request that the runner does not make, whatever the document says.
type RefusedError struct {
	URL    string
	Reason string
}

// Error says what was refused and why.
func (e *RefusedError) Error() string { return "refused to request " + e.URL + ": " + e.Reason }

// guardURL refuses what a document has no business to reach: other schemes than http and https, and link-local addresses, where clouds
// keep the credentials of the machine.
func guardURL(u *url.URL, linkLocal bool) error {
	if s := strings.ToLower(u.Scheme); s != "http" && s != "https" {
		return &RefusedError{u.Redacted(), "only http and https are requested"}
	}
	if linkLocal {
		return nil
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if host == "metadata.google.internal" {
		return &RefusedError{u.Redacted(), "the machine's own credentials may be served there"}
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return nil //nolint:nilerr // a name: the client checks what it resolves to
	}
	if err := source.CheckAddress(addr); err != nil {
		return &RefusedError{u.Redacted(), err.Error()}
	}
	return nil
}

// NewClient is the client that a Runner uses unless it is given one: it follows no redirects, since documents test for them, and refuses
// link-local addresses at connect time too, so that no name that resolves to one gets through.
func NewClient(linkLocal bool) *http.Client {
	transport := source.SafeTransport()
	if linkLocal {
		transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	transport.MaxIdleConnsPerHost = 16
	return &http.Client{
		Transport:     auth.NewTransport(transport),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
