package resource

import (
	"crypto/sha256"
	"strings"
)

// suffixLength is that of the random part of a generated name.
const suffixLength = 12

// GenerateName makes a physical name: stack-LOGICAL-XXXXXXXXXXXX, at most max characters. The last
// part follows from seed alone, so that a decision that is taken again gives the same name.
func GenerateName(stack, logical, seed string, max int, lower bool) string {
	if max <= 0 {
		max = 255
	}
	room := max - suffixLength - 2
	if over := len(stack) + len(logical) - room; over > 0 {
		half := room / 2
		switch {
		case len(stack) <= half:
			logical = logical[:room-len(stack)]
		case len(logical) <= half:
			stack = stack[:room-len(logical)]
		default:
			stack, logical = stack[:room-half], logical[:half]
		}
	}
	name := strings.TrimRight(stack, "-") + "-" + logical + "-" + suffix(seed)
	if lower {
		name = strings.ToLower(name)
	}
	return name
}

// shortName makes a physical name of those types whose names do not tell the stack: LOGICAL-xxxxxxxxxxxx.
func shortName(logical, seed string, max int) string {
	return logical[:min(len(logical), max-suffixLength-1)] + "-" + draw(seed, capitals+"abcdefghijklmnopqrstuvwxyz")
}

const capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// suffix draws capital letters and digits from seed.
func suffix(seed string) string { return draw(seed, capitals) }

func draw(seed, alphabet string) string {
	sum := sha256.Sum256([]byte(seed))
	b := make([]byte, suffixLength)
	for i := range b {
		b[i] = alphabet[int(sum[i])%len(alphabet)]
	}
	return string(b)
}

// PhysicalName is the name of a new resource: the template's, or a generated one.
func (s *Schema) PhysicalName(p Properties, stack, logical, seed string) (name string, given bool) {
	if s.Name.Property != "" {
		if v := p.text(s.Name.Property); v != "" {
			return v, true
		}
	}
	if s.Name.Short {
		return shortName(logical, seed, s.Name.Max), false
	}
	return GenerateName(stack, logical, seed, s.Name.Max, s.Name.Lower), false
}
