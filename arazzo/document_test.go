package arazzo

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate/headgate/arazzo/expression"
)

func read(t testing.TB, file string) *Document {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d, findings := Parse(data, file)
	if findings = append(findings, Validate(d, Lenient)...); len(findings) > 0 {
		t.Fatalf("%s: %v", file, findings)
	}
	return d
}

func TestEveryConstructIsReadAndValid(t *testing.T) {
	d := read(t, "testdata/orders.arazzo.yaml")
	if findings := Validate(d, Strict); len(findings) > 0 {
		t.Errorf("strict finds %v", findings)
	}
	unset := map[string]bool{}
	walk(reflect.ValueOf(d), map[reflect.Type]map[string]bool{}, unset)
	for name := range unset {
		t.Errorf("no part of the document sets %s", name)
	}
}

// walk notes the exported fields of the model that no object of a type sets.
func walk(v reflect.Value, set map[reflect.Type]map[string]bool, unset map[string]bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && v.Type().Elem().PkgPath() == reflect.TypeFor[Document]().PkgPath() {
			walk(v.Elem(), set, unset)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), set, unset)
		}
	case reflect.Struct:
		if strings.HasPrefix(v.Type().Name(), "Map[") {
			values := v.FieldByName("values")
			for _, key := range values.MapKeys() {
				walk(values.MapIndex(key), set, unset)
			}
			return
		}
		fields := set[v.Type()]
		if fields == nil {
			fields = map[string]bool{}
			set[v.Type()] = fields
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() || f.Anonymous || v.Type() == reflect.TypeFor[Object]() || v.Type() == reflect.TypeFor[Value]() && f.Name != "Selector" {
				continue
			}
			name := v.Type().Name() + "." + f.Name
			if !v.Field(i).IsZero() {
				fields[f.Name] = true
				delete(unset, name)
			} else if !fields[f.Name] {
				unset[name] = true
			}
			walk(v.Field(i), set, unset)
		}
		if v.Type() == reflect.TypeFor[Value]() {
			walk(v.FieldByName("Items"), set, unset)
			for i := range v.FieldByName("Members").Len() {
				walk(v.FieldByName("Members").Index(i).Elem().FieldByName("Value"), set, unset)
			}
		}
	}
}

func TestPlacesAndPaths(t *testing.T) {
	d := read(t, "testdata/orders.arazzo.yaml")
	w := d.Workflow("place-order")
	step, index := w.Step("order")
	for what, c := range map[string]struct {
		got  Pos
		want string
	}{
		"workflow":        {w.Pos, "22:3"},
		"step":            {step.Pos, "95:5"},
		"a field's value": {step.At("operationPath"), "96:20"},
		"a field's key":   {step.KeyAt("operationPath"), "96:5"},
		"a missing field": {step.At("timeout"), "95:5"},
		"a parameter":     {w.Steps[0].Parameters[1].At("value"), "49:14"},
		"an output":       {w.Outputs.At("id"), "152:9"},
		"a dependency":    {w.DependsOn[1].Pos, "27:5"},
		"a nested value":  {step.RequestBody.Payload.Member("note").Pos, "102:15"},
	} {
		if c.got.String() != c.want {
			t.Errorf("%s is at %s, want %s", what, c.got, c.want)
		}
	}
	if index != 1 || step.Path != "/workflows/0/steps/1" || step.RequestBody.Payload.Member("note").Path != "/workflows/0/steps/1/requestBody/payload/note" {
		t.Errorf("paths are %d %s %s", index, step.Path, step.RequestBody.Payload.Member("note").Path)
	}
}

func TestYAMLAndJSONReadAlike(t *testing.T) {
	d := read(t, "testdata/orders.arazzo.yaml")
	encoded, err := json.MarshalIndent(d.root.Data(), "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	again, findings := Parse(encoded, "orders.json")
	if findings = append(findings, Validate(again, Strict)...); len(findings) > 0 {
		t.Fatalf("%v", findings)
	}
	if diff := cmp.Diff(d.root.Data(), again.root.Data()); diff != "" {
		t.Error(diff)
	}
	_, findings = Parse([]byte(`{"arazzo": "1.0.0", "info": {"title": "\ud83d\ude00 \u00e9 \/ \ud83d", "version": "1"}}`), "")
	if len(findings) == 0 {
		t.Error("a lone surrogate is read")
	}
	surrogates, _ := Parse([]byte(`{"arazzo": "1.0.0", "info": {"title": "\ud83d\ude00 \u00e9 \/", "version": "1"}}`), "")
	if surrogates.Info == nil || surrogates.Info.Title != "😀 é /" {
		t.Errorf("the title is %+v", surrogates.Info)
	}
}

func TestScalarsFollowTheCoreSchema(t *testing.T) {
	text := "a: [yes, no, on, 010, +5, .5, 5., 1e3, 0x1F, 0o17, 1_000, 2001-01-01, '5', ~, Null, TRUE, 12345678901234567890.10, -0, !!str 5, \"x\", 1:30]\n"
	n := &nodes{}
	v := n.readText([]byte(text))
	want := []any{"yes", "no", "on", json.Number("10"), json.Number("5"), json.Number("0.5"), json.Number("5"), json.Number("1e3"), json.Number("31"), json.Number("15"), "1_000",
		"2001-01-01", "5", nil, nil, true, json.Number("12345678901234567890.10"), json.Number("-0"), "5", "x", "1:30"}
	if diff := cmp.Diff(want, v.Member("a").Data()); diff != "" || len(n.findings) > 0 {
		t.Errorf("%v\n%s", n.findings, diff)
	}
}

// TestHostileDocumentsAreBounded reads what would fill the memory or the stack.
func TestHostileDocumentsAreBounded(t *testing.T) {
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 12; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	merges := "m0: &m0 {x: 1}\n"
	for i := 1; i < 40; i++ {
		merges += fmt.Sprintf("m%d: &m%d {<<: [*m%d, *m%d, *m%d]}\n", i, i, i-1, i-1, i-1)
	}
	for name, c := range map[string]struct{ text, rule string }{
		"billion laughs":   {bomb, "document-too-large"},
		"merge bomb":       {merges, "document-too-large"},
		"alias of itself":  {"a: &a [1, *a]\n", "yaml-cycle"},
		"key cycle":        {"a: &a {b: {c: *a}}\n", "yaml-cycle"},
		"deep flow":        {strings.Repeat("[", 5000), "syntax"},
		"deep and closed":  {strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "document-too-deep"},
		"deep blocks":      {deepBlocks(1000), "document-too-deep"},
		"too many bytes":   {"a: " + strings.Repeat("x", MaxBytes), "document-too-large"},
		"no UTF-8":         {"a: \xff\xfe", "document-encoding"},
		"control":          {"a: \x00", "syntax"},
		"many elements":    {"a: [" + strings.Repeat("1,", MaxNodes) + "1]", "document-too-large"},
		"huge exponent":    {"a: 1e999999999", "number-range"},
		"unknown alias":    {"a: *none", "syntax"},
		"key of an object": {"{a: 1}: b", "yaml-key"},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			d, findings := Parse([]byte(c.text), "hostile")
			if d == nil || len(findings) == 0 || !HasErrors(findings) {
				t.Fatalf("%v, %v", d, findings)
			}
			found := false
			for _, f := range findings {
				found = found || f.Rule == c.rule
			}
			if !found {
				t.Errorf("%.300v, want %s", findings, c.rule)
			}
			Validate(d, Strict)
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func deepBlocks(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%sa:\n", strings.Repeat(" ", i))
	}
	return b.String()
}

// TestLambdaUpdateDocument reads 'Amazon Lambda Update Code and Verify', which
// Headgate runs unmodified (FACTS §0).
func TestLambdaUpdateDocument(t *testing.T) {
	dir := os.Getenv("HEADGATE_SEEDS")
	if dir == "" {
		t.Skip("HEADGATE_SEEDS names no folder with the document")
	}
	file := filepath.Join(dir, "amazon-lambda-update-code-and-verify-workflow.yml")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d, findings := Parse(data, file)
	findings = append(findings, Validate(d, Lenient)...)
	if HasErrors(findings) || len(findings) != 2 {
		t.Errorf("%v", findings)
	}
	for _, f := range findings {
		if f.Rule != "lenient-jsonpath-condition" {
			t.Errorf("%v", f)
		}
	}
	if !HasErrors(Validate(d, Strict)) {
		t.Error("strict finds nothing")
	}
}

func TestEffectiveParametersAndActions(t *testing.T) {
	d := read(t, "testdata/orders.arazzo.yaml")
	w := d.Workflow("place-order")
	stock, order := w.Steps[0], w.Steps[1]
	told := func(list []*Parameter) string {
		var out []string
		for _, p := range list {
			out = append(out, fmt.Sprintf("%s=%v", describe(p), p.Value.Data()))
		}
		return strings.Join(out, ", ")
	}
	if got, want := told(w.EffectiveParameters(stock)), "sku in path=$inputs.sku, filter in querystring=kind={$inputs.kind}&limit=10, session in cookie=$workflows.login.outputs.session, X-Tenant in header=other, X-Trace in header=trace-{$inputs.trace}"; got != want {
		t.Errorf("the parameters of stock are %s", got)
	}
	if got, want := told(w.EffectiveParameters(order)), "X-Tenant in header=main, X-Trace in header=trace-{$inputs.trace}"; got != want {
		t.Errorf("the parameters of order are %s", got)
	}
	names := func(list []*Action) string {
		var out []string
		for _, a := range list {
			out = append(out, a.Name)
		}
		return strings.Join(out, " ")
	}
	if got := names(w.EffectiveOnSuccess(stock)) + "; " + names(w.EffectiveOnFailure(stock)) + "; " + names(w.EffectiveOnFailure(order)); got != "known elsewhere stopIfEmpty; refresh giveUp again; again" {
		t.Errorf("the actions are %s", got)
	}
	if got := told(w.ActionParameters(stock.OnFailure[0])); got != "user=$inputs.user" {
		t.Errorf("the parameters of the action are %s", got)
	}
}

func TestValuesEvaluate(t *testing.T) {
	d := read(t, "testdata/orders.arazzo.yaml")
	w := d.Workflow("place-order")
	env := &expression.Values{
		Inputs:   map[string]any{"sku": "s1", "amount": json.Number("3"), "xml": "<line><sku>s9</sku></line>", "kind": "new"},
		Steps:    map[string]map[string]any{"stock": {"first": map[string]any{"price": json.Number("1.10")}}},
		Response: &expression.Message{Body: map[string]any{"items": []any{map[string]any{"id": "i1"}}}},
	}
	body := w.Steps[1].RequestBody
	got, err := body.Payload.Evaluate(env)
	want := map[string]any{"sku": "s1", "amount": json.Number("1"), "note": "for ", "price": json.Number("1.10")}
	if diff := cmp.Diff(any(want), got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if got, err := body.Replacements[2].Value.Evaluate(env); err != nil || got != "s9" {
		t.Errorf("the replacement's value is %v, %v", got, err)
	}
	if got, err := w.Steps[0].Outputs.values["first"].Evaluate(env); err != nil || got != "i1" {
		t.Errorf("the output is %v, %v", got, err)
	}
	if got, err := w.Steps[0].Outputs.values["count"].Evaluate(env); err != nil || !expression.IsUndefined(got) {
		t.Errorf("the missing output is %v, %v", got, err)
	}
	if got := len(body.Payload.Expressions()); got != 3 {
		t.Errorf("the payload has %d expressions", got)
	}
	// Members and items that are not set are left out.
	doc, findings := Parse([]byte("arazzo: 1.0.0\nworkflows: [{workflowId: w, steps: [{stepId: s, operationId: o, requestBody: {payload: {a: $inputs.none, b: [$inputs.none, 1, {c: $inputs.none}], d: null}}}]}]"), "")
	if len(doc.Workflows) == 0 {
		t.Fatal(findings)
	}
	got, err = doc.Workflows[0].Steps[0].RequestBody.Payload.Evaluate(env)
	if diff := cmp.Diff(any(map[string]any{"b": []any{json.Number("1"), map[string]any{}}, "d": nil}), got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestSelectorsAreDataBefore11(t *testing.T) {
	const text = "arazzo: 1.%d.0\nworkflows: [{workflowId: w, steps: [{stepId: s, operationId: o, requestBody: {payload: {context: $inputs.a, selector: $.b, type: jsonpath}}}]}]"
	env := &expression.Values{Inputs: map[string]any{"a": map[string]any{"b": true}}}
	for minor, want := range []any{map[string]any{"context": env.Inputs["a"], "selector": "$.b", "type": "jsonpath"}, true} {
		d, _ := Parse(fmt.Appendf(nil, text, minor), "")
		got, err := d.Workflows[0].Steps[0].RequestBody.Payload.Evaluate(env)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("in 1.%d: %v\n%s", minor, err, diff)
		}
	}
}

func FuzzParse(f *testing.F) {
	orders, err := os.ReadFile("testdata/orders.arazzo.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(orders)
	findings, err := os.ReadFile("testdata/findings.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, part := range strings.Split(string(findings), "/document --\n") {
		document, _, _ := strings.Cut(part, "\n-- ")
		f.Add([]byte(head11 + document))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		start := time.Now()
		defer func() {
			if took := time.Since(start); took > 10*time.Second {
				t.Fatalf("it took %v", took)
			}
		}()
		d, findings := Parse(data, "fuzz")
		for _, f := range append(append(findings, Validate(d, Lenient)...), Validate(d, Strict)...) {
			if f.Rule == "" || f.Message == "" || f.Line < 1 || f.Column < 1 || f.Severity == "" {
				t.Fatalf("a finding lacks something: %+v", f)
			}
		}
		env := &expression.Values{StatusCode: 200, Inputs: map[string]any{"a": "b"}}
		for _, w := range d.Workflows {
			ValidateInputs(w, map[string]any{"a": "b"})
			for _, s := range w.Steps {
				w.EffectiveParameters(s)
				w.EffectiveOnSuccess(s)
				w.EffectiveOnFailure(s)
				for _, v := range s.Outputs.All() {
					_, _ = v.Evaluate(env)
				}
				if s.RequestBody != nil && s.RequestBody.Payload != nil {
					_, _ = s.RequestBody.Payload.Evaluate(env)
				}
			}
		}
	})
}
