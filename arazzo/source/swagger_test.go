package source

import (
	"encoding/json"
	"mime"
	"strings"
	"testing"
)

const swagger = `
swagger: "2.0"
host: pets.example.com
basePath: /v2
schemes: [http, https]
consumes: [application/json]
produces: [application/json, application/xml]
securityDefinitions:
  login: {type: basic}
  key: {type: apiKey, in: header, name: X-Key}
  machine: {type: oauth2, flow: application, tokenUrl: https://auth.example.com/token, scopes: {read: r}}
security: [{key: []}]
parameters:
  Id: {name: id, in: path, required: true, type: integer}
paths:
  /pets/{id}:
    parameters: [{$ref: "#/parameters/Id"}]
    get:
      operationId: getPet
      security: [{machine: [read]}, {login: []}]
      parameters:
      - {name: csv, in: query, type: array, items: {type: string}}
      - {name: multi, in: query, type: array, collectionFormat: multi, items: {type: string}}
      - {name: pipes, in: query, type: array, collectionFormat: pipes, items: {type: string}}
      - {name: ssv, in: query, type: array, collectionFormat: ssv, items: {type: string}}
      - {name: tsv, in: query, type: array, collectionFormat: tsv, items: {type: string}}
      - {name: X-List, in: header, type: array, items: {type: string}}
      responses: {200: {schema: {$ref: "#/definitions/Pet"}, headers: {X-Rate: {type: integer}}}, default: {description: e}}
    put: {operationId: putPet, parameters: [{name: body, in: body, required: true, schema: {$ref: "#/definitions/Pet"}}], responses: {}}
    post:
      operationId: updatePet
      consumes: [application/x-www-form-urlencoded]
      parameters:
      - {name: name, in: formData, type: string}
      - {name: tags, in: formData, type: array, collectionFormat: pipes, items: {type: string}}
      responses: {}
  /pets/{id}/photo:
    parameters: [{$ref: "#/parameters/Id"}]
    post:
      operationId: upload
      schemes: [https]
      parameters: [{name: file, in: formData, type: file, required: true}, {name: note, in: formData, type: string}]
      responses: {}
definitions:
  Pet: {type: object, properties: {name: {type: string}, owner: {$ref: "#/definitions/Pet"}}}
`

func TestSwagger(t *testing.T) {
	d := parse(t, swagger)
	list := []any{"a", "b c"}
	get := operation(t, d, "getPet")
	req := build(t, get, Input{Arguments: []Argument{{"id", "", json.Number("7")}, {"csv", "", list}, {"multi", "", list}, {"pipes", "", list}, {"ssv", "", list}, {"tsv", "", list}, {"X-List", "", list}}})
	if want := "https://pets.example.com/v2/pets/7?csv=a,b%20c&multi=a&multi=b%20c&pipes=a%7Cb%20c&ssv=a%20b%20c&tsv=a%09b%20c"; req.URL.String() != want {
		t.Errorf("got %s\nwant %s", req.URL, want)
	}
	if req.Header.Get("X-List") != "a,b c" || req.Header.Get("Accept") != "application/json, application/xml" {
		t.Errorf("%v", req.Header)
	}
	if _, p := get.ResponseSchema(200, "application/xml").At("/owner/owner/name"); p != Yes {
		t.Errorf("response schema: %v", p)
	}
	if len(get.Security) != 2 || get.Security[0][0].Scheme.Flows["clientCredentials"].TokenURL != "https://auth.example.com/token" || get.Security[1][0].Scheme.Scheme != "basic" {
		t.Errorf("security %+v", get.Security)
	}
	put := operation(t, d, "putPet")
	if len(put.Security) != 1 || put.Security[0][0].Scheme.Key != "X-Key" || !put.Body.Required {
		t.Errorf("%+v", put)
	}
	id := Argument{"id", "path", json.Number("7")}
	if got := bodyOf(t, build(t, put, Input{Arguments: []Argument{id}, Payload: &Payload{Value: map[string]any{"name": "x"}}})); got != `{"name":"x"}` {
		t.Error(got)
	}
	form := build(t, operation(t, d, "updatePet"), Input{Arguments: []Argument{id}, Payload: &Payload{Value: map[string]any{"name": "x y", "tags": list}}})
	if got := bodyOf(t, form); got != "name=x+y&tags=a%7Cb+c" {
		t.Error(got)
	}
	upload := build(t, operation(t, d, "upload"), Input{Arguments: []Argument{id}, Payload: &Payload{Value: map[string]any{"file": "data", "note": "n"}}})
	if upload.URL.Scheme != "https" {
		t.Error(upload.URL)
	}
	if t0, _, _ := mime.ParseMediaType(upload.Header.Get("Content-Type")); t0 != "multipart/form-data" {
		t.Error(t0)
	}
	if got := bodyOf(t, upload); !strings.Contains(got, `name="file"; filename="file"`) {
		t.Error(got)
	}
}
