package wire

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// allConfigs are the services, with the folders of their public API models.
func allConfigs() map[string]Config {
	return map[string]Config{
		"lambda/2015-03-31": Lambda(), "codedeploy/2014-10-06": CodeDeploy(), "stepfunctions/2016-11-23": StepFunctions(),
		"cloudwatch/2010-08-01": CloudWatch(), "logs/2014-03-28": Logs(), "cloudformation/2010-05-15": CloudFormation(),
		"iam/2010-05-08": IAM(), "sts/2011-06-15": STS(), "sqs/2012-11-05": SQS(),
	}
}

func TestLambdaOperationsAreComplete(t *testing.T) {
	client := reflect.New(Lambda().Client.Elem())
	schemas := lambdaOperations()
	for i := range client.NumMethod() {
		name := client.Type().Method(i).Name
		if isOperation(client.Method(i).Type()) && schemas[name] == nil {
			t.Errorf("no HTTP binding for %s", name)
		}
		delete(schemas, name)
	}
	for name := range schemas {
		t.Errorf("%s is no operation of the client", name)
	}
}

// model is what the test needs of a public API model.
type model struct {
	Operations map[string]struct {
		Input, Output struct{ Shape string }
		HTTP          struct {
			Method, RequestURI string
			ResponseCode       int
		}
	}
	Shapes map[string]struct {
		Type               string
		Union, EventStream bool
		Members            map[string]struct{ Shape, Location, LocationName string }
		Member, Key, Value struct{ Shape string }
		Payload            string
	}
}

// Every member of every operation that the public models know must reach a Go field, under its
// wire name and in its place in the HTTP message.
func TestAllMembersMapToGoFields(t *testing.T) {
	dir := botocore(t)
	for path, cfg := range allConfigs() {
		t.Run(cfg.Name, func(t *testing.T) {
			c := &mapping{T: t, model: readModel(t, filepath.Join(dir, path)), rest: cfg.Protocols&RestJSON != 0, seen: map[string]bool{}}
			shapes := &shapes{structs: map[structKey]*structure{}, unions: cfg.Unions, names: cfg.Names}
			client := reflect.New(cfg.Client.Elem())
			for name, op := range c.model.Operations {
				m := client.MethodByName(name)
				if !m.IsValid() {
					t.Errorf("the SDK has no %s", name)
					continue
				}
				c.members(name, op.Input.Shape, shapes.of(m.Type().In(1).Elem()))
				c.members(name, op.Output.Shape, shapes.of(m.Type().Out(0).Elem()))
			}
			t.Logf("%d operations, %d members", len(c.model.Operations), c.count)
			if c.count < 50 {
				t.Errorf("only %d members: the model was not read", c.count)
			}
		})
	}
}

type mapping struct {
	*testing.T
	model model
	rest  bool
	seen  map[string]bool
	count int
}

func (c *mapping) members(path, name string, sh *shape) {
	m, ok := c.model.Shapes[name]
	if !ok || c.seen[name+sh.typ.String()] {
		return
	}
	c.seen[name+sh.typ.String()] = true
	switch {
	case m.EventStream || sh.kind == kindUnsupported: // not carried, see doc.go
	case m.Type == "list":
		if c.isKind(path, sh, kindList) {
			c.members(path+"[]", m.Member.Shape, sh.elem)
		}
	case m.Type == "map":
		if c.isKind(path, sh, kindMap) {
			c.members(path+"{}", m.Value.Shape, sh.elem)
		}
	case m.Union:
		for member, x := range m.Members {
			if v := sh.union.byName[member]; v == nil {
				c.Errorf("%s: union member %s has no Go type", path, member)
			} else {
				c.members(path+"."+member, x.Shape, v.value)
			}
		}
	case m.Type == "structure" && c.isKind(path, sh, kindStruct):
		for member, x := range m.Members {
			f := sh.structure.find(member)
			if c.count++; f == nil {
				if x.Location == "" && c.model.Shapes[x.Shape].EventStream {
					continue
				}
				c.Errorf("%s.%s has no Go field", path, member)
				continue
			}
			if want := placeOf(x.Location, m.Payload == member); c.rest && f.loc != want {
				c.Errorf("%s.%s is in place %d, want %d", path, member, f.loc, want)
			}
			c.members(path+"."+member, x.Shape, f.shape)
		}
	}
}

func (c *mapping) isKind(path string, sh *shape, want kind) bool {
	if sh.kind != want {
		c.Errorf("%s is of kind %d in Go, want %d", path, sh.kind, want)
	}
	return sh.kind == want
}

func (st *structure) find(member string) *field {
	for i := range st.fields {
		if f := &st.fields[i]; f.name == member {
			return f
		}
	}
	return nil
}

func placeOf(in string, payload bool) location {
	if payload {
		return inPayload
	}
	return map[string]location{"uri": inLabel, "querystring": inQuery, "header": inHeader, "headers": inPrefixHeaders, "statusCode": inStatus}[in]
}

// botocore finds the models, which are no part of this repository.
func botocore(t *testing.T) string {
	dir := os.Getenv("HEADGATE_BOTOCORE")
	if dir == "" {
		out, err := exec.Command("python3", "-c", "import botocore, os; print(os.path.join(os.path.dirname(botocore.__file__), 'data'))").Output()
		if err != nil {
			t.Skip("no botocore: set HEADGATE_BOTOCORE to its data folder")
		}
		dir = strings.TrimSpace(string(out))
	}
	return dir
}

func readModel(t *testing.T, dir string) (m model) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "service-2.json.gz"))
	if err != nil {
		t.Skipf("no model: %v", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}
