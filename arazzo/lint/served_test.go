package lint

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/headgate/headgate/arazzo/source"
	"github.com/headgate/headgate/internal/openapi"
	"github.com/headgate/headgate/internal/wire"
)

// served is the description that Headgate serves of the operations that the built-in one has.
func served(t *testing.T) *source.Description {
	t.Helper()
	lambda, err := Lambda()
	if err != nil {
		t.Fatal(err)
	}
	var operations []string
	for _, op := range lambda.Operations() {
		operations = append(operations, op.ID)
	}
	tree, err := openapi.Describe(wire.Lambda(), operations)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	d, err := source.Loader{}.Parse(context.Background(), "http://127.0.0.1:4566/_headgate/openapi/lambda.json", text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// With the platform's own description the same is found as with the built-in one.
func TestServedDescriptionShowsTheSame(t *testing.T) {
	doc, o := open(t, "testdata/update.arazzo.yaml")
	count := func(sources Sources) map[string]int {
		rules := map[string]int{}
		for _, f := range Run(doc, Options{Sources: sources, Unreadable: o.Unreadable, Text: o.Text}) {
			rules[f.Rule]++
		}
		return rules
	}
	want, got := count(nil), count(Sources{"api": served(t)})
	delete(want, "source-unreadable")
	for rule, n := range want {
		if got[rule] != n {
			t.Errorf("%s: %d, with the built-in description %d", rule, got[rule], n)
		}
	}
	for rule, n := range got {
		if want[rule] == 0 {
			t.Errorf("%s: %d, with the built-in description none", rule, n)
		}
	}
}

// The built-in description says of paths, codes and members what the platform's does.
func TestBuiltInDescriptionIsTheServedOne(t *testing.T) {
	lambda, err := Lambda()
	if err != nil {
		t.Fatal(err)
	}
	platform := served(t)
	for _, op := range lambda.Operations() {
		other, err := platform.Operation(op.ID)
		if err != nil {
			t.Error(err)
			continue
		}
		if lambdaOperation(op) != lambdaOperation(other) || op.Method != other.Method {
			t.Errorf("%s: %s %s, served %s %s", op.ID, op.Method, op.Path, other.Method, other.Path)
		}
		for _, r := range op.Responses {
			var status int
			if err := json.Unmarshal([]byte(r.Status), &status); err != nil {
				continue
			}
			if status/100 == 2 && other.Response(status) == nil && op.ID != "Invoke" { // 202 and 204 are invocation types'
				t.Errorf("%s: the platform answers no %d", op.ID, status)
			}
			if mine, its := op.ResponseSchema(status, ""), other.ResponseSchema(status, ""); mine != nil && its != nil {
				for _, p := range mine.Properties() {
					if _, presence := its.At("/" + p); presence == source.No {
						t.Errorf("%s: the platform's answer has no %s", op.ID, p)
					}
				}
			}
		}
	}
}
