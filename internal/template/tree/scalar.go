package tree

import (
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// The implicit types of a plain scalar in YAML 1.1, as PyYAML resolves them. Timestamps stay the
// text they are: CloudFormation wants 2010-09-09 as it stands.
var (
	intForm = regexp.MustCompile(`^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|` +
		`[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$`)
	floatForm = regexp.MustCompile(`^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|` +
		`[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)$`)
)

// plain resolves a scalar that stood without quotes and without a tag.
func plain(s string) Node {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return Node{}
	case "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON":
		return Node{Kind: Bool, Text: "true"}
	case "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF":
		return Node{Kind: Bool, Text: "false"}
	}
	if c := s[0]; c == '+' || c == '-' || c == '.' || c >= '0' && c <= '9' {
		if intForm.MatchString(s) {
			if i, ok := integer(s); ok {
				return Node{Kind: Number, Text: i.String()}
			}
		} else if floatForm.MatchString(s) {
			if t, ok := float(s); ok {
				return Node{Kind: Number, Text: t}
			}
		}
	}
	return Node{Kind: String, Text: s}
}

// integer reads YAML 1.1's integers: 0b, 0 (octal), 0x and base 60 (1:30 is 90).
func integer(s string) (*big.Int, bool) {
	s = strings.ReplaceAll(s, "_", "")
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimLeft(s, "+-")
	v, ok := new(big.Int), true
	switch {
	case strings.HasPrefix(s, "0b"):
		v, ok = v.SetString(s[2:], 2)
	case strings.HasPrefix(s, "0x"):
		v, ok = v.SetString(s[2:], 16)
	case strings.Contains(s, ":"):
		for _, part := range strings.Split(s, ":") {
			d, good := new(big.Int).SetString(part, 10)
			if !good {
				return nil, false
			}
			v.Add(v.Mul(v, big.NewInt(60)), d)
		}
	case len(s) > 1 && s[0] == '0':
		v, ok = v.SetString(s[1:], 8)
	default:
		v, ok = v.SetString(s, 10)
	}
	if ok && neg {
		v.Neg(v)
	}
	return v, ok
}

func float(s string) (string, bool) {
	s = strings.ReplaceAll(s, "_", "")
	if !strings.Contains(s, ":") {
		f, err := strconv.ParseFloat(s, 64)
		return formatFloat(f), err == nil
	}
	neg := strings.HasPrefix(s, "-")
	v := 0.0
	for _, part := range strings.Split(strings.TrimLeft(s, "+-"), ":") {
		f, err := strconv.ParseFloat(part, 64)
		if err != nil {
			return "", false
		}
		v = v*60 + f
	}
	if neg {
		v = -v
	}
	return formatFloat(v), true
}

// formatFloat writes f as Python's repr does, which is JSON: 1.0, 0.0001, 1e-05, 1e+16.
func formatFloat(f float64) string {
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// jsonNumber makes the canonical text of a JSON number: whole ones as they are, others as floats.
func jsonNumber(s string) (string, bool) {
	if !strings.ContainsAny(s, ".eE") {
		if s == "-0" {
			return "0", true
		}
		return s, true
	}
	f, err := strconv.ParseFloat(s, 64)
	return formatFloat(f), err == nil
}
