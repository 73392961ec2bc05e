package source

import (
	"fmt"
	"net/http"
)

// Doer sends a request: *http.Client is one.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Kind tells the language of a description.
type Kind string

// The languages that Load understands.
const (
	OpenAPI  Kind = "openapi"  // 3.0, 3.1, 3.2
	Swagger  Kind = "swagger"  // 2.0
	AsyncAPI Kind = "asyncapi" // 2.x, 3.0
)

// Position is a place in a document; lines and columns count from one, zero means unknown.
type Position struct {
	File   string // the location of the document: a path or a URL
	Line   int
	Column int
}

// String is "file:line:column" as far as they are known.
func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.File == "":
		return fmt.Sprintf("%d:%d", p.Line, p.Column)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Error is what is wrong with a description, or with what somebody asks of it.
type Error struct {
	Position
	Pointer string // the place as a JSON pointer, where one is known
	Message string
	Hint    string // what to do about it; may be empty
	Err     error  // the cause; may be nil
}

// Error says the position, what is wrong, and the hint.
func (e *Error) Error() string {
	text := e.Message
	if at := e.Position.String(); at != "" {
		text = at + ": " + text
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	return text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Operation is one method of one path.
type Operation struct {
	Position
	ID         string   // operationId; empty where the description gives none
	Aliases    []string // other names it answers to (x-headgate-operation-aliases)
	Method     string   // upper case
	Path       string   // the template, such as /pets/{petId}
	Pointer    string   // JSON pointer from the document's root: /paths/~1pets~1{petId}/get
	Summary    string
	Deprecated bool
	Servers    []Server     // the operation's, else the path's, else the document's; at least one
	Parameters []*Parameter // the path's and the operation's, the latter winning
	Body       *RequestBody // nil: takes none
	Responses  []*Response  // in the document's order
	Security   Security
	Extensions map[string]any // x-… members of the operation

	doc     *Description
	err     error // why it cannot be used
	unknown bool  // a method that an unreadable path item might have
}

// Server is a base URL with its variables.
type Server struct {
	Position
	URL         string // as written; may be relative to the description
	Name        string // 3.2 and AsyncAPI
	Description string
	Variables   []Variable

	// AsyncAPI.
	Protocol string
	Bindings map[string]any
	Security Security

	base string // what a relative URL is relative to
}

// Variable is a server's variable.
type Variable struct {
	Name    string
	Default string
	Enum    []string
}

// Parameter says how a value travels in a path, query, header or cookie.
type Parameter struct {
	Position
	Name             string
	In               string // path, query, header, cookie, querystring
	Required         bool
	Style            string // simple, label, matrix, form, spaceDelimited, pipeDelimited, deepObject, cookie; never empty
	Explode          bool
	AllowReserved    bool
	AllowEmpty       bool
	ContentType      string // instead of a style: the value is serialized so
	Schema           *Schema
	Default          any // the schema's default; nil: none
	HasDefault       bool
	Deprecated       bool
	CollectionFormat string // Swagger 2.0's own word, already translated into Style and Explode

	media *MediaType
}

// RequestBody is what an operation takes.
type RequestBody struct {
	Position
	Required bool
	Content  []*MediaType // in the document's order
}

// MediaType is one representation of a body.
type MediaType struct {
	Position
	Type     string // application/json, text/*, …
	Schema   *Schema
	Item     *Schema              // of each member of a stream (3.2: itemSchema)
	Encoding map[string]*Encoding // by property name
}

// Encoding says how one property of a form travels.
type Encoding struct {
	Position
	ContentType   string
	Headers       []*Parameter
	Style         string // empty: by content type
	Explode       bool
	HasExplode    bool
	AllowReserved bool
}

// Response is what an operation may answer.
type Response struct {
	Position
	Status      string // "200", "2XX", "default"
	Description string
	Headers     []*Parameter
	Content     []*MediaType
}

// Security is a list of alternatives: one of them must be met. Empty: nothing is asked for.
type Security []Requirement

// Requirement is a set of schemes that must all be met. An empty one means that anonymous requests are welcome.
type Requirement []SchemeUse

// SchemeUse is one scheme of a requirement.
type SchemeUse struct {
	Position
	Name   string          // the key in components/securitySchemes
	Scheme *SecurityScheme // nil: the description does not define it
	Scopes []string
}

// SecurityScheme says how a caller proves who he is.
type SecurityScheme struct {
	Position
	Name             string // the key in components/securitySchemes
	Type             string // apiKey, http, oauth2, openIdConnect, mutualTLS; AsyncAPI's userPassword, …
	In               string // apiKey: header, query, cookie
	Key              string // apiKey: the name of the header, parameter or cookie
	Scheme           string // http: basic, bearer, …
	BearerFormat     string
	OpenIDConnectURL string
	Flows            map[string]Flow // clientCredentials, password, authorizationCode, implicit, deviceAuthorization
	Extensions       map[string]any  // x-amazon-apigateway-authtype and its like
}

// Flow is one way to get an OAuth2 token.
type Flow struct {
	TokenURL         string // absolute
	AuthorizationURL string
	RefreshURL       string
	Scopes           []string
}
