package jsonata

// A signature such as <s-nn?:s> says which types of arguments a function takes:
// s string, n number, b boolean, l null, a array, o object, f function, j any JSON value, x anything;
// (…) a choice, a<…> an array of that type, ? an optional argument, + one or more, - one that
// defaults to the context. What follows the colon, the result's type, is documentation only.

type typeMask uint8

const (
	isString typeMask = 1 << iota
	isNumber
	isBoolean
	isNull
	isArray
	isObj
	isFunc
	isMissing

	anyJSON = isString | isNumber | isBoolean | isNull | isArray | isObj
)

type param struct {
	accepts  typeMask // isMissing included: an undefined argument fits every parameter but a function
	array    bool     // wraps a single value into an array
	of       typeMask // of an array's items, 0 for any
	ofName   byte
	optional bool
	many     bool
	context  bool
}

type signature struct {
	params []param
}

// typeOf gives the one bit of a value's type; undefined is isMissing.
func typeOf(v any) typeMask {
	switch v.(type) {
	case nil:
		return isNull
	case string:
		return isString
	case float64:
		return isNumber
	case bool:
		return isBoolean
	case []any, *list:
		return isArray
	case *Object, map[string]any:
		return isObj
	case *Function, *lambda, *regex:
		return isFunc
	}
	return isMissing
}

func letterMask(c byte) typeMask {
	switch c {
	case 's':
		return isString
	case 'n':
		return isNumber
	case 'b':
		return isBoolean
	case 'l':
		return isNull
	case 'o':
		return isObj
	case 'a':
		return isArray
	case 'f':
		return isFunc
	case 'j':
		return anyJSON
	case 'x':
		return anyJSON | isFunc
	}
	return 0
}

// parseSignature reads a signature with its angle brackets. The error has no position yet.
func parseSignature(text string) (*signature, *Error) {
	sig := &signature{}
	for i := 1; i < len(text)-1; i++ {
		last := len(sig.params) - 1
		switch c := text[i]; c {
		case ':':
			return sig, nil
		case '-', '?', '+':
			if last < 0 {
				continue
			}
			p := &sig.params[last]
			p.context = p.context || c == '-'
			p.optional = p.optional || c != '+'
			p.many = p.many || c == '+'
		case '(':
			end := closing(text, i, '(', ')')
			p := param{accepts: isMissing}
			for _, choice := range []byte(text[i+1 : end]) {
				if choice == '<' {
					return nil, &Error{Code: "S0402", Value: text[i : end+1]}
				}
				p.accepts |= letterMask(choice)
			}
			sig.params = append(sig.params, p)
			i = end
		case '<':
			end := closing(text, i, '<', '>')
			if last < 0 || !sig.params[last].array && sig.params[last].accepts != isFunc {
				return nil, &Error{Code: "S0401", Value: text[i : end+1]}
			}
			if p := &sig.params[last]; p.array && end > i+1 {
				p.ofName = text[i+1]
				p.of = letterMask(p.ofName)
			}
			i = end
		default:
			if p, ok := plainParam(c); ok {
				sig.params = append(sig.params, p)
			}
		}
	}
	return sig, nil
}

func plainParam(c byte) (param, bool) {
	mask := letterMask(c)
	switch c {
	case 'f':
		return param{accepts: isFunc}, true
	case 'a':
		return param{accepts: anyJSON | isFunc | isMissing, array: true}, true
	}
	return param{accepts: mask | isMissing}, mask != 0
}

// closing finds the bracket that closes the one at from.
func closing(text string, from int, open, end byte) int {
	depth := 0
	for i := from; i < len(text); i++ {
		switch text[i] {
		case open:
			depth++
		case end:
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(text) - 1
}

// validate fits arguments to the signature and returns them with one entry for each parameter (more for +),
// defaults from the context filled in and single values wrapped where an array is due.
func (s *signature) validate(args []any, context any) ([]any, *Error) {
	if out, ok := s.direct(args); ok {
		return s.wrap(out, nil)
	}
	counts := make([]int, len(s.params))
	if !s.match(args, 0, counts, s.deadEnds(args)) {
		return nil, s.mismatch(args)
	}
	out := make([]any, 0, max(len(s.params), len(args)))
	wide := make([]int, 0, len(args))
	n := 0
	next := func() any {
		if n++; n <= len(args) {
			return args[n-1]
		}
		return Undefined{}
	}
	for i, p := range s.params {
		if counts[i] == 0 && p.context {
			if p.accepts&typeOf(context) == 0 {
				return nil, &Error{Code: "T0411", Value: context, index: n + 1}
			}
			out, wide = append(out, context), append(wide, i)
			continue
		}
		// An optional parameter without a match still takes the argument at its place, as in the reference.
		for range max(counts[i], 1) {
			out, wide = append(out, next()), append(wide, i)
		}
	}
	return s.wrap(out, wide)
}

// direct handles the common case: argument i fits parameter i, and only optional ones are left over.
func (s *signature) direct(args []any) ([]any, bool) {
	if len(args) > len(s.params) {
		return nil, false
	}
	for i, a := range args {
		if s.params[i].accepts&typeOf(a) == 0 {
			return nil, false
		}
	}
	for _, p := range s.params[len(args):] {
		if !p.optional || p.context {
			return nil, false
		}
	}
	if len(args) == len(s.params) {
		return args, true
	}
	out := make([]any, len(s.params))
	n := copy(out, args)
	for i := n; i < len(out); i++ {
		out[i] = Undefined{}
	}
	return out, true
}

// deadEnds makes the memory of match: which parameters cannot be reached with so many arguments left.
func (s *signature) deadEnds(args []any) []bool {
	return make([]bool, (len(s.params)+1)*(len(args)+1))
}

// match assigns arguments to the parameters from i on, each taking as many as it can, and backtracks.
func (s *signature) match(args []any, i int, counts []int, dead []bool) bool {
	if i == len(s.params) {
		return len(args) == 0
	}
	at := len(args)*(len(s.params)+1) + i
	if dead[at] {
		return false
	}
	p := s.params[i]
	most := 1
	if p.many {
		most = len(args)
	}
	fits := 0
	for fits < most && fits < len(args) && p.accepts&typeOf(args[fits]) != 0 {
		fits++
	}
	least := 1
	if p.optional {
		least = 0
	}
	for n := fits; n >= least; n-- {
		counts[i] = n
		if s.match(args[n:], i+1, counts, dead) {
			return true
		}
	}
	dead[at] = true
	return false
}

// mismatch blames the first argument that no assignment reaches.
func (s *signature) mismatch(args []any) *Error {
	good := 0
	for i := 1; i <= len(s.params); i++ {
		part := &signature{params: s.params[:i]}
		reached := -1
		for n := len(args); n >= 0; n-- {
			if part.match(args[:n], 0, make([]int, i), part.deadEnds(args)) {
				reached = n
				break
			}
		}
		if reached < 0 {
			break
		}
		good = reached
	}
	var v any = Undefined{}
	if good < len(args) {
		v = args[good]
	}
	return &Error{Code: "T0410", Value: v, index: good + 1}
}

// wrap checks item types and makes arrays of single values; wide tells each argument's parameter, nil meaning its own index.
func (s *signature) wrap(args []any, wide []int) ([]any, *Error) {
	copied := wide != nil
	for i, a := range args {
		at := i
		if wide != nil {
			at = wide[i]
		}
		p := &s.params[at]
		if !p.array || isUndefined(a) || p.accepts&typeOf(a) == 0 {
			continue
		}
		items, ok := asItems(a)
		if p.of != 0 && !p.uniform(a, items, ok) {
			return nil, &Error{Code: "T0412", Value: a, index: i + 1, kind: plural(p.ofName)}
		}
		if ok {
			continue
		}
		if !copied {
			args, copied = append([]any(nil), args...), true
		}
		args[i] = []any{a}
	}
	return args, nil
}

// uniform tells whether all items are of one type, and that the declared one.
func (p *param) uniform(a any, items []any, isArr bool) bool {
	if !isArr {
		return p.of&typeOf(a) != 0
	}
	if len(items) == 0 {
		return true
	}
	first := typeOf(items[0])
	if first&p.of == 0 {
		return false
	}
	for _, item := range items[1:] {
		if typeOf(item) != first {
			return false
		}
	}
	return true
}

func plural(c byte) string {
	switch c {
	case 'a':
		return "arrays"
	case 'b':
		return "booleans"
	case 'f':
		return "functions"
	case 'n':
		return "numbers"
	case 'o':
		return "objects"
	case 's':
		return "strings"
	}
	return "values"
}
