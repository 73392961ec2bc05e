package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/headgate/headgate/arazzo/source"
)

// certificate makes a self-signed client certificate.
func certificate(t *testing.T, name string) (*tls.Certificate, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, leaf
}

func TestMutualTLS(t *testing.T) {
	ann, annLeaf := certificate(t, "ann")
	bob, bobLeaf := certificate(t, "bob")
	eve, _ := certificate(t, "eve")
	known := x509.NewCertPool()
	known.AddCert(annLeaf)
	known.AddCert(bobLeaf)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it will complain of strangers
	server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: known}
	server.StartTLS()
	defer server.Close()
	base := server.Client().Transport.(*http.Transport)
	transport := NewTransport(base)
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	s := New(Options{Credentials: ByName{"ann": {Certificate: ann}, "bob": {Certificate: bob}, "eve": {Certificate: eve}}})
	get := func(name string) (string, error) {
		req, err := s.Sign(t.Context(), request(t, "GET", server.URL, ""), source.Security{{scheme(name, "mutualTLS", nil)}})
		if err != nil {
			return "", err
		}
		resp, err := client.Do(req)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		text := make([]byte, 3)
		n, _ := resp.Body.Read(text)
		return string(text[:n]), nil
	}
	for _, name := range []string{"ann", "bob", "ann"} {
		if got, err := get(name); err != nil || got != name {
			t.Errorf("as %s: %q %v", name, got, err)
		}
	}
	if got, err := get("eve"); err == nil {
		t.Errorf("a stranger was let in as %q", got)
	}
	if got, err := get("nobody"); err == nil {
		t.Errorf("nobody was let in as %q", got)
	}
	if resp, err := client.Get(server.URL); err == nil {
		t.Errorf("without a certificate: %s", resp.Status)
	}
}
