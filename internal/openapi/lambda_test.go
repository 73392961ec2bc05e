package openapi

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/arazzo/auth"
	"github.com/headgate/headgate/arazzo/source"
	"github.com/headgate/headgate/internal/service/lambda"
	"github.com/headgate/headgate/internal/wire"
)

// served are the operations of our own service.
func served(t *testing.T) []string {
	t.Helper()
	s, err := wire.New(wire.Lambda(), (*lambda.Service)(nil))
	if err != nil {
		t.Fatal(err)
	}
	return s.Operations()
}

func load(t *testing.T, file string) (*source.Description, *httptest.Server) {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/_headgate/openapi/", Lambda(served(t)))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	d, err := source.Loader{}.Load(t.Context(), source.Base{Location: server.URL + "/_headgate/workflows/w.yml"}, file)
	if err != nil {
		t.Fatal(err)
	}
	return d, server
}

func TestBothSpellingsResolve(t *testing.T) {
	d, server := load(t, "../openapi/amazon-lambda-openapi.yml") // the name that the documents point to
	for id, want := range map[string]string{
		"UpdateFunctionCode": "PUT /2015-03-31/functions/fn/code", "updateFunctionCode": "PUT /2015-03-31/functions/fn/code",
		"GetFunction": "GET /2015-03-31/functions/fn", "getFunction": "GET /2015-03-31/functions/fn",
		"InvokeFunction": "POST /2015-03-31/functions/fn/invocations", "invoke": "POST /2015-03-31/functions/fn/invocations",
		"Invoke": "POST /2015-03-31/functions/fn/invocations", "invokeFunction": "POST /2015-03-31/functions/fn/invocations",
		"CreateFunction": "POST /2015-03-31/functions", "deleteFunction": "DELETE /2015-03-31/functions/fn",
	} {
		op, err := d.Operation(id)
		if err != nil {
			t.Error(err)
			continue
		}
		in := source.Input{}
		if strings.Contains(op.Path, "{FunctionName}") {
			in.Arguments = []source.Argument{{Name: "FunctionName", In: "path", Value: "fn"}}
		}
		req, err := op.Request(t.Context(), in)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := req.Method + " " + req.URL.Path; got != want || "http://"+req.URL.Host != server.URL {
			t.Errorf("%s: %s %s", id, req.Method, req.URL)
		}
		if len(op.Security) != 1 || !auth.IsSigV4(op.Security[0][0].Scheme) {
			t.Errorf("%s: security %+v", id, op.Security)
		}
	}
	if _, err := d.OperationAt("#/paths/~12015-03-31~1functions~1{FunctionName}~1code/put"); err != nil {
		t.Error(err)
	}
}

// Every served operation is described with the path, method and status that wire serves.
func TestEveryOperationOfTheServiceIsDescribed(t *testing.T) {
	d, _ := load(t, "../openapi/lambda.json")
	service, err := wire.New(wire.Lambda(), (*lambda.Service)(nil))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, op := range d.Operations() {
		if _, alias := op.Extensions["x-headgate-alias-of"]; alias {
			continue
		}
		names = append(names, op.Extensions["x-aws-operation"].(string))
		in := source.Input{}
		for _, p := range op.Parameters {
			if p.In == "path" {
				in.Arguments = append(in.Arguments, source.Argument{Name: p.Name, In: "path", Value: "x"})
			}
		}
		req, err := op.Request(t.Context(), in)
		if err != nil {
			t.Errorf("%s: %v", op.ID, err)
			continue
		}
		if call := service.Call(req); call.Operation != names[len(names)-1] {
			t.Errorf("%s %s is served as %s, not %s", req.Method, req.URL, call.Operation, op.ID)
		}
		if !slices.ContainsFunc(op.Responses, func(r *source.Response) bool { return strings.HasPrefix(r.Status, "2") }) {
			t.Errorf("%s has no success", op.ID)
		}
	}
	slices.Sort(names)
	if !slices.Equal(names, served(t)) {
		t.Errorf("described %v\nserved %v", names, served(t))
	}
}

func TestStatusesAndSchemasAreAWSs(t *testing.T) {
	d, _ := load(t, "../openapi/lambda.json")
	for id, status := range map[string]int{"CreateFunction": 201, "DeleteFunction": 204, "CreateEventSourceMapping": 202, "PublishVersion": 201, "UpdateFunctionCode": 200,
		"InvokeFunction": 202, "GetFunction": 200, "AddPermission": 201} {
		op, err := d.Operation(id)
		if err != nil {
			continue // not served
		}
		if r := op.Response(status); r == nil || !strings.HasPrefix(r.Status, "2") {
			t.Errorf("%s does not answer %d: %+v", id, status, r)
		}
	}
	for _, c := range []struct {
		id, pointer string
		want        source.Presence
	}{
		{"GetFunction", "/Configuration/LastUpdateStatus", source.Yes}, {"GetFunction", "/State", source.No}, // trap 2
		{"UpdateFunctionCode", "/FunctionArn", source.Yes}, {"UpdateFunctionCode", "/LastModified", source.Yes}, {"UpdateFunctionCode", "/Configuration", source.No},
		{"GetFunction", "/Tags/any", source.Maybe}, {"ListFunctions", "/Functions/0/FunctionName", source.Yes}, {"InvokeFunction", "/anything", source.Maybe},
	} {
		op, err := d.Operation(c.id)
		if err != nil {
			t.Fatal(err)
		}
		if _, got := op.ResponseSchema(200, "application/json").At(c.pointer); got != c.want {
			t.Errorf("%s %s: %v", c.id, c.pointer, got)
		}
	}
	get, err := d.Operation("GetFunction")
	if err != nil {
		t.Fatal(err)
	}
	status, _ := get.ResponseSchema(200, "").At("/Configuration/LastUpdateStatus")
	if !slices.Contains(status.Enum(), any("InProgress")) {
		t.Errorf("enum %v", status.Enum())
	}
	create, err := d.Operation("CreateFunction")
	if err != nil {
		t.Fatal(err)
	}
	if got := create.Body.Content[0].Schema.Required(); !slices.Equal(got, []string{"FunctionName", "Role", "Code"}) && !slices.Equal(got, []string{"Code", "FunctionName", "Role"}) {
		t.Errorf("required %v", got)
	}
	invoke, err := d.Operation("InvokeFunction")
	if err != nil {
		t.Fatal(err)
	}
	headers := map[string]bool{}
	for _, h := range invoke.Response(200).Headers {
		headers[h.Name] = true
	}
	if !headers["X-Amz-Function-Error"] || !headers["X-Amz-Executed-Version"] {
		t.Errorf("headers %v", headers)
	}
}

func TestDescriptionIsValidElsewhere(t *testing.T) {
	_, server := load(t, "../openapi/lambda.json")
	for file, contentType := range map[string]string{"lambda.json": "application/json", "amazon-lambda-openapi.yml": "application/yaml"} {
		resp, err := http.Get(server.URL + "/_headgate/openapi/" + file)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.Header.Get("Content-Type") != contentType || !json.Valid(data) {
			t.Errorf("%s: %s %v", file, resp.Header, err)
		}
		var doc map[string]any
		if err := json.Unmarshal(data, &doc); err != nil {
			t.Fatal(err)
		}
		checkReferences(t, doc, doc)
		seen := map[string]bool{}
		for path, item := range doc["paths"].(map[string]any) {
			for _, op := range item.(map[string]any) {
				id := op.(map[string]any)["operationId"].(string)
				if seen[id] {
					t.Errorf("%s: the operationId %s stands twice", path, id)
				}
				seen[id] = true
			}
		}
		if !seen["GetFunction"] || !seen["getFunction"] {
			t.Errorf("%d operations", len(seen))
		}
	}
	resp, err := http.Post(server.URL+"/_headgate/openapi/lambda.json", "", nil)
	if err != nil || resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("%v %v", resp, err)
	}
	resp.Body.Close()
}

func TestSameDescriptionEachTime(t *testing.T) {
	a, err := Describe(wire.Lambda(), served(t))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Describe(wire.Lambda(), served(t))
	if err != nil || !reflect.DeepEqual(a, b) {
		t.Errorf("two descriptions differ: %v", err)
	}
	if _, err := Describe(wire.Lambda(), []string{"Nonsense"}); err == nil {
		t.Error("an operation that AWS does not have was described")
	}
}

// checkReferences finds references that lead nowhere.
func checkReferences(t *testing.T, root map[string]any, value any) {
	t.Helper()
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			checkReferences(t, root, item)
		}
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			var at any = root
			for _, token := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
				at = at.(map[string]any)[token]
			}
			if at == nil {
				t.Errorf("%s leads nowhere", ref)
			}
		}
		for _, item := range v {
			checkReferences(t, root, item)
		}
	}
}
