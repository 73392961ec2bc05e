package gateway

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// refuse is the page guard: it returns why a request must come from a web page of somebody else,
// or "".
//
// An unverified gateway trusts whoever reaches loopback, and a browser on the machine does, on
// behalf of any page it shows. Such a page must not drive the platform, not even blindly:
//   - cross-site requests (CSRF) bear an Origin header, which must be a loopback one;
//   - but an image or a link sends none with a GET, and GETs can change things (query services,
//     S3): browsers mark those with Sec-Fetch-Site. Only our own pages may be linked to;
//   - a page whose own name was rebound to 127.0.0.1 (DNS rebinding) sends GETs without Origin,
//     but its name in Host, so a Host that is a public-looking name is refused.
//
// Under Verify the signature does this, which no page can forge; pages that hold credentials
// (uploads to S3) then work from any origin.
func (g *gateway) refuse(r *http.Request) string {
	if g.Verify {
		return ""
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		u, err := url.Parse(origin)
		if err != nil || !isLoopback(u.Hostname()) {
			return "Headgate refuses requests from web pages that are not its own (Origin " + clean(origin) + ")"
		}
	}
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" && !isLink(r) {
		return "Headgate refuses requests that another site's page makes"
	}
	if !g.hostAllowed(hostname(r.Host)) {
		return "Headgate does not know the host name " + clean(r.Host) + ": allow it, or connect to 127.0.0.1"
	}
	return ""
}

// isLink tells somebody following a link to the platform's own pages.
func isLink(r *http.Request) bool {
	return r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/_headgate")
}

// hostAllowed tells names that a page's owner cannot have rebound: addresses, names without a
// dot, reserved ones, and those of the tools and services that people point at loopback. Not those in
// .local: anybody on the same link answers for them (mDNS).
func (g *gateway) hostAllowed(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") || isLoopback(host) {
		return true
	}
	for _, suffix := range append([]string{"localhost.localstack.cloud", "docker.internal", "amazonaws.com", "internal", "test"}, g.Hosts...) {
		if host == suffix || strings.HasSuffix(host, "."+suffix) {
			return true
		}
	}
	return false
}

func isLoopback(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// hostname strips the port, and the brackets of an IPv6 address.
func hostname(hostport string) string {
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		hostport = h
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(hostport, "[]"), "."))
}

// clean keeps what a client sent from playing tricks in a terminal.
func clean(s string) string {
	if len(s) > 100 {
		s = s[:100]
	}
	return strings.Map(func(r rune) rune {
		if r < 0x21 || r > 0x7e {
			return '?'
		}
		return r
	}, s)
}
