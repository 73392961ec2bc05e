package intrinsic

import (
	"fmt"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// array makes a list of its arguments.
func array(_ *Env, args []any) (any, error) { return args, nil }

// arrayPartition is Partition with rounded numbers.
func arrayPartition(_ *Env, args []any) (any, error) {
	list, err := listArg(args, 0)
	if err != nil {
		return nil, err
	}
	size, err := integerArg(args, 1)
	if err != nil {
		return nil, err
	}
	return Partition(list, size)
}

// Partition cuts a list into lists of the given size; the last may be shorter.
func Partition(list []any, size int64) ([]any, error) {
	if size <= 0 {
		return nil, fmt.Errorf("%w: the chunk size must be positive", errArguments)
	}
	out := []any{}
	for len(list) > 0 {
		// The parts share the list's memory; their capacity ends where the next begins.
		n := min(int64(len(list)), size)
		out = append(out, list[:n:n])
		list = list[n:]
	}
	return out, nil
}

// arrayContains compares deeply; 1 and 1.0 are equal.
func arrayContains(_ *Env, args []any) (any, error) {
	list, err := listArg(args, 0)
	if err != nil {
		return nil, err
	}
	for _, item := range list {
		if jsonvalue.Equal(item, args[1]) {
			return true, nil
		}
	}
	return false, nil
}

// arrayRange is Range with rounded numbers.
func arrayRange(_ *Env, args []any) (any, error) {
	var n [3]int64
	for i := range n {
		var err error
		if n[i], err = integerArg(args, i); err != nil {
			return nil, err
		}
	}
	return Range(n[0], n[1], n[2])
}

// Range lists the numbers from first to last, which belongs to it, by step.
func Range(first, last, step int64) ([]any, error) {
	if step == 0 {
		return nil, fmt.Errorf("%w: the step must not be 0", errArguments)
	}
	out := []any{}
	for i := first; step > 0 && i <= last || step < 0 && i >= last; i += step {
		// The language's own limit. It also ends a range whose numbers overflow.
		if len(out) >= 1000 {
			return nil, fmt.Errorf("%w: more than 1000 items", errArguments)
		}
		out = append(out, i)
	}
	return out, nil
}

// arrayGetItem counts from 0; negative indexes are out of range.
func arrayGetItem(_ *Env, args []any) (any, error) {
	list, err := listArg(args, 0)
	if err != nil {
		return nil, err
	}
	i, err := integerArg(args, 1)
	if err != nil {
		return nil, err
	}
	if i < 0 || i >= int64(len(list)) {
		return nil, fmt.Errorf("%w: index %d is out of range", errArguments, i)
	}
	return list[i], nil
}

// arrayLength counts the items.
func arrayLength(_ *Env, args []any) (any, error) {
	list, err := listArg(args, 0)
	return int64(len(list)), err
}

// arrayUnique keeps the first of equal items.
func arrayUnique(_ *Env, args []any) (any, error) {
	list, err := listArg(args, 0)
	if err != nil {
		return nil, err
	}
	seen := make(map[string][]any, len(list)) // by text; equal values of other spelling (1, 1.0) are rare
	out := []any{}
next:
	for _, item := range list {
		// Numbers share one key, and objects, since equal ones may be written in several ways.
		key := jsonvalue.Type(item)
		if key != "number" && key != "object" {
			key = jsonvalue.Encode(item)
		}
		for _, old := range seen[key] {
			if jsonvalue.Equal(old, item) {
				continue next
			}
		}
		seen[key] = append(seen[key], item)
		out = append(out, item)
	}
	return out, nil
}
