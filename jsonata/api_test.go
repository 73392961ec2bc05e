package jsonata

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
	"time"
)

func TestUndefinedIsNotNull(t *testing.T) {
	v, err := evalText(`a`, map[string]any{"a": nil})
	if err != nil || v != nil || IsUndefined(v) {
		t.Fatalf("null came back as %v, %v", v, err)
	}
	v, err = evalText(`b`, map[string]any{"a": nil})
	if err != nil || !IsUndefined(v) {
		t.Fatalf("nothing came back as %v, %v", v, err)
	}
}

func TestForeignValuesAreConverted(t *testing.T) {
	type order struct {
		Price json.Number `json:"price"`
		Count int         `json:"count"`
	}
	in := map[string]any{"n": int32(2), "big": json.Number("1e3"), "list": []any{1, "x"}, "orders": []order{{"2.5", 4}}}
	v, err := evalText(`[n + big, list[0] + 1, orders.(price * count)]`, in)
	if err != nil || !reflect.DeepEqual(v, []any{1002.0, 2.0, 10.0}) {
		t.Fatalf("got %v, %v", v, err)
	}
	if _, ok := in["n"].(int32); !ok {
		t.Fatal("the input was changed")
	}
}

func TestPreparedValuesStandForTheirContent(t *testing.T) {
	p, err := Prepare(map[string]any{"n": 20, "list": []int{1, 2}})
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]any{"input": p, "name": "x"}
	v, err := evalText(`n + $sum(list) + $states.input.n - 1`, p, WithBindings(map[string]any{"states": states}))
	if err != nil || v != 42.0 {
		t.Fatalf("got %v, %v", v, err)
	}
	if _, ok := states["input"].(Prepared); !ok {
		t.Fatal("the binding was changed")
	}
}

func TestInputIsNotChanged(t *testing.T) {
	in := mustDecode(t, invoiceJSON)
	for _, expr := range []string{
		`$ ~> |**.Product|{"Price": 0}, "SKU"|`, `Account.Order.Product^(>Price)[]`, `$sort(Account.Order.Product.Price)`,
		`$ ~> |$$.Account|{"x": 1}|`, `($clone := λ($x){$x}; $ ~> |Account|{"x": 1}|)`,
		`$reverse(Account.Order)`, `$append(Account.Order, 1)`, `Account.Order{OrderID: $}`, `$merge(Account.Order)`,
	} {
		if _, err := evalText(expr, in); err != nil {
			t.Fatalf("%s: %v", expr, err)
		}
	}
	if !equal(in, mustDecode(t, invoiceJSON)) {
		t.Fatal("the input was changed")
	}
}

func TestPlainMapsGiveTheSameResult(t *testing.T) {
	ordered := mustDecode(t, invoiceJSON)
	for _, expr := range fuzzSeeds {
		a, errA := evalText(expr, ordered)
		b, errB := evalText(expr, Plain(ordered))
		if (errA == nil) != (errB == nil) || errA == nil && !isFunction(a) && !equal(a, b) {
			t.Errorf("%s: %s, %v from objects; %s, %v from maps", expr, show(a), errA, show(b), errB)
		}
	}
}

func TestOneExpressionServesManyGoroutines(t *testing.T) {
	x := MustCompile(`($f := λ($n){$n = 0 ? $v : $f($n - 1)}; $f(50) + $sum(Account.Order.Product.Price) * 0)`)
	in := mustDecode(t, invoiceJSON)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				v, err := x.Eval(context.Background(), in, WithBindings(map[string]any{"v": i}))
				if err != nil || v != float64(i) {
					t.Errorf("goroutine %d got %v, %v", i, v, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestClockAndRandomAreInjected(t *testing.T) {
	at := time.Date(2020, 2, 29, 12, 0, 0, 5e6, time.UTC)
	now := WithClock(func() time.Time { at = at.Add(time.Hour); return at })
	v, err := evalText(`[$now(), $now("[H]", "+0200"), $millis() = $toMillis($now())]`, nil, now)
	if err != nil || !reflect.DeepEqual(v, []any{"2020-02-29T13:00:00.005Z", "15", true}) {
		t.Fatalf("got %v, %v", v, err)
	}
	source := func() Option { return WithRandom(rand.New(rand.NewPCG(1, 2))) }
	a, _ := evalText(`[$random(), $shuffle([1..20])]`, nil, source())
	b, _ := evalText(`[$random(), $shuffle([1..20])]`, nil, source())
	if !equal(a, b) {
		t.Fatal("the same source gave different results")
	}
}

func TestLimitsEndRunawayExpressions(t *testing.T) {
	var e *Error
	_, err := evalText(`($f := λ($n){$f($n + 1)}; $f(0))`, nil, WithTimeLimit(20*time.Millisecond))
	if !errors.As(err, &e) || e.Code != "U1001" {
		t.Errorf("time limit: %v", err)
	}
	_, err = evalText(`((((1))))`, nil, WithMaxDepth(4))
	if !errors.As(err, &e) || e.Code != "U1001" {
		t.Errorf("depth limit: %v", err)
	}
	if v, err := evalText(`((((1))))`, nil, WithMaxDepth(5)); v != 1.0 {
		t.Errorf("within the depth limit: %v, %v", v, err)
	}
	_, err = evalText(`[1..100]`, nil, WithMaxRange(99))
	if !errors.As(err, &e) || e.Code != "D2014" {
		t.Errorf("range limit: %v", err)
	}
	_, err = evalText(`$pad("", 100000000)`, nil)
	if !errors.As(err, &e) || e.Code != "U1001" {
		t.Errorf("string limit: %v", err)
	}
}

func TestValuesThatHoldThemselvesManyTimesOverDoNotHang(t *testing.T) {
	if testing.Short() {
		t.Skip("walks through millions of values")
	}
	const double = `$x := $reduce([1..40], λ($a, $b){[[$a],[$a]]}, [false]); `
	for _, expr := range []string{`$boolean($x)`, `$x = $reduce([1..40], λ($a, $b){[[$a],[$a]]}, [false])`, `$x.a`, `$keys($x)`, `{"x": $x}.*`, `$spread($x)`, `$x`, `$string($x)`} {
		var e *Error
		_, err := evalText("("+double+expr+")", nil, WithMaxRange(1000))
		if !errors.As(err, &e) || e.Code != "U1001" && e.Code != "D2015" {
			t.Errorf("%s: %v", expr, err)
		}
	}
}

func TestCancelledContextEndsEvaluation(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	x := MustCompile(`($f := λ($n){$f($n + 1)}; $f(0))`)
	if _, err := x.Eval(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

func TestFunctionsOfTheHost(t *testing.T) {
	boom := errors.New("boom")
	fail, _ := NewFunction("fail", "", func(context.Context, []any) (any, error) { return nil, boom })
	if _, err := evalText(`$fail()`, nil, WithFunction("fail", fail)); !errors.Is(err, boom) {
		t.Errorf("the function's own error is lost: %v", err)
	}
	sum, err := NewFunction("plus", "<n-n:n>", func(_ context.Context, args []any) (any, error) {
		return int(args[0].(float64) + args[1].(float64)), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	v, err := evalText(`$map([1,2], $plus(?, 10)) ~> $reduce($plus)`, nil, WithFunction("plus", sum))
	if err != nil || v != 23.0 {
		t.Errorf("got %v, %v", v, err)
	}
	var e *Error
	if _, err := evalText(`$plus("x", 1)`, nil, WithFunction("plus", sum)); !errors.As(err, &e) || e.Code != "T0410" || e.Token != "plus" {
		t.Errorf("got %v", err)
	}
	if _, err := evalText(`$eval("1")`, nil, WithBindings(map[string]any{"eval": Undefined{}})); !errors.As(err, &e) || e.Code != "T1006" {
		t.Errorf("a hidden library function was called: %v", err)
	}
	if _, err := NewFunction("x", "<s<n>>", nil); err == nil {
		t.Error("a bad signature was accepted")
	}
}

func TestErrorsTellPlaceTokenAndValue(t *testing.T) {
	_, err := evalText(`a.(1 + b)`, mustDecode(t, `{"a":{"b":"x"}}`))
	var e *Error
	if !errors.As(err, &e) || e.Code != "T2002" || e.Token != "+" || e.Value != "x" || e.Position != 6 {
		t.Fatalf("got %+v", err)
	}
	if want := `The right side of the "+" operator must evaluate to a number (T2002)`; err.Error() != want {
		t.Fatalf("got %q, want %q", err, want)
	}
	_, err = Compile(`"😀" & [1,`)
	if !errors.As(err, &e) || e.Code != "S0207" || e.Position != 10 {
		t.Fatalf("got %+v", err)
	}
}

func TestEveryErrorCodeInUseHasItsMessage(t *testing.T) {
	for _, code := range []string{
		"S0101", "S0106", "S0217", "S0303", "S0402", "T0410", "T1010", "T2013", "U1001", "D1001", "D1009", "D2014", "D2015",
		"D3001", "D3012", "D3050", "D3070", "D3080", "D3093", "D3100", "D3110", "D3121", "D3136", "D3138", "D3140",
	} {
		if messages(code) == "" {
			t.Errorf("%s has no message", code)
		}
	}
}
