package openapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"

	"github.com/headgate/headgate/internal/wire"
)

// object is a JSON object; encoding/json sorts its keys, so that the description is the same each time.
type object = map[string]any

// Lambda serves the description of the operations named (those of wire.Service.Operations). The last element of the request's path does
// not matter: lambda.json and the names that documents in the wild point to, such as amazon-lambda-openapi.yml, are one document, since
// JSON is YAML; only the content type follows it.
func Lambda(operations []string) http.Handler {
	operations = slices.Clone(operations)
	document := sync.OnceValues(func() ([]byte, error) {
		d, err := Describe(wire.Lambda(), operations)
		if err != nil {
			return nil, err
		}
		return json.MarshalIndent(d, "", " ")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET", http.StatusMethodNotAllowed)
			return
		}
		data, err := document()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if ext := path.Ext(r.URL.Path); ext == ".yml" || ext == ".yaml" {
			w.Header().Set("Content-Type", "application/yaml")
		}
		w.Write(data) // the reader may be gone
	})
}

// Describe makes the description of a RestJSON service's operations as plain data.
func Describe(cfg wire.Config, operations []string) (map[string]any, error) {
	b := &builder{cfg: cfg, schemas: object{}, bodies: object{}, responses: object{}}
	paths := object{}
	for _, name := range operations {
		schema := cfg.Operations[name]
		binding, ok := smithy.SchemaTrait[*traits.HTTP](schema)
		if !ok {
			return nil, fmt.Errorf("describe %s:%s: no HTTP binding", cfg.Name, name)
		}
		op, err := b.operation(name, binding)
		if err != nil {
			return nil, fmt.Errorf("describe %s:%s: %w", cfg.Name, name, err)
		}
		at, _, _ := strings.Cut(binding.URI, "?")
		for i, id := range spellings(name) {
			key := at
			if i > 0 || at != binding.URI { // a fixed query tells it from another operation of the path
				key += "#" + id
			}
			item, _ := paths[key].(object)
			if item == nil {
				item = object{}
				paths[key] = item
			}
			item[strings.ToLower(binding.Method)] = spelled(op, id, i)
		}
	}
	b.errors()
	return object{
		"openapi": "3.1.0",
		"info": object{"title": "AWS Lambda, as served by Headgate", "version": "2015-03-31",
			"description": "The Lambda operations that this Headgate serves, with AWS's own paths, members and status codes."},
		"servers": []any{
			object{"url": "/", "description": "this Headgate"},
			object{"url": "https://" + cfg.Name + ".{region}.amazonaws.com", "description": "AWS",
				"variables": object{"region": object{"default": "us-east-1"}}},
		},
		"security": []any{object{"sigv4": []any{}}},
		"paths":    paths,
		"components": object{
			"securitySchemes": object{"sigv4": object{"type": "apiKey", "in": "header", "name": "Authorization",
				"description": "AWS Signature Version 4", "x-amazon-apigateway-authtype": "awsSigv4", "x-sigv4-service": cfg.Signing}},
			"schemas": b.schemas, "requestBodies": b.bodies, "responses": b.responses,
		},
	}, nil
}

// spellings are the operationIds of an operation, the one of its own path first.
func spellings(name string) []string {
	lower := func(s string) string { return strings.ToLower(s[:1]) + s[1:] }
	if name == "Invoke" {
		return []string{"InvokeFunction", "invokeFunction", "Invoke", "invoke"}
	}
	return []string{name, lower(name)}
}

// spelled is the operation under one of its spellings.
func spelled(op object, id string, i int) object {
	out := object{"operationId": id}
	for k, v := range op {
		out[k] = v
	}
	if i > 0 {
		out["x-headgate-alias-of"] = spellings(op["x-aws-operation"].(string))[0]
	}
	return out
}

// errors describes what every operation may answer: AWS's models name the errors, not the SDK's schemas which operation has which.
func (b *builder) errors() {
	byClass := map[bool][]string{}
	if b.cfg.Errors == nil {
		return
	}
	for id, entry := range b.cfg.Errors.Entries {
		if _, isError := smithy.SchemaTrait[*traits.Error](entry.Schema); !isError {
			continue
		}
		status := http.StatusBadRequest
		if x, ok := smithy.SchemaTrait[*traits.HTTPError](entry.Schema); ok {
			status = x.Code
		}
		_, code, _ := strings.Cut(id, "#")
		byClass[status >= 500] = append(byClass[status >= 500], code)
	}
	for server, name := range map[bool]string{false: "ClientError", true: "ServerError"} {
		codes := byClass[server]
		sort.Strings(codes)
		b.responses[name] = object{
			"description": "an error; the header names it",
			"headers":     object{"X-Amzn-Errortype": object{"schema": object{"type": "string", "examples": codes}}, "X-Amzn-Requestid": object{"schema": object{"type": "string"}}},
			"content":     object{"application/json": object{"schema": object{"$ref": "#/components/schemas/Error"}}},
		}
	}
	b.schemas["Error"] = object{"type": "object", "properties": object{
		"message": object{"type": "string"}, "Message": object{"type": "string"}, "Type": object{"type": "string"}, "Reason": object{"type": "string"}},
		"additionalProperties": true}
}
