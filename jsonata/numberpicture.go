package jsonata

import (
	"math"
	"strconv"
	"strings"
)

// $formatNumber, after the picture strings of XPath's fn:format-number.

// decimalFormat holds the characters that have a meaning in a picture.
type decimalFormat struct {
	decimal, grouping, exponent, minus, percent, perMille, digit, separator string
	zero                                                                    rune
}

// newDecimalFormat takes the characters from the options of $formatNumber.
func newDecimalFormat(options any) decimalFormat {
	f := decimalFormat{".", ",", "e", "-", "%", "‰", "#", ";", '0'}
	set := func(name string, field *string) {
		if s, ok := getField(options, name).(string); ok && s != "" {
			*field = s
		}
	}
	zero := "0"
	set("decimal-separator", &f.decimal)
	set("grouping-separator", &f.grouping)
	set("exponent-separator", &f.exponent)
	set("minus-sign", &f.minus)
	set("percent", &f.percent)
	set("per-mille", &f.perMille)
	set("digit", &f.digit)
	set("pattern-separator", &f.separator)
	set("zero-digit", &zero)
	f.zero, _ = decodeChar(zero)
	return f
}

func (f *decimalFormat) isDigit(c string) bool {
	r, n := decodeChar(c)
	return n == len(c) && r >= f.zero && r < f.zero+10
}

// active tells whether a character is one that a number is made of.
func (f *decimalFormat) active(c string) bool {
	return f.isDigit(c) || c == f.decimal || c == f.exponent || c == f.grouping || c == f.digit
}

// subPicture is an analysed sub-picture.
type subPicture struct {
	prefix, suffix             string
	integer, fraction          string // of the mantissa's picture
	exponent                   string
	hasDecimal, hasExponent    bool
	scale                      float64 // 100 for per cent, 1000 for per mille
	minInteger, scaling        int
	minFraction, maxFraction   int
	minExponent                int
	integerGroups, fractGroups []int // positions of separators, from the decimal separator outwards
	regular                    int   // distance if the integer separators are regular, else 0
}

// fnFormatNumber is $formatNumber(number, picture, options).
func fnFormatNumber(_ *evaluation, args []any) (any, error) {
	value, ok := args[0].(float64)
	if !ok {
		return args[0], nil
	}
	picture, _ := args[1].(string)
	f := newDecimalFormat(args[2])
	subs := strings.Split(picture, f.separator)
	if len(subs) > 2 {
		return nil, newError("D3080", 0, "", nil)
	}
	var parts []*subPicture
	for _, text := range subs {
		s, err := f.analyse(text)
		if err != nil {
			return nil, err
		}
		parts = append(parts, s)
	}
	s := *parts[0]
	if value < 0 || value == 0 && math.Signbit(value) {
		if len(parts) == 2 {
			s = *parts[1]
		} else {
			s.prefix = f.minus + s.prefix
		}
	}
	return s.prefix + f.format(&s, math.Abs(value)) + s.suffix, nil
}

// chars splits a string into code points.
func chars(s string) []string {
	var out []string
	for len(s) > 0 {
		_, n := decodeChar(s)
		out = append(out, s[:n])
		s = s[n:]
	}
	return out
}

// analyse splits a sub-picture into its parts and checks them.
func (f *decimalFormat) analyse(text string) (*subPicture, error) {
	all := chars(text)
	from, to := 0, len(all)
	for from < to && (!f.active(all[from]) || all[from] == f.exponent) {
		from++
	}
	for to > from && (!f.active(all[to-1]) || all[to-1] == f.exponent) {
		to--
	}
	s := &subPicture{prefix: strings.Join(all[:from], ""), suffix: strings.Join(all[to:], ""), scale: 1}
	body := strings.Join(all[from:to], "")
	mantissa := body
	if i := strings.Index(body, f.exponent); i >= 0 {
		mantissa, s.exponent, s.hasExponent = body[:i], body[i+len(f.exponent):], true
	}
	s.integer, s.fraction, s.hasDecimal = strings.Cut(mantissa, f.decimal)
	if code := f.check(s, text, body, mantissa); code != "" {
		return nil, newError(code, 0, "", nil)
	}
	if strings.Contains(text, f.percent) {
		s.scale = 100
	} else if strings.Contains(text, f.perMille) {
		s.scale = 1000
	}
	f.measure(s)
	return s, nil
}

// check returns the code of the first rule that the sub-picture breaks.
func (f *decimalFormat) check(s *subPicture, text, body, mantissa string) string {
	isDigitChar := func(c string) bool { return c == f.digit || f.isDigit(c) }
	any := func(part string, test func(string) bool) bool {
		for _, c := range chars(part) {
			if test(c) {
				return true
			}
		}
		return false
	}
	percent, perMille := strings.Count(text, f.percent), strings.Count(text, f.perMille)
	g := f.grouping
	switch {
	case strings.Count(text, f.decimal) > 1:
		return "D3081"
	case percent > 1:
		return "D3082"
	case perMille > 1:
		return "D3083"
	case percent > 0 && perMille > 0:
		return "D3084"
	case !any(mantissa, isDigitChar):
		return "D3085"
	case any(body, func(c string) bool { return !f.active(c) }):
		return "D3086"
	case strings.Contains(text, g+f.decimal) || strings.Contains(text, f.decimal+g):
		return "D3087"
	case !s.hasDecimal && strings.HasSuffix(s.integer, g):
		return "D3088"
	case strings.Contains(text, g+g):
		return "D3089"
	case f.after(s.integer, f.isDigit, f.digit):
		return "D3090"
	case f.digitAfterOptional(s.fraction):
		return "D3091"
	case s.hasExponent && (percent > 0 || perMille > 0):
		return "D3092"
	case s.hasExponent && (s.exponent == "" || any(s.exponent, func(c string) bool { return !f.isDigit(c) })):
		return "D3093"
	}
	return ""
}

// after tells whether char stands anywhere behind a character that first accepts.
func (f *decimalFormat) after(part string, first func(string) bool, char string) bool {
	seen := false
	for _, c := range chars(part) {
		if seen && c == char {
			return true
		}
		seen = seen || first(c)
	}
	return false
}

func (f *decimalFormat) digitAfterOptional(part string) bool {
	seen := false
	for _, c := range chars(part) {
		if seen && f.isDigit(c) {
			return true
		}
		seen = seen || c == f.digit
	}
	return false
}

// measure derives sizes and the places of grouping separators.
func (f *decimalFormat) measure(s *subPicture) {
	integer, fraction := chars(s.integer), chars(s.fraction)
	digits := 0
	for i := len(integer) - 1; i >= 0; i-- {
		switch {
		case integer[i] == f.grouping:
			s.integerGroups = append(s.integerGroups, digits)
			continue
		case f.isDigit(integer[i]):
			s.minInteger++
		}
		digits++
	}
	s.regular = regularDistance(s.integerGroups)
	for _, c := range fraction {
		if c == f.grouping {
			s.fractGroups = append(s.fractGroups, s.maxFraction)
			continue
		}
		if f.isDigit(c) {
			s.minFraction++
		}
		s.maxFraction++
	}
	s.scaling = s.minInteger
	if s.minInteger == 0 && s.maxFraction == 0 {
		if s.hasExponent {
			s.minFraction, s.maxFraction = 1, 1
		} else {
			s.minInteger = 1
		}
	}
	if s.hasExponent && s.minInteger == 0 && strings.Contains(s.integer, f.digit) {
		s.minInteger = 1
	}
	if s.minInteger == 0 && s.minFraction == 0 {
		s.minFraction = 1
	}
	s.minExponent = len(chars(s.exponent))
}

// regularDistance returns the distance between separators if they are evenly spaced, else 0.
func regularDistance(positions []int) int {
	if len(positions) == 0 {
		return 0
	}
	for i, p := range positions {
		if p != positions[0]*(i+1) {
			return 0
		}
	}
	return positions[0]
}

// format writes a number that is not negative.
func (f *decimalFormat) format(s *subPicture, value float64) string {
	if math.IsInf(value, 0) {
		return "Infinity"
	}
	if math.IsNaN(value) {
		return "NaN"
	}
	value *= s.scale
	exp := 0
	if s.hasExponent && value != 0 {
		magnitude := strconv.FormatFloat(value, 'e', -1, 64)
		n, _ := strconv.Atoi(magnitude[strings.IndexByte(magnitude, 'e')+1:])
		exp = n + 1 - s.scaling
		value = shift(value, -exp)
	}
	text := strconv.FormatFloat(roundEven(value, s.maxFraction), 'f', s.maxFraction, 64)
	integer, fraction, _ := strings.Cut(text, ".")
	integer = strings.TrimLeft(integer, "0")
	integer = strings.Repeat("0", max(0, s.minInteger-len(integer))) + integer
	for len(fraction) > s.minFraction && strings.HasSuffix(fraction, "0") {
		fraction = fraction[:len(fraction)-1]
	}
	var b strings.Builder
	for i := range len(integer) {
		left := len(integer) - i
		if i > 0 && s.groupAt(left) {
			b.WriteString(f.grouping)
		}
		b.WriteRune(f.zero + rune(integer[i]-'0'))
	}
	if fraction != "" {
		b.WriteString(f.decimal)
	}
	for i := range len(fraction) {
		for _, g := range s.fractGroups {
			if g == i {
				b.WriteString(f.grouping)
			}
		}
		b.WriteRune(f.zero + rune(fraction[i]-'0'))
	}
	if s.hasExponent {
		b.WriteString(f.exponent)
		if exp < 0 {
			b.WriteString(f.minus)
			exp = -exp
		}
		digits := strconv.Itoa(exp)
		for _, c := range strings.Repeat("0", max(0, s.minExponent-len(digits))) + digits {
			b.WriteRune(f.zero + c - '0')
		}
	}
	return b.String()
}

// groupAt tells whether a separator stands before the last n digits of the integer part.
func (s *subPicture) groupAt(n int) bool {
	if s.regular > 0 {
		return n%s.regular == 0
	}
	for _, g := range s.integerGroups {
		if g == n {
			return true
		}
	}
	return false
}
