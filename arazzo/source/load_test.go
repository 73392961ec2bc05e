package source

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const tiny = "openapi: 3.1.0\npaths: {/a: {get: {operationId: op}}}\n"

func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestLoadResolvesAgainstTheDocument(t *testing.T) {
	dir := t.TempDir()
	api := write(t, filepath.Join(dir, "open api", "x.yml"), tiny)
	from := filepath.Join(dir, "workflows", "w.yml")
	for _, base := range []Base{{Location: from}, {Location: from, Self: "elsewhere.yml"}} {
		d, err := Loader{}.Load(t.Context(), base, "../open%20api/x.yml")
		if err != nil {
			t.Fatal(err)
		}
		if d.Location != api {
			t.Errorf("read %s", d.Location)
		}
	}
	if d, err := (Loader{}).Open(t.Context(), api); err != nil || d.Kind != OpenAPI || d.Version != "3.1.0" {
		t.Errorf("%+v %v", d, err)
	}
}

func TestSelfElsewhereReadsBesideTheDocument(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "x.yml"), tiny)
	d, err := Loader{}.Load(t.Context(), Base{Location: filepath.Join(dir, "w.yml"), Self: "https://example.invalid/w.yml"}, "x.yml")
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "$self") {
		t.Errorf("notes %q", d.Notes)
	}
}

func TestOriginsOfDocuments(t *testing.T) {
	var requested []string
	handler := func(w http.ResponseWriter, r *http.Request) {
		requested = append(requested, r.URL.Path)
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
		case "/metadata":
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
		case "/missing":
			http.NotFound(w, r)
		default:
			fmt.Fprint(w, tiny)
		}
	}
	one, two := httptest.NewServer(http.HandlerFunc(handler)), httptest.NewServer(http.HandlerFunc(handler))
	defer one.Close()
	defer two.Close()
	local := Base{Location: filepath.Join(t.TempDir(), "w.yml")}
	remote := Base{Location: one.URL + "/w/w.yml"}
	for name, c := range map[string]struct {
		base  Base
		ref   string
		allow bool
		want  string // part of the error; empty: loads
	}{
		"same origin":                 {remote, "../x.yml", false, ""},
		"same origin, absolute":       {remote, one.URL + "/x", false, ""},
		"another origin":              {remote, two.URL + "/x", false, "another origin"},
		"another origin, allowed":     {remote, two.URL + "/x", true, ""},
		"from a file":                 {local, one.URL + "/x", false, "another origin"},
		"from a file, allowed":        {local, one.URL + "/x", true, ""},
		"redirect to another":         {remote, "/away?to=" + two.URL + "/x", false, "redirected to another origin"},
		"redirect allowed":            {remote, "/away?to=" + two.URL + "/x", true, ""},
		"redirect to metadata":        {remote, "/metadata", true, "link-local"},
		"metadata":                    {remote, "http://169.254.169.254/x", true, "link-local"},
		"metadata as IPv6":            {remote, "http://[::ffff:169.254.169.254]/x", true, "link-local"},
		"metadata of Google":          {remote, "http://metadata.google.internal/x", true, "refused"},
		"link-local IPv6":             {remote, "http://[fe80::1]/x", true, "link-local"},
		"file URL":                    {local, "file:///etc/passwd", true, `scheme "file"`},
		"file URL from afar":          {remote, "file:///etc/passwd", true, `scheme "file"`},
		"other scheme":                {local, "gopher://x/", true, "refused"},
		"not found":                   {remote, "/missing", false, "404"},
		"host without a scheme":       {local, "//example.com/x", true, "no scheme"},
		"device":                      {local, "/dev/zero", true, "not a file"},
		"self of another origin":      {Base{Location: one.URL + "/w", Self: two.URL + "/w"}, "x", false, ""}, // read beside the document
		"path of a user's home":       {remote, "/etc/passwd", false, ""},                                     // stays on the server
		"nothing to be relative to":   {Base{}, "x.yml", false, "without a location"},
		"self that is no URL":         {Base{Location: one.URL, Self: "http://[::"}, "x.yml", false, "$self"},
		"redirect to another, a file": {remote, "/away?to=file:///etc/passwd", true, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, client := range []Doer{nil, http.DefaultClient} {
				_, err := Loader{Client: client, AllowRemote: c.allow}.Load(t.Context(), c.base, c.ref)
				switch {
				case c.want == "" && err != nil:
					t.Errorf("refused: %v", err)
				case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
					t.Errorf("got %v, want %q", err, c.want)
				}
				var e *Error
				if err != nil && !errors.As(err, &e) {
					t.Errorf("%T is no *Error", err)
				}
			}
		})
	}
	if _, err := (Loader{}).Open(t.Context(), one.URL+"/away?to="+two.URL+"/x"); err != nil {
		t.Errorf("what a user names: %v", err)
	}
	if _, err := (Loader{}).Open(t.Context(), one.URL+"/metadata"); err == nil {
		t.Error("what a user names was redirected to the metadata service")
	}
}

func TestAddresses(t *testing.T) {
	for address, refused := range map[string]bool{
		"127.0.0.1": false, "10.0.0.1": false, "::1": false, "8.8.8.8": false, "169.254.169.254": true, "169.254.0.1": true, "fe80::1%eth0": true,
		"::ffff:169.254.169.254": true, "64:ff9b::a9fe:a9fe": true, "100.100.100.200": true, "fd00:ec2::254": true, "0.0.0.0": true, "224.0.0.1": true,
	} {
		if err := CheckAddress(netip.MustParseAddr(address)); (err != nil) != refused {
			t.Errorf("%s: %v", address, err)
		}
	}
	// The transport checks what it connects to, whatever the name was.
	client := http.Client{Transport: SafeTransport(), Timeout: 5 * time.Second}
	if resp, err := client.Get("http://169.254.169.254/"); err == nil || !strings.Contains(err.Error(), "link-local") {
		t.Errorf("%v %v", resp, err)
	}
}

func TestLimits(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 30; i++ {
		fmt.Fprintf(&bomb, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d]\n", i, i, i-1, i-1, i-1, i-1)
	}
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer slow.Close()
	for name, c := range map[string]struct {
		text, want string
		limits     Limits
	}{
		"size":          {tiny + strings.Repeat("#", 2000), "limit of 1000", Limits{Bytes: 1000}},
		"alias bomb":    {bomb.String(), "aliases written out", Limits{}},
		"alias cycle":   {"a: &a [*a]", "alias of itself", Limits{}},
		"merge cycle":   {"a: &a {<<: *a}", "alias of itself", Limits{}},
		"deep JSON":     {`{"a":` + strings.Repeat("[", 100000), "deeper", Limits{}},
		"deep YAML":     {"a: " + strings.Repeat("[", 100000), "", Limits{}},
		"deep by alias": {"a: &a [[[[[[[[[x]]]]]]]]]\nb: [[[[[[[[*a]]]]]]]]", "deeper", Limits{Depth: 12}},
		"not text":      {"\xff\xfe", "UTF-8", Limits{}},
		"empty":         {"", "empty", Limits{}},
		"a list":        {"[]", "not an object", Limits{}},
		"odd key":       {"? [a]\n: b", "key", Limits{}},
		"two documents": {"a: 1\n---\nb: 2", "", Limits{}},
		"broken JSON":   {"{\n \"a\": 1,\n \"b\" 2}", ":3:", Limits{}},
		"no language":   {"hello: 1", "neither openapi", Limits{}},
		"Arazzo":        {"arazzo: 1.0.0", "type: arazzo", Limits{}},
		"OpenAPI 4":     {"openapi: 4.0.0", `"4.0.0" is not supported`, Limits{}},
		"Swagger 1.2":   {"swagger: '1.2'", "not supported", Limits{}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Loader{Limits: c.limits}.Parse(t.Context(), "x.yml", []byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	start := time.Now()
	if _, err := (Loader{Limits: Limits{Timeout: 50 * time.Millisecond}}).Open(t.Context(), slow.URL); err == nil || time.Since(start) > 5*time.Second {
		t.Errorf("a server that never answers: %v", err)
	}
	huge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 1000 {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	}))
	defer huge.Close()
	if _, err := (Loader{Limits: Limits{Bytes: 1 << 20}}).Open(t.Context(), huge.URL); err == nil || !strings.Contains(err.Error(), "limit of 1048576") {
		t.Errorf("an endless answer: %v", err)
	}
}

func TestReferencesThroughDocuments(t *testing.T) {
	files := map[string]string{
		"/d/api.yaml": `
openapi: 3.1.0
paths:
  /a: {$ref: "paths.yaml#/a"}
  /b:
    get:
      operationId: cyclic
      parameters: [{$ref: "#/components/parameters/Loop"}]
  /c:
    get:
      operationId: lost
      parameters: [{$ref: "missing.yaml#/x"}]
  /d:
    get:
      operationId: anchored
      responses: {200: {content: {application/json: {schema: {$ref: "#node"}}}}}
  /e:
    get:
      operationId: named
      responses: {200: {content: {application/json: {schema: {$ref: "https://schemas.example.com/tree"}}}}}
components:
  parameters: {Loop: {$ref: "#/components/parameters/Loop"}}
  schemas:
    Node: {$anchor: node, type: object, properties: {next: {$ref: "#node"}, name: {type: string}}}
    Tree:
      $id: https://schemas.example.com/tree
      type: object
      properties: {leaf: {$ref: "#/$defs/Leaf"}, sub: {$ref: "/tree"}}
      $defs: {Leaf: {type: object, properties: {colour: {type: string}}}}
`,
		"/d/paths.yaml":             "a:\n  parameters: [{$ref: 'shared/parameters.yaml#/id'}]\n  get: {operationId: far, responses: {200: {$ref: '#/ok'}}}\nok: {content: {application/json: {schema: {$ref: 'shared/parameters.yaml#/schema'}}}}\n",
		"/d/shared/parameters.yaml": "id: {name: id, in: query, schema: {type: string}}\nschema: {type: object, properties: {back: {$ref: '../api.yaml#/components/schemas/Node'}}}\n",
	}
	reads := 0
	loader := Loader{ReadFile: func(name string) ([]byte, error) {
		reads++
		if text, ok := files[name]; ok {
			return []byte(text), nil
		}
		return nil, fs.ErrNotExist
	}}
	d, err := loader.Open(t.Context(), "/d/api.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if reads != 4 {
		t.Errorf("%d reads", reads)
	}
	far := operation(t, d, "far")
	if len(far.Parameters) != 1 || far.Parameters[0].File != "/d/shared/parameters.yaml" || far.Parameters[0].Line != 1 {
		t.Errorf("%+v", far.Parameters)
	}
	for _, c := range []struct {
		op, pointer string
		want        Presence
	}{
		{"far", "/back/next/next/name", Yes}, {"far", "/back/nope", No}, {"anchored", "/next/next/name", Yes}, {"anchored", "/nope", No},
		{"named", "/sub/sub/leaf/colour", Yes}, {"named", "/sub/leaf/nope", No},
	} {
		schema := operation(t, d, c.op).ResponseSchema(200, "")
		if schema == nil {
			t.Fatalf("%s has no schema", c.op)
		}
		if _, got := schema.At(c.pointer); got != c.want {
			t.Errorf("%s %s: %v", c.op, c.pointer, got)
		}
	}
	for id, want := range map[string]string{"cyclic": "leads back to itself", "lost": "missing.yaml"} {
		if _, err := d.Operation(id); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", id, err)
		}
	}
	few, err := Loader{ReadFile: loader.ReadFile, Limits: Limits{Documents: 2}}.Open(t.Context(), "/d/api.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := few.Operation("far"); err == nil || !strings.Contains(err.Error(), "more than 2 documents") {
		t.Errorf("the number of documents is an error of the references: %v", err)
	}
}

func TestFilesOfTheCallersKeepTheirNames(t *testing.T) {
	var names []string
	loader := Loader{ReadFile: func(name string) ([]byte, error) {
		names = append(names, name)
		return []byte("openapi: 3.1.0\npaths: {/a: {$ref: '../x/other.yml#/a'}}\na: {get: {operationId: op}}"), nil
	}}
	if _, err := loader.Open(t.Context(), "d/api.yml"); err != nil {
		t.Fatal(err)
	}
	if strings.Join(names, " ") != "d/api.yml x/other.yml" {
		t.Error(names)
	}
}

func TestRemoteReferencesNeedTheFlag(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "p: {name: q, in: query}")
	}))
	defer other.Close()
	text := "openapi: 3.1.0\npaths: {/a: {get: {operationId: op, parameters: [{$ref: '" + other.URL + "/x#/p'}]}}}"
	file := write(t, filepath.Join(t.TempDir(), "api.yml"), text)
	d, err := Loader{}.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Operation("op"); err == nil || !strings.Contains(err.Error(), "another origin") {
		t.Errorf("got %v", err)
	}
	d, err = Loader{AllowRemote: true}.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	if op := operation(t, d, "op"); op.Parameters[0].Name != "q" {
		t.Errorf("%+v", op.Parameters[0])
	}
}
