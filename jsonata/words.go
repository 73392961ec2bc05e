package jsonata

import (
	"math"
	"strings"
)

// Numbers in English words.

var (
	smallWords = strings.Fields("Zero One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve Thirteen " +
		"Fourteen Fifteen Sixteen Seventeen Eighteen Nineteen")
	smallOrdinals = strings.Fields("Zeroth First Second Third Fourth Fifth Sixth Seventh Eighth Ninth Tenth Eleventh " +
		"Twelfth Thirteenth Fourteenth Fifteenth Sixteenth Seventeenth Eighteenth Nineteenth")
	tensWords  = strings.Fields("Twenty Thirty Forty Fifty Sixty Seventy Eighty Ninety")
	magnitudes = strings.Fields("Thousand Million Billion Trillion")
)

// toWords writes a whole number in title case, with "and" in lower case.
func toWords(n float64, ordinal bool) string { return wordsAfter(n, false, ordinal) }

// wordsAfter writes n; follows tells that larger parts stand before it.
func wordsAfter(n float64, follows, ordinal bool) string {
	lead := func(text string) string {
		if follows {
			return text
		}
		return ""
	}
	switch {
	case n < 20:
		if ordinal {
			return lead(" and ") + smallOrdinals[int(n)]
		}
		return lead(" and ") + smallWords[int(n)]
	case n < 100:
		tens, ones := tensWords[int(n)/10-2], math.Mod(n, 10)
		switch {
		case ones > 0:
			tens += "-" + wordsAfter(ones, false, ordinal)
		case ordinal:
			tens = strings.TrimSuffix(tens, "y") + "ieth"
		}
		return lead(" and ") + tens
	case n < 1000:
		return lead(", ") + smallWords[int(n/100)] + " Hundred" + remainder(math.Mod(n, 100), ordinal)
	}
	power := 1
	for power < len(magnitudes) && n >= math.Pow(1000, float64(power+1)) {
		power++
	}
	unit := math.Pow(1000, float64(power))
	count := math.Floor(n / unit)
	return lead(", ") + wordsAfter(count, false, false) + " " + magnitudes[power-1] +
		remainder(math.Max(0, n-count*unit), ordinal)
}

func remainder(rest float64, ordinal bool) string {
	switch {
	case rest > 0:
		return wordsAfter(rest, true, ordinal)
	case ordinal:
		return "th"
	}
	return ""
}

// wordValue returns what a word of a number stands for, in lower case.
func wordValue(word string) (float64, bool) {
	for i := range smallWords {
		if strings.EqualFold(word, smallWords[i]) || strings.EqualFold(word, smallOrdinals[i]) {
			return float64(i), true
		}
	}
	for i, w := range tensWords {
		if strings.EqualFold(word, w) || strings.EqualFold(word, strings.TrimSuffix(w, "y")+"ieth") {
			return float64(i+2) * 10, true
		}
	}
	base := word
	if len(word) > 2 && strings.EqualFold(word[len(word)-2:], "th") {
		base = word[:len(word)-2]
	}
	if strings.EqualFold(base, "hundred") {
		return 100, true
	}
	for i, w := range magnitudes {
		if strings.EqualFold(base, w) {
			return math.Pow(1000, float64(i+1)), true
		}
	}
	return 0, false
}

// fromWords reads a number in words. Parts below a hundred add to what stands before them, larger ones multiply it.
func fromWords(text string) float64 {
	parts := []float64{0}
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == '-' || r == '\t' }) {
		v, ok := wordValue(word)
		if !ok {
			continue
		}
		last := len(parts) - 1
		switch {
		case v >= 100 && parts[last] == 0:
			parts[last] = v
		case v >= 100:
			parts[last] *= v
		case parts[last] >= 1000:
			parts = append(parts, v)
		default:
			parts[last] += v
		}
	}
	total := 0.0
	for _, p := range parts {
		total += p
	}
	return total
}

// fromRoman reads roman digits: one before a larger one counts negative.
func fromRoman(s string) float64 {
	total, largest := 0.0, 0.0
	for i := len(s) - 1; i >= 0; i-- {
		v := 0.0
		switch s[i] | 0x20 {
		case 'm':
			v = 1000
		case 'd':
			v = 500
		case 'c':
			v = 100
		case 'l':
			v = 50
		case 'x':
			v = 10
		case 'v':
			v = 5
		case 'i':
			v = 1
		}
		if v < largest {
			total -= v
		} else {
			largest = v
			total += v
		}
	}
	return total
}

func fromLetters(s string) float64 {
	total := 0.0
	for i := range len(s) {
		total = total*26 + float64(s[i]|0x20-'a') + 1
	}
	return total
}

// fnParseInteger is $parseInteger(str, picture).
func fnParseInteger(_ *evaluation, args []any) (any, error) {
	s, ok := args[0].(string)
	if !ok {
		return args[0], nil
	}
	picture, _ := args[1].(string)
	f, err := analyseInteger(picture)
	if err != nil {
		return nil, err
	}
	return f.parse(s)
}

// parse reads an integer as the picture would have written it.
func (f *integerFormat) parse(s string) (any, error) {
	switch f.style {
	case styleLetters:
		return fromLetters(s), nil
	case styleRoman:
		return fromRoman(s), nil
	case styleWords:
		return fromWords(s), nil
	case styleUnknown:
		return nil, f.unsupported()
	}
	sign, value, digits := 1.0, 0.0, 0
	for i, r := range s {
		switch {
		case i == 0 && r == '-':
			sign = -1
		case r >= f.zero && r <= f.zero+9:
			value = value*10 + float64(r-f.zero)
			digits++
		case !f.separates(r):
			if digits == 0 {
				return Undefined{}, nil
			}
			return sign * value, nil
		}
	}
	return sign * value, nil
}

func (f *integerFormat) separates(r rune) bool {
	for _, g := range f.groups {
		if g.char == r {
			return true
		}
	}
	return false
}
