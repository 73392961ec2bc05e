package asl

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"

	"github.com/headgate/headgate/asl/intrinsic"
	"github.com/headgate/headgate/asl/jsonvalue"
	"github.com/headgate/headgate/jsonata"
)

// addFunctions binds what Step Functions adds to JSONata's library: $partition, $range, $hash, $random, $uuid, $parse.
// $eval is taken away. Those that src does not name are left out.
func addFunctions(bindings map[string]any, src string, random func() uint64) {
	bind := func(name string, f func(args []any) (any, error)) {
		if !strings.Contains(src, "$"+name) {
			return
		}
		fn, err := jsonata.NewFunction(name, "", func(_ context.Context, args []any) (any, error) { return f(args) })
		if err == nil { // cannot fail without a signature
			bindings[name] = fn
		}
	}
	// One item alone is an array of one, as for JSONata's own functions.
	bind("partition", func(args []any) (any, error) {
		list, ok := argument(args, 0).([]any)
		if !ok {
			list = []any{argument(args, 0)}
		}
		size, ok := jsonvalue.Integer(argument(args, 1))
		if !ok {
			return nil, errors.New("the second argument of $partition must be an integer")
		}
		return intrinsic.Partition(list, size)
	})
	bind("range", jsonataRange)
	bind("hash", func(args []any) (any, error) {
		algorithm, _ := argument(args, 1).(string)
		return intrinsic.Hash(argument(args, 0), algorithm)
	})
	bind("uuid", func([]any) (any, error) { return intrinsic.UUID(random), nil })
	// $random(seed) gives the same number each time, $random() another one each time it is called, though the same again
	// when the step is repeated after a crash.
	bind("random", func(args []any) (any, error) {
		bits := random()
		if seed, ok := jsonvalue.Integer(argument(args, 0)); ok {
			bits = rand.New(rand.NewPCG(uint64(seed), 0)).Uint64()
		}
		return float64(bits>>11) / (1 << 53), nil
	})
	bind("parse", func(args []any) (any, error) {
		text, ok := argument(args, 0).(string)
		if !ok {
			return nil, errors.New("the argument of $parse must be a string")
		}
		return jsonvalue.Decode([]byte(text))
	})
	// $eval would run texts that no one has checked; $parse stands in for its use on JSON.
	bindings["eval"] = jsonata.Undefined{}
}

// argument is the i-th argument; undefined, as in JSONata, if it was not given.
func argument(args []any, i int) any {
	if i < len(args) {
		return args[i]
	}
	return jsonata.Undefined{}
}

// jsonataRange makes a sequence: one number alone is not an array, as everywhere in JSONata.
func jsonataRange(args []any) (any, error) {
	var n [3]int64
	for i := range n {
		var ok bool
		if n[i], ok = jsonvalue.Integer(argument(args, i)); !ok {
			return nil, errors.New("the arguments of $range must be integers")
		}
	}
	// States.ArrayRange's limit of 1,000 items holds here too.
	list, err := intrinsic.Range(n[0], n[1], n[2])
	if len(list) == 1 {
		return list[0], err
	}
	return list, err
}
