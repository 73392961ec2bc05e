package jsonata

import (
	"strconv"
	"strings"
)

// datePart is a literal or a component of an analysed date/time picture.
type datePart struct {
	literal     string
	component   byte // 0 for a literal
	named       bool // by name rather than number
	letters     letterCase
	ordinal     bool
	traditional bool // t: the zone at Greenwich is Z
	minWidth    int  // 0 for none
	maxWidth    int
	yearDigits  int // how many digits of the year are shown, 0 for all
	integer     *integerFormat
}

// numericComponents are written as integers unless they are named.
const numericComponents = "YMDdFWwXxHhmsf"

// defaultPresentation is how a component appears if the picture does not say.
func defaultPresentation(component byte) string {
	switch component {
	case 'Y', 'M', 'D', 'd', 'W', 'w', 'X', 'x', 'H', 'h', 'f':
		return "1"
	case 'F', 'P', 'C', 'E':
		return "n"
	case 'm', 's':
		return "01"
	case 'Z', 'z':
		return "01:01"
	}
	return ""
}

// analyseDateTime reads a picture: literals, in which [[ and ]] stand for single brackets, and [components].
func analyseDateTime(picture string) ([]*datePart, error) {
	var parts []*datePart
	literal := func(s string) {
		if s != "" {
			parts = append(parts, &datePart{literal: strings.ReplaceAll(s, "]]", "]")})
		}
	}
	start := 0
	for i := 0; i < len(picture); i++ {
		if picture[i] != '[' {
			continue
		}
		if strings.HasPrefix(picture[i:], "[[") {
			literal(picture[start:i])
			literal("[")
			i++
			start = i + 1
			continue
		}
		literal(picture[start:i])
		end := strings.IndexByte(picture[i:], ']')
		if end < 0 {
			return nil, newError("D3135", 0, "", nil)
		}
		p, err := analyseMarker(strings.Join(strings.Fields(picture[i+1:i+end]), ""))
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
		i += end
		start = i + 1
	}
	literal(picture[start:])
	// Numbers that follow each other without anything between have the width that the picture gives them.
	for i := range len(parts) - 1 {
		if f := parts[i].integer; f != nil && parts[i+1].integer != nil && parts[i+1].component != 'Z' && parts[i+1].component != 'z' {
			f.width = f.mandatory
		}
	}
	return parts, nil
}

// analyseMarker reads what stands between brackets: component, presentation, width.
func analyseMarker(marker string) (*datePart, error) {
	if marker == "" {
		return nil, newError("D3132", 0, "", "")
	}
	p := &datePart{component: marker[0]}
	presentation := marker[1:]
	if comma := strings.LastIndexByte(marker, ','); comma > 0 {
		presentation = marker[1:comma]
		low, high, ranged := strings.Cut(marker[comma+1:], "-")
		p.minWidth = width(low)
		if ranged {
			p.maxWidth = width(high)
		}
	}
	fallback := defaultPresentation(p.component)
	if fallback == "" {
		return nil, newError("D3132", 0, "", string(p.component))
	}
	if n := len(presentation); n > 1 && strings.IndexByte("atco", presentation[n-1]) >= 0 {
		p.ordinal = presentation[n-1] == 'o'
		p.traditional = presentation[n-1] == 't'
		presentation = presentation[:n-1]
	}
	if presentation == "" {
		presentation = fallback
	}
	return p, p.present(presentation)
}

func width(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 1000 {
		return 0 // * and nonsense alike: no limit
	}
	return n
}

// present applies the presentation modifier.
func (p *datePart) present(modifier string) error {
	switch {
	case p.component == 'Z' || p.component == 'z':
	case modifier[0] == 'n':
		p.named = true
		return nil
	case modifier[0] == 'N':
		p.named, p.letters = true, upperCase
		if strings.HasPrefix(modifier, "Nn") {
			p.letters = titleCase
		}
		return nil
	case strings.IndexByte(numericComponents, p.component) < 0:
		return nil
	}
	f, err := analyseInteger(modifier)
	if err != nil {
		return err
	}
	p.integer = f
	f.ordinal = p.ordinal
	if p.component == 'Z' || p.component == 'z' {
		return nil
	}
	f.mandatory = max(f.mandatory, p.minWidth)
	if p.component == 'Y' {
		switch digits := f.mandatory + f.optional; {
		case p.maxWidth > 0:
			p.yearDigits, f.mandatory = p.maxWidth, p.maxWidth
		case digits >= 2:
			p.yearDigits = digits
		}
	}
	return nil
}
