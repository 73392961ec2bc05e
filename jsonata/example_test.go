package jsonata_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/headgate/headgate/jsonata"
)

func Example() {
	input, err := jsonata.Decode([]byte(`{"items": [{"name": "pear", "price": 2, "count": 3}, {"name": "fig", "price": 0.5, "count": 8}]}`))
	if err != nil {
		log.Fatal(err)
	}
	x, err := jsonata.Compile(`{"names": items.name, "total": $sum(items.(price * count))}`)
	if err != nil {
		log.Fatal(err)
	}
	v, err := x.Eval(context.Background(), input)
	if err != nil {
		log.Fatal(err)
	}
	text, err := jsonata.Marshal(v)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
	// Output: {"names":["pear","fig"],"total":10}
}

func ExampleWithBindings() {
	x := jsonata.MustCompile(`$states.input.n + 1`)
	v, err := x.Eval(context.Background(), jsonata.Undefined{}, jsonata.WithBindings(map[string]any{
		"states": map[string]any{"input": map[string]any{"n": 41}},
	}))
	fmt.Println(v, err)
	// Output: 42 <nil>
}

func ExampleNewFunction() {
	shout, err := jsonata.NewFunction("shout", "<s-n?:s>", func(_ context.Context, args []any) (any, error) {
		times, ok := args[1].(float64)
		if !ok {
			times = 1
		}
		return strings.ToUpper(args[0].(string)) + strings.Repeat("!", int(times)), nil
	})
	if err != nil {
		log.Fatal(err)
	}
	x := jsonata.MustCompile(`name.$shout(3)`)
	v, err := x.Eval(context.Background(), map[string]any{"name": "ho"}, jsonata.WithFunction("shout", shout))
	fmt.Println(v, err)
	// Output: HO!!! <nil>
}
