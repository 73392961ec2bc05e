package jsonata

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// $formatInteger and $parseInteger, after the picture strings of XPath's fn:format-integer. Dates use them too.

type integerStyle uint8

const (
	styleDecimal integerStyle = iota
	styleLetters
	styleRoman
	styleWords
	styleUnknown
)

type letterCase uint8

const (
	lowerCase letterCase = iota
	upperCase
	titleCase
)

// integerFormat is an analysed integer picture.
type integerFormat struct {
	style     integerStyle
	letters   letterCase
	ordinal   bool
	token     string // the picture, where it is not supported
	zero      rune   // of the digits' family
	mandatory int
	optional  int
	groups    []separator
	regular   int // distance between separators, if they are all alike and evenly spaced
	width     int // how many digits to read, 0 for as many as there are
}

// separator stands before the last so many digits.
type separator struct {
	at   int
	char rune
}

// digitFamilies are the zeros of the decimal digits that may be used in pictures.
const digitFamilies = "0٠۰߀०০੦૦୦௦౦೦൦෦๐໐༠၀႐០᠐᥆᧐᪀᪐᭐᮰᱀᱐꘠꣐꤀꧐꧰꩐꯰０"

// digitZero returns the zero of the family that a digit belongs to.
func digitZero(r rune) (rune, bool) {
	for _, zero := range digitFamilies {
		if r >= zero && r <= zero+9 {
			return zero, true
		}
	}
	return 0, false
}

// analyseInteger reads a picture: one letter for a style of counting, or a pattern of digits, and ;o for ordinals.
func analyseInteger(picture string) (*integerFormat, error) {
	f := &integerFormat{zero: '0'}
	primary := picture
	if i := strings.LastIndexByte(picture, ';'); i >= 0 {
		primary = picture[:i]
		f.ordinal = strings.HasPrefix(picture[i+1:], "o")
	}
	switch primary {
	case "A":
		f.style, f.letters = styleLetters, upperCase
	case "a":
		f.style = styleLetters
	case "I":
		f.style, f.letters = styleRoman, upperCase
	case "i":
		f.style = styleRoman
	case "W":
		f.style, f.letters = styleWords, upperCase
	case "Ww":
		f.style, f.letters = styleWords, titleCase
	case "w":
		f.style = styleWords
	default:
		return f, f.analyseDigits(primary)
	}
	return f, nil
}

// analyseDigits reads a digit pattern from its end, whence separators are counted.
func (f *integerFormat) analyseDigits(primary string) error {
	position := 0
	runes := []rune(primary)
	for i := len(runes) - 1; i >= 0; i-- {
		r := runes[i]
		zero, isDigit := digitZero(r)
		switch {
		case isDigit:
			if f.mandatory > 0 && zero != f.zero {
				return newError("D3131", 0, "", nil)
			}
			f.zero = zero
			f.mandatory++
			position++
		case r == '#':
			f.optional++
			position++
		default:
			f.groups = append(f.groups, separator{position, r})
		}
	}
	if f.mandatory == 0 {
		f.style, f.token = styleUnknown, primary
		return nil
	}
	var positions []int
	for _, g := range f.groups {
		if g.char != f.groups[0].char {
			return nil
		}
		positions = append(positions, g.at)
	}
	f.regular = regularDistance(positions)
	return nil
}

func (f *integerFormat) unsupported() error {
	return newError("D3130", 0, "", f.token)
}

// fnFormatInteger is $formatInteger(number, picture), of the integer below the number.
func fnFormatInteger(_ *evaluation, args []any) (any, error) {
	value, ok := args[0].(float64)
	if !ok {
		return args[0], nil
	}
	picture, _ := args[1].(string)
	f, err := analyseInteger(picture)
	if err != nil {
		return nil, err
	}
	s, err := f.format(math.Floor(value))
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (f *integerFormat) format(value float64) (string, error) {
	if math.IsInf(value, 0) || math.IsNaN(value) {
		return "", newError("D1001", 0, "", value)
	}
	abs := math.Abs(value)
	var s string
	switch f.style {
	case styleLetters:
		s = f.cased(toLetters(abs))
	case styleRoman:
		s = f.cased(toRoman(abs))
	case styleWords:
		s = f.casedWords(toWords(abs, f.ordinal))
	case styleDecimal:
		s = f.digits(abs)
	default:
		return "", f.unsupported()
	}
	if value < 0 {
		s = "-" + s
	}
	return s, nil
}

// bigInt serves numbers beyond the range of int64, which fit a float64.
func bigInt(f float64) *big.Int {
	n, _ := new(big.Float).SetFloat64(f).Int(nil)
	return n
}

func (f *integerFormat) digits(value float64) string {
	plain := strconv.FormatFloat(value, 'f', 0, 64)
	plain = strings.Repeat("0", max(0, f.mandatory-len(plain))) + plain
	var b strings.Builder
	for i, c := range plain {
		if left := len(plain) - i; i > 0 {
			if f.regular > 0 && left%f.regular == 0 {
				b.WriteRune(f.groups[0].char)
			}
			for _, g := range f.groups {
				if f.regular == 0 && g.at == left {
					b.WriteRune(g.char)
				}
			}
		}
		b.WriteRune(f.zero + c - '0')
	}
	if f.ordinal {
		b.WriteString(ordinalSuffix(plain))
	}
	return b.String()
}

// ordinalSuffix is th, except after 1, 2 and 3, except after those in the teens.
func ordinalSuffix(digits string) string {
	n := len(digits)
	if n > 1 && digits[n-2] == '1' {
		return "th"
	}
	switch digits[n-1] {
	case '1':
		return "st"
	case '2':
		return "nd"
	case '3':
		return "rd"
	}
	return "th"
}

func (f *integerFormat) cased(s string) string {
	if f.letters == upperCase {
		return strings.ToUpper(s)
	}
	return s
}

func (f *integerFormat) casedWords(s string) string {
	switch f.letters {
	case upperCase:
		return strings.ToUpper(s)
	case lowerCase:
		return strings.ToLower(s)
	}
	return s
}

// toLetters counts a, b, … z, aa, ab, … as spreadsheet columns do.
func toLetters(value float64) string {
	var out []byte
	for value > 0 && len(out) < 400 {
		value--
		out = append(out, 'a'+byte(math.Mod(value, 26)))
		value = math.Floor(value / 26)
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return string(out)
}

// toRoman gives nothing for 0, which the Romans could not write.
func toRoman(value float64) string {
	symbols := []string{"m", "cm", "d", "cd", "c", "xc", "l", "xl", "x", "ix", "v", "iv", "i"}
	values := []float64{1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1}
	var b strings.Builder
	if value > 1e6 { // a thousand letters m are enough
		return strconv.FormatFloat(value, 'f', 0, 64)
	}
	for i, v := range values {
		for value >= v {
			b.WriteString(symbols[i])
			value -= v
		}
	}
	return b.String()
}
