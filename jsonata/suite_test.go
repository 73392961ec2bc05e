package jsonata

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestOfficialSuite runs the official JSONata test suite from the folder named in HEADGATE_JSONATA_SUITE.
func TestOfficialSuite(t *testing.T) {
	root := os.Getenv("HEADGATE_JSONATA_SUITE")
	if root == "" {
		t.Skip("HEADGATE_JSONATA_SUITE names no folder")
	}
	files, err := filepath.Glob(filepath.Join(root, "groups", "*", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in %s: %v", root, err)
	}
	s := &suite{root: root, datasets: map[string]any{}}
	for _, file := range files {
		doc, err := readJSON(file)
		if err != nil {
			t.Fatal(err)
		}
		cases, ok := doc.([]any)
		if !ok {
			cases = []any{doc}
		}
		for i, c := range cases {
			name := fmt.Sprintf("%s#%d", strings.TrimPrefix(strings.TrimSuffix(file, ".json"), filepath.Join(root, "groups")+"/"), i)
			if err := s.run(filepath.Dir(file), c.(*Object)); err != nil {
				s.failed++
				t.Errorf("%s: %v", name, err)
			} else {
				s.passed++
			}
		}
	}
	fmt.Printf("%d passed, %d failed\n", s.passed, s.failed)
}

type suite struct {
	root           string
	datasets       map[string]any
	passed, failed int
}

func readJSON(file string) (any, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	v, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return v, nil
}

func (s *suite) input(c *Object) (any, error) {
	if data, ok := c.Get("data"); ok {
		return data, nil
	}
	name, ok := getField(c, "dataset").(string)
	if !ok {
		return Undefined{}, nil
	}
	if v, ok := s.datasets[name]; ok {
		return v, nil
	}
	v, err := readJSON(filepath.Join(s.root, "datasets", name+".json"))
	s.datasets[name] = v
	return v, err
}

func (s *suite) run(dir string, c *Object) error {
	expr, ok := getField(c, "expr").(string)
	if !ok {
		data, err := os.ReadFile(filepath.Join(dir, getField(c, "expr-file").(string)))
		if err != nil {
			return err
		}
		expr = string(data)
	}
	input, err := s.input(c)
	if err != nil {
		return err
	}
	options := []Option{WithTimeLimit(10 * time.Second)}
	if vars, ok := getField(c, "bindings").(*Object); ok {
		m := map[string]any{}
		for k, v := range vars.All() {
			m[k] = v
		}
		options = append(options, WithBindings(m))
	}
	if ms, ok := getField(c, "timelimit").(float64); ok {
		options = append(options, WithTimeLimit(time.Duration(ms)*time.Millisecond))
	}
	if depth, ok := getField(c, "depth").(float64); ok {
		options = append(options, WithMaxDepth(int(depth)))
	}
	got, err := evalText(expr, input, options...)
	if err := s.judge(c, got, err); err != nil {
		return fmt.Errorf("%s: %w", expr, err)
	}
	return nil
}

func evalText(expr string, input any, options ...Option) (any, error) {
	x, err := Compile(expr)
	if err != nil {
		return nil, err
	}
	return x.Eval(context.Background(), input, options...)
}

func (s *suite) judge(c *Object, got any, err error) error {
	want := getField(c, "error")
	if code, ok := c.Get("code"); ok {
		o := NewObject(2)
		o.Set("code", code)
		if token, ok := c.Get("token"); ok {
			o.Set("token", token)
		}
		want = o
	}
	if !isUndefined(want) {
		return judgeError(want.(*Object), got, err)
	}
	if err != nil {
		return err
	}
	if getField(c, "undefinedResult") == true {
		if !IsUndefined(got) {
			return fmt.Errorf("got %s, want undefined", show(got))
		}
		return nil
	}
	result, ok := c.Get("result")
	if !ok {
		return errors.New("case without an expectation")
	}
	if equal(got, result) || getField(c, "unordered") == true && sameItems(got, result) {
		return nil
	}
	return fmt.Errorf("got %s, want %s", show(got), show(result))
}

func judgeError(want *Object, got any, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return fmt.Errorf("got %s, %v; want error %s", show(got), err, show(want))
	}
	have := map[string]any{
		"code": e.Code, "message": e.Message, "token": e.Token, "position": float64(e.Position),
		"value": e.Value, "functionName": e.Function, "index": float64(e.index),
	}
	for k, v := range want.All() {
		if h, known := have[k]; known && !equal(h, v) {
			return fmt.Errorf("error %v has %s %v, want %v", e, k, show(h), show(v))
		}
	}
	return nil
}

func show(v any) string {
	s := displayJSON(v)
	if IsUndefined(v) {
		return "undefined"
	}
	return s[:min(len(s), 300)]
}

// sameItems compares arrays without regard to order.
func sameItems(a, b any) bool {
	x, xok := a.([]any)
	y, yok := b.([]any)
	if !xok || !yok || len(x) != len(y) {
		return false
	}
	used := make([]bool, len(y))
next:
	for _, item := range x {
		for i := range y {
			if !used[i] && equal(item, y[i]) {
				used[i] = true
				continue next
			}
		}
		return false
	}
	return true
}
