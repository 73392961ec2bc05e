package wire

import (
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

func TestRoutes(t *testing.T) {
	s, err := New(Lambda(), &lambda.Client{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, target, operation string
		labels                    []string
	}{
		{"GET", "/2015-03-31/functions", "ListFunctions", nil},
		{"GET", "/2015-03-31/functions/", "ListFunctions", nil}, // as older clients write it
		{"POST", "/2015-03-31/functions", "CreateFunction", nil},
		{"GET", "/2015-03-31/functions/f", "GetFunction", []string{"f"}},
		{"POST", "/2015-03-31/functions/a%3Ab/invocations", "Invoke", []string{"a:b"}},
		{"PUT", "/2015-03-31/functions/a:b/aliases/live", "UpdateAlias", []string{"a:b", "live"}},
		{"GET", "/2018-10-31/layers", "ListLayers", nil},
		{"GET", "/2018-10-31/layers?find=LayerVersion&Arn=x", "GetLayerVersionByArn", nil},
		{"GET", "/2018-10-31/layers?find=Other", "ListLayers", nil},
		{"GET", "/2017-03-31/tags/a%2Fb", "ListTags", []string{"a/b"}},
		{"PATCH", "/2015-03-31/functions", "", nil},
		{"GET", "/2015-03-31/functions//aliases", "", nil},
		{"GET", "/2015-03-31", "", nil},
		{"GET", "/", "", nil},
	} {
		op, labels := s.router.find(httptest.NewRequest(c.method, c.target, nil))
		name := ""
		if op != nil {
			name = op.name
		}
		if name != c.operation || len(labels) != len(c.labels) {
			t.Errorf("%s %s: %q %v", c.method, c.target, name, labels)
			continue
		}
		for i, l := range labels {
			if l.value != c.labels[i] {
				t.Errorf("%s %s: label %s is %q", c.method, c.target, l.name, l.value)
			}
		}
	}
}
