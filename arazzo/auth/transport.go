package auth

import (
	"crypto/sha256"
	"crypto/tls"
	"net/http"
	"sync"
)

// Transport presents the client certificate that Sign attached to a request. Each certificate has connections of its own, so that
// none travels on another's.
type Transport struct {
	base *http.Transport
	mu   sync.Mutex
	with map[[sha256.Size]byte]*http.Transport
}

// NewTransport makes one over base, which is cloned for each certificate and must not change any more; nil is http.DefaultTransport.
func NewTransport(base *http.Transport) *Transport {
	if base == nil {
		base = http.DefaultTransport.(*http.Transport).Clone()
	}
	return &Transport{base: base, with: map[[sha256.Size]byte]*http.Transport{}}
}

// RoundTrip sends the request by the transport of its certificate.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	return t.transport(Certificate(req.Context())).RoundTrip(req)
}

// transport finds or makes the transport of a certificate, known by its leaf: a credential source may give equal copies.
func (t *Transport) transport(c *tls.Certificate) *http.Transport {
	if c == nil || len(c.Certificate) == 0 {
		return t.base
	}
	key := sha256.Sum256(c.Certificate[0])
	t.mu.Lock()
	defer t.mu.Unlock()
	if found := t.with[key]; found != nil {
		return found
	}
	clone := t.base.Clone()
	if clone.TLSClientConfig == nil {
		clone.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	// A server that names other authorities gets the certificate all the same: the user chose it for this server.
	clone.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c, nil }
	t.with[key] = clone
	return clone
}

// CloseIdleConnections closes what is kept open.
func (t *Transport) CloseIdleConnections() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.base.CloseIdleConnections()
	for _, c := range t.with {
		c.CloseIdleConnections()
	}
}
