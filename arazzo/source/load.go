package source

import (
	"context"
	"time"
)

// Limits bound what one Loader reads. Zero members take the defaults of DefaultLimits.
type Limits struct {
	Bytes     int64         // of one document
	Depth     int           // of nesting in one document
	Nodes     int           // of one document, aliases unrolled
	Documents int           // fetched for one description, the references' documents included
	Timeout   time.Duration // of one fetch
}

// DefaultLimits are generous for what people write and small for a machine: AWS's largest descriptions have 7 MB.
func DefaultLimits() Limits {
	return Limits{Bytes: 16 << 20, Depth: 200, Nodes: 2_000_000, Documents: 200, Timeout: 30 * time.Second}
}

// Loader reads descriptions. The zero value reads files of the machine and what a user names himself, and refuses documents from other
// origins that a document names. It keeps no state: it may be copied and used by several goroutines.
type Loader struct {
	// Client fetches URLs; nil is a client that refuses link-local addresses at connect time. A client of one's own gets the checks
	// of the URL's host, of redirects (if it is an *http.Client) and of what the host resolves to.
	Client Doer
	// ReadFile reads a local file, by the name that Open was given or that a document there implies; nil reads the machine's files.
	ReadFile func(name string) ([]byte, error)
	Limits   Limits
	// AllowRemote lets documents name documents of other origins (scheme, host and port; all local files are one origin).
	AllowRemote bool
}

// Base is the document that names another one.
type Base struct {
	Location string // where it was read from: a path or an http(s) URL
	Self     string // its $self, absolute or relative; may be empty
}

// Document is a fetched document before anybody knows what it is.
type Document struct {
	Location string // absolute path or URL, after redirects
	Data     []byte
	Note     string // why it was not read from where the document says; mostly empty
}

// Open reads a description that a user names himself (flag, argument): any path or http(s) URL, with no check of the origin.
func (l Loader) Open(ctx context.Context, location string) (*Description, error) {
	return l.load(ctx, Base{}, location, true)
}

// Load reads the description that the document base names by ref, which may be relative to the document's $self or location.
func (l Loader) Load(ctx context.Context, base Base, ref string) (*Description, error) {
	return l.load(ctx, base, ref, false)
}

// Fetch reads a document that base names, with the same checks and limits as Load, but does not look into it: for Arazzo documents.
func (l Loader) Fetch(ctx context.Context, base Base, ref string) (*Document, error) {
	return l.fetch(ctx, base, ref, false)
}

// OpenDocument is Fetch for what a user names himself.
func (l Loader) OpenDocument(ctx context.Context, location string) (*Document, error) {
	return l.fetch(ctx, Base{}, location, true)
}

// Parse reads a description that is in memory. References out of it are refused where location is empty.
func (l Loader) Parse(ctx context.Context, location string, data []byte) (*Description, error) {
	return l.parse(ctx, &Document{Location: location, Data: data})
}
