package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// fetch finds and reads a document. trusted: a user named it, no document did.
func (l Loader) fetch(ctx context.Context, base Base, ref string, trusted bool) (*Document, error) {
	if trusted {
		location := ref
		if !isRemote(ref) && !hasScheme(ref) && l.ReadFile == nil {
			abs, err := filepath.Abs(ref)
			if err != nil {
				return nil, &Error{Message: fmt.Sprintf("find %q", ref), Err: err}
			}
			location = abs
		}
		return l.get(ctx, location, origin(location), true)
	}
	self, _, err := resolveLocation(base.Location, base.Self)
	if err != nil {
		return nil, &Error{Position: Position{File: base.Location}, Message: "the document's $self", Err: err}
	}
	location, _, err := resolveLocation(self, ref)
	if err != nil {
		return nil, &Error{Position: Position{File: base.Location}, Message: "the source's url", Err: err}
	}
	if base.Location == "" && !isRemote(location) && !hasScheme(location) {
		return nil, &Error{Message: fmt.Sprintf("%q is relative to a document without a location", ref), Hint: "give the source's location yourself"}
	}
	from := origin(base.Location)
	if base.Self == "" || origin(location) == from {
		return l.get(ctx, location, from, false)
	}
	return l.besides(ctx, base, ref, location)
}

// besides reads a source of a document whose $self says that it lives elsewhere. $self is a name that anybody may write: without
// AllowRemote what stands beside the document as it was found is all that is read; with it, that is the way out when the source cannot
// be had at its name.
func (l Loader) besides(ctx context.Context, base Base, ref, location string) (*Document, error) {
	from := origin(base.Location)
	doc, err := l.get(ctx, location, from, false)
	if err == nil {
		return doc, nil
	}
	near, _, nearErr := resolveLocation(base.Location, ref)
	if nearErr != nil || near == location || base.Location == "" {
		return nil, err
	}
	doc, nearErr = l.get(ctx, near, from, false)
	if nearErr != nil {
		return nil, err
	}
	doc.Note = fmt.Sprintf("read %s from beside the document, not %s, which its $self stands for", near, plain(location))
	return doc, nil
}

func hasScheme(location string) bool {
	u, err := url.Parse(location)
	return err == nil && u.Scheme != ""
}

// get reads one location. from is the origin of the document that names it.
func (l Loader) get(ctx context.Context, location, from string, trusted bool) (*Document, error) {
	fail := func(err error, hint string) (*Document, error) {
		return nil, &Error{Position: Position{File: plain(location)}, Message: "cannot be read", Hint: hint, Err: err}
	}
	limits := l.limits()
	ctx, cancel := context.WithTimeout(ctx, limits.Timeout)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return fail(err, "")
	}
	switch {
	case !isRemote(location) && hasScheme(location):
		u, _ := url.Parse(location)
		return fail(fmt.Errorf("the scheme %q is refused", u.Scheme), "give a path, or an http or https URL")
	case !trusted && !l.AllowRemote && origin(location) != from:
		return fail(errors.New("it is of another origin than the document that names it"), "allow remote sources, or give its location yourself")
	case isRemote(location):
		doc, err := l.download(ctx, location, from, trusted, limits)
		if err != nil {
			return fail(err, "")
		}
		return doc, nil
	}
	data, err := l.readLocal(location, trusted, limits)
	if err != nil {
		return fail(err, "")
	}
	return &Document{Location: location, Data: data}, nil
}

// readLocal reads a file. Devices and pipes, which may never end, are only for those whom the user named.
func (l Loader) readLocal(name string, trusted bool, limits Limits) ([]byte, error) {
	if l.ReadFile != nil {
		data, err := l.ReadFile(name)
		if err == nil && int64(len(data)) > limits.Bytes {
			err = tooLarge(limits)
		}
		return data, err
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() || !info.Mode().IsRegular() && !trusted {
		return nil, errors.New("it is not a file")
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, limits)
}

func tooLarge(limits Limits) error {
	return fmt.Errorf("it has more than the limit of %d bytes", limits.Bytes)
}

// readAll reads one byte more than the limit, to tell what just fits from what is too large.
func readAll(r io.Reader, limits Limits) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limits.Bytes+1))
	if err == nil && int64(len(data)) > limits.Bytes {
		err = tooLarge(limits)
	}
	return data, err
}

// download fetches a URL. A client that is not an *http.Client may have followed redirects as it liked, so where the answer came from is checked
// once more.
func (l Loader) download(ctx context.Context, location, from string, trusted bool, limits Limits) (*Document, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, location, nil)
	if err != nil {
		return nil, err
	}
	if err := checkURL(ctx, req.URL); err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json, application/yaml;q=0.9, */*;q=0.5")
	resp, err := l.client(from, trusted).Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	final := location
	if resp.Request != nil && resp.Request.URL != nil && resp.Request.URL.String() != req.URL.String() {
		if err := l.checkRedirect(resp.Request, from, trusted); err != nil {
			return nil, err
		}
		final = resp.Request.URL.String()
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answered %s", resp.Status)
	}
	data, err := readAll(resp.Body, limits)
	if err != nil {
		return nil, err
	}
	return &Document{Location: strings.TrimSuffix(final, "#"), Data: data}, nil
}

// client is the caller's, with redirects checked before they are followed where it is one that lets us.
func (l Loader) client(from string, trusted bool) Doer {
	c, ours := l.Client.(*http.Client)
	if l.Client == nil {
		c = &http.Client{Transport: SafeTransport()}
	} else if !ours || c == nil {
		return l.Client
	}
	checked := *c
	checked.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if len(via) >= 10 {
			return errors.New("stopped after 10 redirects")
		}
		if err := l.checkRedirect(req, from, trusted); err != nil {
			return err
		}
		if c.CheckRedirect != nil {
			return c.CheckRedirect(req, via)
		}
		return nil
	}
	return &checked
}

// checkRedirect holds a redirect to what the document itself may name: else any server could send us anywhere.
func (l Loader) checkRedirect(req *http.Request, from string, trusted bool) error {
	if err := checkURL(req.Context(), req.URL); err != nil {
		return fmt.Errorf("redirected to %s: %w", req.URL.Redacted(), err)
	}
	if to := origin(req.URL.String()); to != from && !l.AllowRemote && !trusted {
		return fmt.Errorf("redirected to another origin, %s", req.URL.Redacted())
	}
	return nil
}

// limits are the loader's, with the defaults filled in.
func (l Loader) limits() Limits {
	limits, defaults := l.Limits, DefaultLimits()
	if limits.Bytes <= 0 {
		limits.Bytes = defaults.Bytes
	}
	if limits.Depth <= 0 {
		limits.Depth = defaults.Depth
	}
	if limits.Nodes <= 0 {
		limits.Nodes = defaults.Nodes
	}
	if limits.Documents <= 0 {
		limits.Documents = defaults.Documents
	}
	if limits.Timeout <= 0 {
		limits.Timeout = defaults.Timeout
	}
	return limits
}
