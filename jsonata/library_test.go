package jsonata

import "testing"

func TestStrings(t *testing.T) {
	runCases(t, []evalCase{
		{expr: `$length("a😀")`, want: `2`},
		{expr: `$substring("a😀bc", 1, 2)`, want: `"😀b"`},
		{expr: `$substring("hello", -3, 2)`, want: `"ll"`},
		{expr: `$split("😀", "") ~> $join`, want: `"😀"`},
		{expr: `"\ud83d" & "\ude00"`, want: `"😀"`},
		{expr: `"\ud83d"`, want: `"\ud83d"`},
		{expr: `"\uffff" > "😀"`, want: `true`},
		{expr: `$pad("x", -4, "ab")`, want: `"abax"`},
		{expr: `$uppercase("straße")`, want: `"STRASSE"`},
		{expr: `$string(0.1 + 0.2)`, want: `"0.3"`},
		{expr: `$string([1e21, 1e-7, 123456789012345678])`, want: `"[1e+21,1e-7,123456789012345680]"`},
		{expr: `$match("x😀a1", /a(\d)(z)?/)`, want: `{"match":"a1","index":3,"groups":["1",""]}`},
		{expr: `$replace("a.b.c", ".", "-", 1)`, want: `"a-b.c"`},
		{expr: `$replace("ab", /(a)(b)/, "$2$1$$$3")`, want: `"ba$"`},
		{expr: `$replace("aXbX", /x/i, λ($m){$string($m.start)})`, want: `"a1b3"`},
		{expr: `$replace("abc", /x*/, "-")`, code: "D1004"},
		{expr: `$split("a1b22c", /\d+/, 2)`, want: `["a","b"]`},
		{expr: `$contains("a\nb", /a.b/)`, want: `false`},
		{expr: `$contains("line1\nline2", /^line2$/m)`, want: `true`},
		{expr: `$match("aab ab", /\ba/).index`, want: `[0,4]`},
		{expr: `/(?=x)/`, code: "S0303"},
		{expr: `/(a)\1/`, code: "S0303"},
		{expr: `$base64decode($base64encode("hi?"))`, want: `"hi?"`},
		{expr: `$decodeUrl("%2F%20ü")`, want: `"%2F ü"`},
		{expr: `$encodeUrlComponent("ü/")`, want: `"%C3%BC%2F"`},
	})
}

func TestNumbers(t *testing.T) {
	runCases(t, []evalCase{
		{expr: `[2.5, 3.5, -2.5].$round($)`, want: `[2,4,-2]`},
		{expr: `$round(1.005, 2)`, want: `1`},
		{expr: `$round(12345, -2)`, want: `12300`},
		{expr: `$number("0x1F") + $number("0b11") + $number("007")`, want: `41`},
		{expr: `$number("1e400")`, code: "D3030"},
		{expr: `$formatNumber(12345.6, "#,###.00")`, want: `"12,345.60"`},
		{expr: `$formatNumber(-0.14, "0%;(0%)")`, want: `"(14%)"`},
		{expr: `$formatNumber(0.000123, "0.0e0")`, want: `"1.2e-4"`},
		{expr: `$formatNumber(1, "0.0.0")`, code: "D3081"},
		{expr: `$formatBase(-255, 16)`, want: `"-ff"`},
		{expr: `$formatInteger(1984, "I") & $formatInteger(28, "a")`, want: `"MCMLXXXIVab"`},
		{expr: `$formatInteger(2021, "Ww;o")`, want: `"Two Thousand and Twenty-First"`},
		{expr: `$formatInteger(1234567, "#,##0;o")`, want: `"1,234,567th"`},
		{expr: `$parseInteger("two thousand and twenty-first", "w")`, want: `2021`},
		{expr: `$parseInteger("1,234", "#,##0")`, want: `1234`},
		{expr: `$parseInteger("MCMLXXXIV", "I")`, want: `1984`},
		{expr: `$power(10, 400)`, code: "D3061"},
		{expr: `$sum(["1"])`, code: "T0412"},
	})
}

func TestDates(t *testing.T) {
	runCases(t, []evalCase{
		{expr: `$fromMillis(0)`, want: `"1970-01-01T00:00:00.000Z"`},
		{expr: `$fromMillis(1521801216617, "[FNn], [D1o] [MNn,*-3] [Y] [h]:[m] [P]", "+0530")`, want: `"Friday, 23rd Mar 2018 4:03 pm"`},
		{expr: `$fromMillis(1521801216617, "[X]-W[W01]-[F1] [d] [xNn] [w] [[x]]")`, want: `"2018-W12-5 82 March 4 [x]"`},
		{expr: `$fromMillis(0, "[Z] [z0000] [Z01:01t]")`, want: `"+00:00 GMT+0000 Z"`},
		{expr: `$fromMillis(0, "[Q]")`, code: "D3132"},
		{expr: `$fromMillis(0, "[ZN]")`, code: "D3134"},
		{expr: `$fromMillis(0, "[Y")`, code: "D3135"},
		{expr: `$toMillis("2018-03-27T14:03:00.123+02:00")`, want: `1522152180123`},
		{expr: `$toMillis("27th March 2018", "[D1o] [MNn] [Y]")`, want: `1522108800000`},
		{expr: `$toMillis("20180327", "[Y0001][M01][D01]")`, want: `1522108800000`},
		{expr: `$toMillis("12:30 am 2018-01-01", "[h]:[m] [P] [Y]-[M]-[D]")`, want: `1514766600000`},
		{expr: `$toMillis("x", "[Y]")`},
		{expr: `$toMillis("2018-22", "[Y]-[D]")`, code: "D3136"},
		{expr: `$toMillis("yesterday")`, code: "D3110"},
	})
}

func TestArraysAndObjects(t *testing.T) {
	runCases(t, []evalCase{
		{expr: `$keys([{"b":1},{"a":1,"b":2}])`, want: `["b","a"]`},
		{expr: `$each({"b":1,"a":2}, λ($v,$k){$k & $v})`, want: `["b1","a2"]`},
		{expr: `$spread({"b":1,"a":2})`, want: `[{"b":1},{"a":2}]`},
		{expr: `$merge([{"b":1},{"a":2,"b":3}])`, want: `{"b":3,"a":2}`},
		{expr: `$zip([1,2,3],["a","b"])`, want: `[[1,"a"],[2,"b"]]`},
		{expr: `$distinct([1,"1",{"a":1},1,{"a":1}])`, want: `[1,"1",{"a":1}]`},
		{expr: `$sort([3,1,2], λ($a,$b){$a < $b})`, want: `[3,2,1]`},
		{expr: `$sort([1,"a"])`, code: "D3070"},
		{expr: `$single([1,2])`, code: "D3138"},
		{expr: `$single([], λ($v){true})`, code: "D3139"},
		{expr: `$append([], nothing)`, want: `[]`},
		{expr: `$lookup([{"a":1},{"a":[2,3]}], "a")`, want: `[1,2,3]`},
		{expr: `$assert(false, "oh")`, code: "D3141"},
		{expr: `$type([null, 1, "s", true, [], {}, $sum].$type($))`, want: `"array"`},
	})
}
