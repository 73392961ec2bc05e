package jsonata

import (
	"context"
	"strconv"
	"testing"
)

const invoiceJSON = `{"Account": {"Account Name": "Firefly", "Order": [
  {"OrderID": "order103", "Product": [
    {"Product Name": "Bowler Hat", "ProductID": 858383, "SKU": "0406654608", "Description": {"Colour": "Purple", "Weight": 0.75}, "Price": 34.45, "Quantity": 2},
    {"Product Name": "Trilby hat", "ProductID": 858236, "SKU": "0406634348", "Description": {"Colour": "Orange", "Weight": 0.6}, "Price": 21.67, "Quantity": 1}]},
  {"OrderID": "order104", "Product": [
    {"Product Name": "Bowler Hat", "ProductID": 858383, "SKU": "040657863", "Description": {"Colour": "Purple", "Weight": 0.75}, "Price": 34.45, "Quantity": 4},
    {"Product Name": "Cloak", "ProductID": 345664, "SKU": "0406654603", "Description": {"Colour": "Black", "Weight": 2}, "Price": 107.99, "Quantity": 1}]}]}}`

const invoiceTotal = `$sum(Account.Order.Product.(Price * Quantity))`

func benchEval(b *testing.B, expr string, input any) {
	b.Helper()
	x := MustCompile(expr)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := x.Eval(ctx, input); err != nil {
			b.Fatal(err)
		}
	}
}

func mustDecode(tb testing.TB, text string) any {
	tb.Helper()
	v, err := Decode([]byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(invoiceTotal); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEvalInvoice(b *testing.B) { benchEval(b, invoiceTotal, mustDecode(b, invoiceJSON)) }

func BenchmarkEvalInvoiceMaps(b *testing.B) {
	benchEval(b, invoiceTotal, Plain(mustDecode(b, invoiceJSON)))
}

func BenchmarkEvalInvoicePrepared(b *testing.B) {
	p, err := Prepare(Plain(mustDecode(b, invoiceJSON)))
	if err != nil {
		b.Fatal(err)
	}
	benchEval(b, invoiceTotal, p)
}

// rows makes n objects with a key in no particular order.
func rows(n int) any {
	items := make([]any, n)
	for i := range items {
		items[i] = map[string]any{"id": float64(i * 7919 % n), "name": "row " + strconv.Itoa(i), "on": i%3 == 0}
	}
	return map[string]any{"rows": items}
}

func BenchmarkFilter10000(b *testing.B) { benchEval(b, `rows[on and id > 5000].name`, rows(10_000)) }

func BenchmarkSort10000(b *testing.B) { benchEval(b, `rows^(>id).name`, rows(10_000)) }

func BenchmarkMapLambda10000(b *testing.B) {
	benchEval(b, `$map(rows, function($r, $i) { $r.id + $i })`, rows(10_000))
}

func BenchmarkDecodeInvoice(b *testing.B) {
	b.ReportAllocs()
	data := []byte(invoiceJSON)
	for b.Loop() {
		if _, err := Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}
