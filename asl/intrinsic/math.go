package intrinsic

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// round is Java's Math.round: to the nearest integer, halves up.
func round(f float64) int64 { return int64(math.Floor(f + 0.5)) }

// mathAdd rounds each number, then adds.
func mathAdd(_ *Env, args []any) (any, error) {
	a, err := integerArg(args, 0)
	if err != nil {
		return nil, err
	}
	b, err := integerArg(args, 1)
	return a + b, err
}

// mathRandom picks from start to end, end left out. A seed makes it repeatable (not with Java's numbers).
func mathRandom(env *Env, args []any) (any, error) {
	start, err := integerArg(args, 0)
	if err != nil {
		return nil, err
	}
	end, err := integerArg(args, 1)
	if err != nil {
		return nil, err
	}
	if start >= end {
		return nil, fmt.Errorf("%w: the start must be below the end", errArguments)
	}
	var bits uint64
	if len(args) == 3 {
		seed, err := integerArg(args, 2)
		if err != nil {
			return nil, err
		}
		bits = rand.New(rand.NewPCG(uint64(seed), 0)).Uint64()
	} else {
		bits = env.Random()
	}
	return start + int64(bits%uint64(end-start)), nil
}

// uuid takes no arguments.
func uuid(env *Env, _ []any) (any, error) { return UUID(env.Random), nil }

// UUID makes a version 4 UUID from random bits.
func UUID(random func() uint64) string {
	a, b := random(), random()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", uint32(a>>32), uint16(a>>16), uint16(a)&0xfff,
		uint16(b>>48)&0x3fff|0x8000, b&0xffffffffffff)
}
