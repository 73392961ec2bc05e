package jsonata

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// fnToMillis is $toMillis(timestamp, picture): undefined where the timestamp does not fit the picture.
func fnToMillis(e *evaluation, args []any) (any, error) {
	s, ok := args[0].(string)
	if !ok {
		return args[0], nil
	}
	picture, ok := args[1].(string)
	if !ok {
		ms, ok := parseISO(s)
		if !ok {
			return nil, newError("D3110", 0, "", s)
		}
		return ms, nil
	}
	return parseDateTime(s, picture, e.now.UTC())
}

// parseISO reads the forms of ISO 8601 that JavaScript's dates know. Without a zone the time is UTC.
func parseISO(s string) (float64, bool) {
	if len(s) < 20 || len(s) > 40 {
		return parseISOLayouts(s)
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return float64(t.UnixMilli()), true
	}
	return parseISOLayouts(s)
}

// parseISOLayouts tries the forms one after the other; a document of a few dozen bytes is what is at stake.
func parseISOLayouts(s string) (float64, bool) {
	for _, layout := range []string{"2006", "2006-01", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return float64(t.UnixMilli()), true
		}
	}
	for _, zone := range []string{"", "Z07:00", "Z0700"} {
		for _, clock := range []string{"15:04:05", "15:04"} { // fractions of a second parse without being asked for
			if t, err := time.Parse("2006-01-02T"+clock+zone, s); err == nil {
				return float64(t.UnixMilli()), true
			}
		}
	}
	return 0, false
}

// pattern gives the regular expression that a component's text matches.
func (p *datePart) pattern() (string, error) {
	switch {
	case p.component == 0:
		return regexp.QuoteMeta(p.literal), nil
	case p.component == 'Z' || p.component == 'z':
		prefix := ""
		if p.component == 'z' {
			prefix = "GMT"
		}
		if len(p.integer.groups) > 0 {
			return prefix + "([-+][0-9]+" + regexp.QuoteMeta(string(p.integer.groups[0].char)) + "[0-9]+)", nil
		}
		return prefix + "([-+][0-9]+)", nil
	case p.named && p.component != 'P' && p.names() == nil && strings.IndexByte(numericComponents, p.component) >= 0:
		return "", newError("D3133", 0, "", string(p.component))
	case p.integer == nil:
		return "([a-zA-Z]+)", nil
	}
	return p.integer.pattern()
}

const wordsPattern = `((?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|` +
	`sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|` +
	`billion|trillion|zeroth|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|` +
	`fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth|fortieth|fiftieth|sixtieth|` +
	`seventieth|eightieth|ninetieth|hundredth|thousandth|millionth|billionth|trillionth|and|[-, ])+)`

func (f *integerFormat) pattern() (string, error) {
	switch f.style {
	case styleLetters:
		return "([a-zA-Z]+)", nil
	case styleRoman:
		return "([MDCLXVImdclxvi]+)", nil
	case styleWords:
		return wordsPattern, nil
	case styleUnknown:
		return "", f.unsupported()
	}
	digit := "[" + string(f.zero) + "-" + string(f.zero+9) + "]"
	s := digit + "+"
	switch {
	case f.width > 0:
		s = digit + "{" + strconv.Itoa(min(f.width, 100)) + "}"
	case len(f.groups) > 0:
		seps := ""
		for _, g := range f.groups {
			seps += regexp.QuoteMeta(string(g.char)) + "|"
		}
		s = "(?:" + seps + digit + ")+"
	}
	if f.ordinal {
		return "(" + s + ")(?:th|st|nd|rd)", nil
	}
	return "(" + s + ")", nil
}

// parseDateTime reads a date and time by a picture. Undefined means that the text does not fit it.
func parseDateTime(s, picture string, now time.Time) (any, error) {
	parts, err := analyseDateTime(picture)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString("(?i)^")
	var components []*datePart
	for _, p := range parts {
		text, err := p.pattern()
		if err != nil {
			return nil, err
		}
		b.WriteString(text)
		if p.component != 0 {
			components = append(components, p)
		}
	}
	re, err := regexp.Compile(b.String() + "$")
	if err != nil {
		return nil, newError("D3136", 0, "", nil)
	}
	found := re.FindStringSubmatch(s)
	if found == nil || len(components) == 0 {
		return Undefined{}, nil
	}
	values := map[byte]float64{}
	for i, p := range components {
		v, ok, err := p.value(found[i+1])
		if err != nil {
			return nil, err
		}
		if !ok {
			return Undefined{}, nil
		}
		if !math.IsNaN(v) {
			values[p.component] = v
		}
	}
	return assemble(values, now)
}

// value reads a component's text. NaN stands for one that says nothing about the time.
func (p *datePart) value(text string) (float64, bool, error) {
	switch {
	case p.component == 'Z' || p.component == 'z':
		return zoneValue(text), true, nil
	case p.component == 'P':
		if strings.EqualFold(text, "pm") {
			return 1, true, nil
		}
		return 0, true, nil
	case p.named && p.names() != nil:
		for i, name := range p.names() {
			if p.maxWidth > 0 && len(name) > p.maxWidth {
				name = name[:p.maxWidth]
			}
			if strings.EqualFold(name, text) {
				return float64(i + 1), true, nil
			}
		}
		return 0, false, nil
	case p.integer == nil:
		return math.NaN(), true, nil
	}
	v, err := p.integer.parse(text)
	f, ok := v.(float64)
	if p.component == 'f' && p.integer.style == styleDecimal && ok {
		f = math.Floor(shift(f, 3-charCount(text))) // the digits are a fraction of a second
	}
	return f, ok, err
}

// zoneValue reads +hh, +hhmm or +hh:mm as minutes east.
func zoneValue(text string) float64 {
	sign := 1.0
	if text[0] == '-' {
		sign = -1
	}
	digits := text[1:]
	cut := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
	hours, minutes := digits, ""
	if cut >= 0 {
		hours, minutes = digits[:cut], strings.TrimLeft(digits[cut:], ":.")
	} else if len(digits) > 2 {
		hours, minutes = digits[:len(digits)-2], digits[len(digits)-2:]
	}
	h, _ := strconv.ParseFloat(hours, 64)
	m, _ := strconv.ParseFloat(minutes, 64)
	return sign * (h*60 + m)
}

// assemble makes a time of components. Parts larger than any given are today's, smaller ones start at their first;
// a gap between given parts is an error.
func assemble(values map[byte]float64, now time.Time) (any, error) {
	has := func(components string) bool {
		for i := range len(components) {
			if _, ok := values[components[i]]; ok {
				return true
			}
		}
		return false
	}
	date := "YMD"
	switch {
	case has("MD"):
	case has("d"):
		date = "Yd"
	case has("XWxw") && !has("Y"):
		return nil, newError("D3136", 0, "", nil) // weeks alone do not lead to a date here
	}
	clock := "Hmsf"
	if !has("H") && has("hP") {
		clock = "Phmsf"
	}
	started, ended := false, false
	for _, c := range []byte(date + clock) {
		_, given := values[c]
		switch {
		case given && ended:
			return nil, newError("D3136", 0, "", nil)
		case given:
			started = true
		case started:
			values[c] = 0
			if c == 'M' || c == 'D' || c == 'd' {
				values[c] = 1
			}
			ended = true
		default:
			values[c] = fragment(now, c)
		}
	}
	hour := values['H']
	if clock[0] == 'P' {
		hour = math.Mod(values['h'], 12) + 12*values['P']
	}
	month, day := values['M'], values['D']
	if date == "Yd" {
		month, day = 1, values['d']
	}
	for _, v := range []float64{values['Y'], month, day, hour, values['m'], values['s']} {
		if math.Abs(v) > 1e6 {
			return Undefined{}, nil
		}
	}
	t := time.Date(int(values['Y']), time.Month(int(month)), int(day), int(hour), int(values['m']), int(values['s']), 0, time.UTC)
	ms := float64(t.UnixMilli()) + values['f'] - (values['Z']+values['z'])*60000
	if math.Abs(ms) > maxMillis {
		return Undefined{}, nil
	}
	return ms, nil
}
