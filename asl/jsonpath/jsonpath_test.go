package jsonpath

import (
	"errors"
	"testing"

	"github.com/headgate/headgate/asl/jsonvalue"
)

const store = `{"store":{"book":[
	{"category":"reference","author":"Nigel Rees","title":"Sayings","price":8.95},
	{"category":"fiction","author":"Evelyn Waugh","title":"Sword","price":12.99},
	{"category":"fiction","author":"Herman Melville","title":"Moby Dick","isbn":"0-553","price":8.99},
	{"category":"fiction","author":"Tolkien","title":"Rings","isbn":"0-395","price":22.99}],
	"bicycle":{"color":"red","price":19.95}},"expensive":10,"a-b":{"c d":1},"n":null,"tags":["x","y"],"$ref":2}`

func TestGet(t *testing.T) {
	doc := jsonvalue.MustDecode(store)
	for path, want := range map[string]string{
		"$.expensive":                         `10`,
		"$['expensive']":                      `10`,
		`$["a-b"]['c d']`:                     `1`,
		"$.a-b":                               `{"c d":1}`,
		"$.n":                                 `null`,
		"$.store.book[0].title":               `"Sayings"`,
		"$.store.book[-1].title":              `"Rings"`,
		"$.store.book[*].title":               `["Sayings","Sword","Moby Dick","Rings"]`,
		"$.store.book[0,2].title":             `["Sayings","Moby Dick"]`,
		"$.store.book[:2].title":              `["Sayings","Sword"]`,
		"$.store.book[1:3].title":             `["Sword","Moby Dick"]`,
		"$.store.book[-2:].title":             `["Moby Dick","Rings"]`,
		"$.store.book[0:4:2].title":           `["Sayings","Moby Dick"]`,
		"$.store.book[9:].title":              `[]`,
		"$.store.bicycle.*":                   `["red",19.95]`,
		"$..price":                            `[8.95,12.99,8.99,22.99,19.95]`,
		"$..book[0].title":                    `["Sayings"]`,
		"$.store.book[?(@.price < 10)].title": `["Sayings","Moby Dick"]`,
		"$.store.book[?(@.price > $.expensive)].title":                       `["Sword","Rings"]`,
		"$.store.book[?(@.isbn)].title":                                      `["Moby Dick","Rings"]`,
		"$.store.book[?(!@.isbn)].title":                                     `["Sayings","Sword"]`,
		"$.store.book[?(@.category == 'fiction' && @.price < 13)].title":     `["Sword","Moby Dick"]`,
		"$.store.book[?(@.author =~ /.*rees/i || @.title == 'Rings')].title": `["Sayings","Rings"]`,
		"$.store.book[?(@.title in ['Sword', 'Rings'])].price":               `[12.99,22.99]`,
		"$.store.book[?(@.title nin ['Sword', 'Rings'])].price":              `[8.95,8.99]`,
		"$..[?(@.color contains 're')].color":                                `["red"]`,
		"$.store.book[0]['title','price']":                                   `{"title":"Sayings","price":8.95}`,
		"$.store.book.length()":                                              `4`,
		"$.store.book[*].price.max()":                                        `22.99`,
		"$.store.bicycle.keys()":                                             `["color","price"]`,
		"$.nowhere[*]":                                                       `[]`,
		"$.nowhere.deeper[?(@.a)].b":                                         `[]`,
		"$":                                                                  jsonvalue.Encode(doc),
	} {
		p, err := Parse(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		v, err := p.Get(doc)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		} else if got := jsonvalue.Encode(v); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestDefinitePathsThatLeadNowhere(t *testing.T) {
	doc := jsonvalue.MustDecode(store)
	for path, want := range map[string]string{
		"$.nowhere":             "No results for path: $['nowhere']",
		"$.store.nowhere":       "No results for path: $['store']['nowhere']",
		"$.no.such.path":        "Missing property in path $['no']",
		"$.store.book[7]":       "No results for path: $['store']['book'][7]",
		"$.store.book[7].title": "No results for path: $['store']['book'][7]['title']",
	} {
		_, err := MustParse(path).Get(doc)
		var missing *NotFoundError
		if !errors.As(err, &missing) || missing.Message != want {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
	for _, path := range []string{"$.expensive.x", "$.tags.x", "$.expensive[0]", "$.n.x"} {
		if v, err := MustParse(path).Get(doc); err == nil {
			t.Errorf("%s: %v", path, v)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, path := range []string{"", "a", "$.", "$..", "$[", "$[]", "$['a'", "$[?(@.a]", "$[?()]", "$.a b", "$.a.unknown()", "$x", "$[1,]", "$[?(@.a =~ /(/)]"} {
		if p, err := Parse(path); err == nil {
			t.Errorf("%q is taken as %s", path, p.canonical(len(p.steps)))
		}
	}
}

func TestReferencePathsSet(t *testing.T) {
	for _, c := range []struct{ doc, path, want string }{
		{`{"a":1}`, "$.b", `{"a":1,"b":"new"}`},
		{`{"a":1}`, "$.a", `{"a":"new"}`},
		{`{"a":{"x":1},"z":2}`, "$.a.b.c", `{"a":{"x":1,"b":{"c":"new"}},"z":2}`},
		{`{"a":[1,2]}`, "$.a[1]", `{"a":[1,"new"]}`},
		{`{"a":[1,{"b":2}]}`, "$['a'][1].b", `{"a":[1,{"b":"new"}]}`},
		{`null`, "$.a", `{"a":"new"}`},
		{`5`, "$", `"new"`},
	} {
		doc := jsonvalue.MustDecode(c.doc)
		got, err := MustParse(c.path).Set(doc, "new")
		if err != nil || jsonvalue.Encode(got) != c.want {
			t.Errorf("%s in %s: %s, %v", c.path, c.doc, jsonvalue.Encode(got), err)
		}
		if jsonvalue.Encode(doc) != c.doc {
			t.Errorf("%s changed the document: %s", c.path, jsonvalue.Encode(doc))
		}
	}
	for _, c := range []struct{ doc, path string }{{`5`, "$.a"}, {`{"a":[1]}`, "$.a[1]"}, {`{"a":"x"}`, "$.a.b"}, {`{}`, "$.a[*]"}, {`{}`, "$..a"}, {`{}`, "$[-1]"}} {
		if got, err := MustParse(c.path).Set(jsonvalue.MustDecode(c.doc), 1); err == nil {
			t.Errorf("%s in %s: %s", c.path, c.doc, jsonvalue.Encode(got))
		}
	}
}

// FuzzJSONPath: no path or document makes Parse or Get panic; canonical forms of reference paths read back.
func FuzzJSONPath(f *testing.F) {
	for _, seed := range []string{"$.store.book[?(@.price < 10 && @.isbn || !@.x)].title", "$..[0:4:2]", "$['a','b']", "$.a.concat('x', $.b)", "$[-1]", "$[?(@ in [1,'a',null])]"} {
		f.Add(seed, store)
	}
	f.Fuzz(func(t *testing.T, path, doc string) {
		p, err := Parse(path)
		if err != nil {
			return
		}
		v, err := jsonvalue.Decode([]byte(doc))
		if err != nil || len(doc) > 2000 {
			return
		}
		got, err := p.Get(v)
		if err != nil && !p.Definite() && p.function == nil {
			t.Errorf("the indefinite path %s failed: %v", path, err)
		}
		if _, list := got.([]any); err == nil && !p.Definite() && p.function == nil && !list {
			t.Errorf("the indefinite path %s gave %v", path, got)
		}
		if set, err := p.Set(v, "new"); err == nil {
			if back, err := p.Get(set); err != nil || back != "new" {
				t.Errorf("%s was set but reads %v, %v", path, back, err)
			}
		}
	})
}
