package source

import (
	"fmt"
	"strings"
)

// index is what a description holds, read once.
type index struct {
	operations      []*Operation
	channels        []*Channel
	asyncOperations []*AsyncOperation
	schemes         map[string]*SecurityScheme
}

// describe recognises the language and reads the description.
func describe(doc *document) (*Description, error) {
	root := node{doc, doc.root}
	d := &Description{Location: doc.location, Title: root.get("info").str("title"), root: doc, index: &index{schemes: map[string]*SecurityScheme{}}}
	var version node
	switch {
	case root.get("openapi").ok():
		d.Kind, version = OpenAPI, root.get("openapi")
	case root.get("swagger").ok():
		d.Kind, version = Swagger, root.get("swagger")
	case root.get("asyncapi").ok():
		d.Kind, version = AsyncAPI, root.get("asyncapi")
	case root.get("arazzo").ok():
		return nil, &Error{Position: root.position(), Message: "this is an Arazzo document, not an API description", Hint: "its source needs type: arazzo"}
	default:
		return nil, &Error{Position: root.position(), Message: "neither openapi, swagger nor asyncapi stands at the document's root", Hint: "a source is an OpenAPI or AsyncAPI description"}
	}
	d.Version = strings.TrimSpace(version.Value)
	ok := false
	switch d.Kind {
	case OpenAPI:
		ok = versionIs(d.Version, "3.0", "3.1", "3.2")
	case Swagger:
		ok = versionIs(d.Version, "2.0", "2")
	case AsyncAPI:
		ok = versionIs(d.Version, "2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "3.0")
	}
	if !ok {
		return nil, &Error{Position: version.position(), Message: fmt.Sprintf("%s %q is not supported", d.Kind, d.Version),
			Hint: "OpenAPI 3.0 to 3.2, Swagger 2.0, AsyncAPI 2.0 to 2.6 and 3.0 are"}
	}
	switch d.Kind {
	case OpenAPI:
		readOpenAPI(d, root)
	case Swagger:
		readSwagger(d, root)
	case AsyncAPI:
		readAsyncAPI(d, root)
	}
	d.Notes = doc.set.notes
	return d, nil
}

// versionIs compares major and minor; the patch never matters.
func versionIs(version string, wanted ...string) bool {
	for _, w := range wanted {
		if version == w || strings.HasPrefix(version, w+".") || strings.HasPrefix(version, w+"-") {
			return true
		}
	}
	return false
}
