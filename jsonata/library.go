package jsonata

import "sync"

// functionTable is the function library. It is filled when first needed (the table cannot be a plain variable,
// since $eval leads from it back to the compiler) and never changes afterwards.
type functionTable struct {
	once  sync.Once
	table map[string]*Function
}

var library functionTable

func (t *functionTable) find(name string) *Function {
	t.once.Do(func() {
		t.table = map[string]*Function{}
		t.addStrings()
		t.addNumbers()
		t.addArrays()
		t.addObjects()
		t.addMisc()
	})
	return t.table[name]
}

// add registers a function. arity is how many arguments $map and its like pass to it.
func (t *functionTable) add(name string, arity int, sig string, impl func(e *evaluation, args []any) (any, error)) {
	parsed, err := parseSignature(sig)
	if err != nil {
		panic(err) // a mistake in the table below
	}
	t.table[name] = &Function{name: name, arity: arity, sig: parsed, impl: impl}
}

func (t *functionTable) addStrings() {
	t.add("string", 1, "<x-b?:s>", fnString)
	t.add("substring", 3, "<s-nn?:s>", fnSubstring)
	t.add("substringBefore", 2, "<s-s:s>", fnSubstringBefore)
	t.add("substringAfter", 2, "<s-s:s>", fnSubstringAfter)
	t.add("lowercase", 1, "<s-:s>", fnLowercase)
	t.add("uppercase", 1, "<s-:s>", fnUppercase)
	t.add("length", 1, "<s-:n>", fnLength)
	t.add("trim", 1, "<s-:s>", fnTrim)
	t.add("pad", 3, "<s-ns?:s>", fnPad)
	t.add("match", 3, "<s-f<s:o>n?:a<o>>", fnMatch)
	t.add("contains", 2, "<s-(sf):b>", fnContains)
	t.add("replace", 4, "<s-(sf)(sf)n?:s>", fnReplace)
	t.add("split", 3, "<s-(sf)n?:a<s>>", fnSplit)
	t.add("join", 2, "<a<s>s?:s>", fnJoin)
	t.add("base64encode", 1, "<s-:s>", fnBase64Encode)
	t.add("base64decode", 1, "<s-:s>", fnBase64Decode)
	t.add("encodeUrlComponent", 1, "<s-:s>", urlFunction("encodeUrlComponent", encodeURLComponent))
	t.add("encodeUrl", 1, "<s-:s>", urlFunction("encodeUrl", encodeURL))
	t.add("decodeUrlComponent", 1, "<s-:s>", urlFunction("decodeUrlComponent", decodeURLComponent))
	t.add("decodeUrl", 1, "<s-:s>", urlFunction("decodeUrl", decodeURL))
}

func (t *functionTable) addNumbers() {
	t.add("number", 1, "<(nsb)-:n>", fnNumber)
	t.add("floor", 1, "<n-:n>", fnFloor)
	t.add("ceil", 1, "<n-:n>", fnCeil)
	t.add("round", 2, "<n-n?:n>", fnRound)
	t.add("abs", 1, "<n-:n>", fnAbs)
	t.add("sqrt", 1, "<n-:n>", fnSqrt)
	t.add("power", 2, "<n-n:n>", fnPower)
	t.add("random", 0, "<:n>", fnRandom)
	t.add("sum", 1, "<a<n>:n>", fnSum)
	t.add("max", 1, "<a<n>:n>", fnMax)
	t.add("min", 1, "<a<n>:n>", fnMin)
	t.add("average", 1, "<a<n>:n>", fnAverage)
	t.add("formatNumber", 3, "<n-so?:s>", fnFormatNumber)
	t.add("formatBase", 2, "<n-n?:s>", fnFormatBase)
	t.add("formatInteger", 2, "<n-s:s>", fnFormatInteger)
	t.add("parseInteger", 2, "<s-s:n>", fnParseInteger)
	t.add("now", 2, "<s?s?:s>", fnNow)
	t.add("millis", 0, "<:n>", fnMillis)
	t.add("toMillis", 2, "<s-s?:n>", fnToMillis)
	t.add("fromMillis", 3, "<n-s?s?:s>", fnFromMillis)
}

func (t *functionTable) addArrays() {
	t.add("count", 1, "<a:n>", fnCount)
	t.add("append", 2, "<xx:a>", fnAppend)
	t.add("reverse", 1, "<a:a>", fnReverse)
	t.add("shuffle", 1, "<a:a>", fnShuffle)
	t.add("distinct", 1, "<x:x>", fnDistinct)
	t.add("zip", 0, "<a+>", fnZip)
	t.add("sort", 2, "<af?:a>", fnSort)
	t.add("map", 2, "<af>", fnMap)
	t.add("filter", 2, "<af>", fnFilter)
	t.add("single", 2, "<af?>", fnSingle)
	t.add("reduce", 3, "<afj?:j>", fnReduce)
}

func (t *functionTable) addObjects() {
	t.add("keys", 1, "<x-:a<s>>", fnKeys)
	t.add("lookup", 2, "<x-s:x>", fnLookup)
	t.add("spread", 1, "<x-:a<o>>", fnSpread)
	t.add("merge", 1, "<a<o>:o>", fnMerge)
	t.add("each", 2, "<o-f:a>", fnEach)
	t.add("sift", 2, "<o-f?:o>", fnSift)
	t.add("clone", 1, "<(oa)-:o>", fnClone)
}

func (t *functionTable) addMisc() {
	t.add("boolean", 1, "<x-:b>", fnBoolean)
	t.add("not", 1, "<x-:b>", fnNot)
	t.add("exists", 1, "<x:b>", fnExists)
	t.add("type", 1, "<x:s>", fnType)
	t.add("error", 1, "<s?:x>", fnError)
	t.add("assert", 2, "<bs?:x>", fnAssert)
	t.add("eval", 2, "<sx?:x>", fnEval)
}
