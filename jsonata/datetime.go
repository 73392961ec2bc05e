package jsonata

import (
	"math"
	"strconv"
	"strings"
	"time"
)

const isoPicture = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]"

// fnNow is $now(picture, timezone). The time is that at which the evaluation began.
func fnNow(e *evaluation, args []any) (any, error) {
	return formatMillis(float64(e.now.UnixMilli()), args[0], args[1])
}

// fnMillis is $millis(), in step with $now.
func fnMillis(e *evaluation, _ []any) (any, error) { return float64(e.now.UnixMilli()), nil }

// fnFromMillis is $fromMillis(number, picture, timezone).
func fnFromMillis(_ *evaluation, args []any) (any, error) {
	ms, ok := args[0].(float64)
	if !ok {
		return args[0], nil
	}
	return formatMillis(ms, args[1], args[2])
}

// maxMillis is the range of a JavaScript date around 1970.
const maxMillis = 8.64e15

// formatMillis writes a time by a picture, in a zone such as "-0500" if one is given.
func formatMillis(ms float64, picture, zone any) (any, error) {
	if math.IsNaN(ms) || math.Abs(ms) > maxMillis {
		return nil, newError("D1001", 0, "", ms)
	}
	text, ok := picture.(string)
	if !ok {
		text = isoPicture
	}
	parts, err := analyseDateTime(text)
	if err != nil {
		return nil, err
	}
	t := time.UnixMilli(int64(math.Floor(ms))).UTC()
	if z, ok := zone.(string); ok {
		if minutes, ok := zoneMinutes(z); ok {
			t = t.In(time.FixedZone("", minutes*60))
		}
	}
	var b strings.Builder
	for _, p := range parts {
		s := p.literal
		if p.component != 0 {
			if s, err = p.format(t); err != nil {
				return nil, err
			}
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

// zoneMinutes reads a zone such as "-0500" (a colon may stand in it) as minutes east.
func zoneMinutes(z string) (int, bool) {
	n, err := strconv.Atoi(strings.ReplaceAll(z, ":", ""))
	if err != nil || n < -2359 || n > 2359 {
		return 0, z == "Z"
	}
	return n/100*60 + n%100, true
}

// fragment gives the number behind a component of a date.
func fragment(t time.Time, component byte) float64 {
	week := thursday(t)
	switch component {
	case 'Y':
		return float64(t.Year())
	case 'M':
		return float64(t.Month())
	case 'D':
		return float64(t.Day())
	case 'd':
		return float64(t.YearDay())
	case 'F': // Monday is 1
		return float64((t.Weekday()+6)%7 + 1)
	case 'X':
		return float64(week.Year())
	case 'W':
		return float64((week.YearDay()-1)/7 + 1)
	case 'x':
		return float64(week.Month())
	case 'w':
		return float64((week.Day()-1)/7 + 1)
	case 'H':
		return float64(t.Hour())
	case 'h':
		return float64((t.Hour()+11)%12 + 1)
	case 'P':
		return float64(t.Hour() / 12)
	case 'm':
		return float64(t.Minute())
	case 's':
		return float64(t.Second())
	case 'f':
		return float64(t.Nanosecond() / 1e6)
	}
	return 0
}

// thursday returns the Thursday of t's week, to whose year and month the week belongs.
func thursday(t time.Time) time.Time {
	return t.AddDate(0, 0, 4-((int(t.Weekday())+6)%7+1))
}

// format writes one component.
func (p *datePart) format(t time.Time) (string, error) {
	switch p.component {
	case 'Z', 'z':
		return p.formatZone(t)
	case 'C', 'E':
		return "ISO", nil
	case 'P':
		s := "am"
		if t.Hour() >= 12 {
			s = "pm"
		}
		if p.named && p.letters == upperCase {
			s = strings.ToUpper(s)
		}
		return s, nil
	}
	value := fragment(t, p.component)
	if p.named {
		return p.name(value)
	}
	if p.component == 'Y' && p.yearDigits > 0 {
		value = math.Mod(value, math.Pow10(p.yearDigits))
	}
	return p.integer.format(value)
}

func (p *datePart) name(value float64) (string, error) {
	names := p.names()
	if names == nil {
		return "", newError("D3133", 0, "", string(p.component))
	}
	s := names[int(value)-1]
	switch p.letters {
	case upperCase:
		s = strings.ToUpper(s)
	case lowerCase:
		s = strings.ToLower(s)
	}
	if p.maxWidth > 0 && len(s) > p.maxWidth {
		s = s[:p.maxWidth]
	}
	return s, nil
}

// names returns the names that a component's values have, nil if they have none.
func (p *datePart) names() []string {
	var out []string
	switch p.component {
	case 'M', 'x':
		for m := time.January; m <= time.December; m++ {
			out = append(out, m.String())
		}
	case 'F':
		for d := range 7 {
			out = append(out, time.Weekday((d+1)%7).String())
		}
	}
	return out
}

// formatZone writes the offset from Greenwich in as many digits as the picture has.
func (p *datePart) formatZone(t time.Time) (string, error) {
	_, seconds := t.Zone()
	sign := "+"
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	hours, minutes := seconds/3600, seconds/60%60
	var s string
	var err error
	switch f := p.integer; {
	case f.regular > 0 || f.mandatory == 3 || f.mandatory == 4:
		s, err = f.format(float64(hours*100 + minutes))
	case f.mandatory == 1 || f.mandatory == 2:
		s, err = f.format(float64(hours))
		if minutes != 0 {
			s += ":" + strconv.Itoa(100 + minutes)[1:]
		}
	default:
		return "", newError("D3134", 0, "", float64(f.mandatory))
	}
	if err != nil {
		return "", err
	}
	if seconds == 0 && p.traditional {
		return "Z", nil
	}
	if s = sign + s; p.component == 'z' {
		s = "GMT" + s
	}
	return s, nil
}
