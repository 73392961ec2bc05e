package source

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// A location is where a document is: an http(s) URL, or the absolute path of a local file (never a file: URL, which only documents with
// bad intentions use). Other URIs (urn:…) are names that $id and $self give.

func isRemote(location string) bool {
	scheme, _, found := strings.Cut(location, "://")
	return found && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}

// resolveLocation finds what ref means within a document at base.
func resolveLocation(base, ref string) (location, fragment string, err error) {
	ref, fragment, _ = strings.Cut(ref, "#")
	if ref == "" {
		return base, fragment, nil
	}
	u, err := url.Parse(ref)
	if err != nil {
		return "", "", fmt.Errorf("%q is not a URL: %w", ref, err)
	}
	if u.Scheme != "" {
		return u.String(), fragment, nil
	}
	if b, err := url.Parse(base); err == nil && b.Scheme != "" && (isRemote(base) || !filepath.IsAbs(base)) {
		return b.ResolveReference(u).String(), fragment, nil
	}
	if u.Host != "" {
		return "", "", fmt.Errorf("%q names a host but no scheme", ref)
	}
	if base == "" {
		return u.Path, fragment, nil
	}
	if filepath.IsAbs(u.Path) {
		return filepath.Clean(u.Path), fragment, nil
	}
	return filepath.Join(filepath.Dir(base), filepath.FromSlash(u.Path)), fragment, nil
}

// origin is scheme, host and port of a URL; all local files are one origin.
func origin(location string) string {
	if !isRemote(location) {
		return "file"
	}
	u, err := url.Parse(location)
	if err != nil {
		return location
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
	}
	return strings.ToLower(u.Scheme) + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// plain is a location for people: without a URL's password.
func plain(location string) string {
	if u, err := url.Parse(location); err == nil && u.User != nil {
		return u.Redacted()
	}
	return location
}
