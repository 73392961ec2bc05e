// The oracle reads ../differential/corpus.json, a list of descriptions, and writes what libopenapi finds in them to
// ../differential/oracle.json, which the tests of package source compare with their own reading:
//
//	go test ./arazzo/source -run Differential -update && (cd arazzo/source/testdata/oracle && go run .)
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/pb33f/libopenapi"
	"github.com/pb33f/libopenapi/datamodel/high/base"
	v2 "github.com/pb33f/libopenapi/datamodel/high/v2"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
)

// operation is what is compared.
type operation struct {
	ID         string
	Parameters []string   // in name required style explode allowReserved; "?" where the description is silent
	Servers    []string   // those that count, as written
	Body       []string   // media types
	Responses  []string   // status and media types
	Security   [][]string // alternatives
	Deprecated bool
}

func main() {
	data, err := os.ReadFile("../differential/corpus.json")
	check(err)
	var corpus []string
	check(json.Unmarshal(data, &corpus))
	var all []map[string]operation
	for i, text := range corpus {
		doc, err := libopenapi.NewDocument([]byte(text))
		check(err)
		found := map[string]operation{}
		if strings.HasPrefix(doc.GetVersion(), "2") {
			model, err := doc.BuildV2Model()
			if err != nil {
				log.Fatalf("%d: %v", i, err)
			}
			readV2(&model.Model, found)
		} else {
			model, err := doc.BuildV3Model()
			if err != nil {
				log.Fatalf("%d: %v", i, err)
			}
			readV3(&model.Model, found)
		}
		all = append(all, found)
	}
	out, err := json.MarshalIndent(all, "", " ")
	check(err)
	check(os.WriteFile("../differential/oracle.json", append(out, '\n'), 0o644))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func text(b *bool) string {
	if b == nil {
		return "?"
	}
	return fmt.Sprint(*b)
}

func security(own, whole []*base.SecurityRequirement) [][]string {
	if own == nil {
		own = whole
	}
	var all [][]string
	for _, r := range own {
		names := []string{}
		if r.Requirements != nil {
			for name := range r.Requirements.FromOldest() {
				names = append(names, name)
			}
		}
		all = append(all, names)
	}
	return all
}

func readV3(doc *v3.Document, found map[string]operation) {
	for path, item := range doc.Paths.PathItems.FromOldest() {
		for method, op := range item.GetOperations().FromOldest() {
			o := operation{ID: op.OperationId, Security: security(op.Security, doc.Security), Deprecated: op.Deprecated != nil && *op.Deprecated}
			parameters := map[string]string{}
			for _, p := range append(slices.Clone(item.Parameters), op.Parameters...) {
				style := p.Style
				if style == "" {
					style = "?"
				}
				parameters[p.In+" "+p.Name] = fmt.Sprintf("%s %s %v %s %s %v", p.In, p.Name, p.Required != nil && *p.Required, style, text(p.Explode), p.AllowReserved)
			}
			o.Parameters = slices.Sorted(maps.Values(parameters))
			for _, list := range [][]*v3.Server{op.Servers, item.Servers, doc.Servers} {
				if len(list) > 0 && o.Servers == nil {
					for _, s := range list {
						o.Servers = append(o.Servers, s.URL)
					}
				}
			}
			if op.RequestBody != nil {
				o.Body = types(op.RequestBody.Content.FromOldest())
			}
			if op.Responses != nil {
				for status, r := range op.Responses.Codes.FromOldest() {
					o.Responses = append(o.Responses, strings.TrimSpace(status+" "+strings.Join(types(r.Content.FromOldest()), " ")))
				}
				if r := op.Responses.Default; r != nil {
					o.Responses = append(o.Responses, strings.TrimSpace("default "+strings.Join(types(r.Content.FromOldest()), " ")))
				}
				slices.Sort(o.Responses)
			}
			found[strings.ToUpper(method)+" "+path] = o
		}
	}
}

func types(content func(func(string, *v3.MediaType) bool)) []string {
	var all []string
	for t := range content {
		all = append(all, t)
	}
	slices.Sort(all)
	return all
}

func readV2(doc *v2.Swagger, found map[string]operation) {
	for path, item := range doc.Paths.PathItems.FromOldest() {
		for method, op := range item.GetOperations().FromOldest() {
			o := operation{ID: op.OperationId, Security: security(op.Security, doc.Security), Deprecated: op.Deprecated}
			parameters := map[string]string{}
			for _, p := range append(slices.Clone(item.Parameters), op.Parameters...) {
				if p.In != "body" && p.In != "formData" {
					parameters[p.In+" "+p.Name] = fmt.Sprintf("%s %s %v ? ? false", p.In, p.Name, p.Required != nil && *p.Required)
				}
			}
			o.Parameters = slices.Sorted(maps.Values(parameters))
			found[strings.ToUpper(method)+" "+path] = o
		}
	}
}
