package source

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// CheckAddress refuses the addresses at which clouds answer a machine's own credentials: link-local ones in each spelling, and the
// metadata services that have addresses of their own. Loopback and private networks are fine: people test there.
func CheckAddress(a netip.Addr) error {
	a = a.WithZone("").Unmap()
	if nat64 := netip.MustParsePrefix("64:ff9b::/96"); nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	switch {
	case a.IsLinkLocalUnicast(), a.IsLinkLocalMulticast():
		return fmt.Errorf("the link-local address %s is refused", a)
	case a == netip.AddrFrom4([4]byte{100, 100, 100, 200}), a == netip.MustParseAddr("fd00:ec2::254"), a == netip.MustParseAddr("fd00:ec2::23"):
		return fmt.Errorf("the metadata address %s is refused", a)
	case a.IsMulticast(), a.IsUnspecified():
		return fmt.Errorf("the address %s is refused", a)
	}
	return nil
}

// SafeTransport is a transport that checks each address after its name was resolved, at the moment of connecting, so that a name which
// changes its mind gains nothing.
func SafeTransport() *http.Transport {
	dialer := &net.Dialer{
		Timeout: 10 * time.Second,
		Control: func(_, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("check address: %w", err)
			}
			return CheckAddress(ap.Addr())
		},
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = dialer.DialContext
	return t
}

// checkURL refuses what is not http(s), and hosts that are or resolve to refused addresses. The transport checks again; this one is for
// clients that are not ours, and for proxies, which connect for us. A name that nobody resolves here is the client's affair.
func checkURL(ctx context.Context, u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("the scheme %q is refused: only http and https are fetched", u.Scheme)
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if host == "" {
		return fmt.Errorf("the URL has no host")
	}
	if host == "metadata.google.internal" || host == "metadata" {
		return fmt.Errorf("the metadata host %q is refused", host)
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return CheckAddress(a)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil
	}
	for _, a := range addresses {
		if err := CheckAddress(a); err != nil {
			return fmt.Errorf("%s: %w", host, err)
		}
	}
	return nil
}
