package jsonata

import (
	"context"
	"errors"
	"testing"
	"time"
)

// fuzzSeeds are expressions that between them use all of the grammar.
var fuzzSeeds = []string{
	`$sum(Account.Order.Product.(Price * Quantity))`,
	`Account.Order[0].Product[Price > 30 and Quantity < 3]^(>Price, SKU).{"sku": SKU, "order": %.OrderID}`,
	`Account.Order@$o#$i.Product[$o.OrderID = "order103"]{SKU: [$i, Price]}`,
	`($f := function($n)<n:n>{$n <= 1 ? 1 : $n * $f($n - 1)}; [1..5].$f($))`,
	`$ ~> |Account.Order|{"n": $count(Product)}, ["Product"]|`,
	`$map(?, $uppercase)(["a", "b"]) ~> $join(", ")`,
	`$replace("abc-def", /(\w+)-(\w+)/i, "$2-$1") & $string(**.Weight) ?? *[0] ?: null`,
	`$fromMillis($toMillis("2018-03-27", "[Y]-[M]-[D]"), "[FNn], [D1o] [MNn] [YI] [W] [z]")`,
	`$formatNumber(1234.5, "#,##0.00;(0)") & $formatInteger(1999, "w;o") & $parseInteger("IV", "I")`,
	"`a b`.\"c d\"[-1][] in [true, false] != $not(null) /* comment */",
	`$eval("[1,2]") ~> $reduce(λ($a, $b){$a + $b}) ~> $string ~> $length`,
	`"\ud83d\ude00" & '\u00e9' & $substring("😀x", 1) & $pad("x", -5, "ab")`,
}

func FuzzCompile(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		x, err := Compile(src)
		var e *Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("error of type %T: %v", err, err)
		}
		if err == nil && x.String() != src {
			t.Fatal("the source is lost")
		}
	})
}

func FuzzEval(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add(s, invoiceJSON)
	}
	f.Add(`$[1].a.b`, `[1, {"a": [{"b": null}]}]`)
	f.Fuzz(func(t *testing.T, src, input string) {
		x, err := Compile(src)
		if err != nil {
			return
		}
		in, err := Decode([]byte(input))
		if err != nil {
			in = Undefined{}
		}
		start := time.Now()
		v, err := x.Eval(context.Background(), in, WithTimeLimit(200*time.Millisecond), WithMaxDepth(500), WithMaxRange(1000))
		if took := time.Since(start); took > 5*time.Second {
			t.Fatalf("took %s in spite of the limit", took)
		}
		var e *Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("error of type %T: %v", err, err)
		}
		if err == nil {
			clean(t, v, 0)
		}
	})
}

// clean checks that a result holds none of the evaluator's own types.
func clean(t *testing.T, v any, depth int) {
	switch v := v.(type) {
	case nil, bool, string, float64, Undefined, *Function, *lambda, *regex, map[string]any:
	case []any:
		for _, item := range v {
			clean(t, item, depth+1)
		}
	case *Object:
		for _, item := range v.All() {
			clean(t, item, depth+1)
		}
	default:
		t.Fatalf("result holds a %T", v)
	}
}

func FuzzPictures(f *testing.F) {
	f.Add("#,##0.00;(0.0e0%)", "1,234.5", 1234.5)
	f.Add("[FNn,*-3], [D1o] [MNn] [Y9,999] [h]:[m01]:[s].[f001] [P] [Z0101t] [z] [w] [xN]", "Fri, 1st March 2024", 1.5e12)
	f.Add("Ww;o", "Two Thousand and Twenty-First", 2021.0)
	f.Add("##٠;o", "MCMXC", -3.7)
	f.Fuzz(func(t *testing.T, picture, text string, number float64) {
		in := map[string]any{"p": picture, "t": text, "n": number}
		for _, x := range []string{
			`$formatNumber(n, p)`, `$formatNumber(n, p, {"zero-digit": t})`, `$formatInteger(n, p)`, `$parseInteger(t, p)`,
			`$fromMillis(n, p)`, `$fromMillis(n, p, t)`, `$toMillis(t, p)`, `$toMillis(t)`, `$round(n, $length(t))`, `$formatBase(n, 7)`,
			`$substring(t, n)`, `$pad(t, n % 100, p)`, `$split(t, p)`, `$replace(t, /./, p)`,
		} {
			var e *Error
			if _, err := evalText(x, in); err != nil && !errors.As(err, &e) {
				t.Fatalf("%s: error of type %T: %v", x, err, err)
			}
		}
	})
}
