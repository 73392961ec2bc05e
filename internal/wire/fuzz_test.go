package wire

import (
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// compiled is the shape of an SDK struct, for the codecs' own tests.
func compiled(v any, cfg Config) (*shape, reflect.Type) {
	c := &shapes{structs: map[structKey]*structure{}, unions: cfg.Unions, names: cfg.Names}
	t := reflect.TypeOf(v).Elem()
	return c.of(t), t
}

// stable checks that what was decoded survives encoding and decoding.
func stable(t *testing.T, v reflect.Value, sh *shape, encode func(reflect.Value) []byte, decode func([]byte, reflect.Value) error) {
	first := encode(v)
	again := reflect.New(v.Type()).Elem()
	if err := decode(first, again); err != nil {
		t.Fatalf("cannot decode what was encoded: %v\n%q", err, first)
	}
	if second := encode(again); string(second) != string(first) {
		t.Fatalf("not stable:\n%q\n%q", first, second)
	}
}

func FuzzJSON(f *testing.F) {
	sh, typ := compiled(&cloudwatch.PutMetricAlarmInput{}, CloudWatch())
	for _, seed := range []string{
		`{"AlarmName":"a","Threshold":1.5,"Period":60,"Dimensions":[{"Name":"n","Value":"v"},null],"ActionsEnabled":true}`,
		`{"EvaluationCriteria":{"PromQLCriteria":{"Query":"up"}},"Metrics":[{"Id":"m1","MetricStat":{"Metric":{},"Period":1,"Stat":"p99"}}]}`,
		`{"AlarmName":"\ud83d\ude00\u0000","Threshold":"NaN","x":[[{}]]}`, `{"Period":1e3}`, `[`, `{"a":`, `nul`, "\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		v := reflect.New(typ).Elem()
		if decodeJSON(body, v, sh) != nil {
			return
		}
		stable(t, v, sh, func(v reflect.Value) []byte { return appendJSON(nil, v, sh) },
			func(b []byte, v reflect.Value) error { return decodeJSON(b, v, sh) })
		appendXML(nil, "x", v, sh)
	})
}

func FuzzCBOR(f *testing.F) {
	sh, typ := compiled(&cloudwatch.PutMetricDataInput{}, CloudWatch())
	f.Add([]byte("\xa1\x69Namespace\x61N"))
	f.Add([]byte("\xbf\x6aMetricData\x9f\xbf\x69Timestamp\xc1\xfb\x41\xd9\x00\x00\x00\x00\x00\x00\x65Value\xf9\x3c\x00\xff\xff\xff"))
	f.Add([]byte("\xa1\x6aMetricData\x81\xa1\x66Values\x82\x01\x20"))
	f.Fuzz(func(t *testing.T, body []byte) {
		v := reflect.New(typ).Elem()
		if decodeCBOR(body, v, sh) != nil {
			return
		}
		stable(t, v, sh, func(v reflect.Value) []byte { return appendCBOR(nil, v, sh) },
			func(b []byte, v reflect.Value) error { return decodeCBOR(b, v, sh) })
	})
}

func FuzzQuery(f *testing.F) {
	sh, typ := compiled(&cloudwatch.PutMetricAlarmInput{}, CloudWatch())
	f.Add("AlarmName=a&Dimensions.member.1.Name=n&Dimensions.member.2.Name=m&Threshold=1e3")
	f.Add("Dimensions.1.Name=n&AlarmActions=&Metrics.member.1.MetricStat.Metric.Dimensions.member.01=x")
	f.Add("EvaluationCriteria.PromQLCriteria.Query=up&.=&..=")
	f.Fuzz(func(t *testing.T, body string) {
		form, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		tree, err := formTree(form)
		if err != nil {
			return
		}
		v := reflect.New(typ).Elem()
		if tree.decode(v, sh) == nil {
			appendXML(nil, "x", v, sh)
		}
	})
}

// Whatever path and body arrive, a REST request is answered, and never as an internal failure.
func FuzzREST(f *testing.F) {
	s, err := New(Lambda(), &lambda.Client{})
	if err != nil {
		f.Fatal(err)
	}
	for name := range s.ops { // decode and check, but call nothing
		s.ops[name].handler = reflect.Value{}
	}
	sh, typ := compiled(&lambda.ListTagsInput{}, Lambda())
	f.Add("GET", "/2015-03-31/functions/f/aliases?MaxItems=7&Marker=%zz", "")
	f.Add("POST", "/2015-03-31/functions/arn%3Aaws/invocations", "{}")
	f.Add("DELETE", "//2017-03-31/tags/x%2Fy?tagKeys=a&tagKeys=b", "")
	f.Fuzz(func(t *testing.T, method, target, body string) {
		if !strings.HasPrefix(target, "/") {
			return
		}
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return
		}
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Method, r.URL = method, u
		op, labels := s.router.find(r)
		in, sh := typ, sh
		if op != nil {
			in, sh = op.in, op.input()
		}
		v := reflect.New(in).Elem()
		if decodeREST(r, labels, []byte(body), v, sh) == nil && op != nil {
			op.rules().Check(v)
			for _, l := range labels {
				if l.value == "" {
					t.Errorf("%s %s: label %s is empty", method, target, l.name)
				}
			}
		}
		w := httptest.NewRecorder()
		if s.ServeHTTP(w, r); w.Code == 500 {
			t.Errorf("%s %s: %d %s", method, target, w.Code, w.Body)
		}
	})
}
