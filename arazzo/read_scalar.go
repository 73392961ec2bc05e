package arazzo

import (
	"encoding/json"
	"math/big"
	"regexp"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// scalar resolves by YAML 1.2's core schema: "yes" and "2001-01-01" are
// strings, and numbers keep every digit.
func (n *nodes) scalar(v *Value, node *yaml.Node) {
	plain := node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	v.Quoted = !plain
	tag := ""
	if node.Style&yaml.TaggedStyle != 0 {
		tag = node.ShortTag()
	}
	switch {
	case tag == "!!str" || tag == "" && !plain:
		v.setString(node.Value)
	case tag == "" || tag == "!!int" || tag == "!!float" || tag == "!!bool" || tag == "!!null":
		n.plain(v, node.Value)
		if tag != "" && v.Kind == KindString {
			n.fail("yaml-tag", v.Pos, v.Path, "", "%q does not fit the tag %s", node.Value, tag)
		}
	default:
		n.fail("yaml-tag", v.Pos, v.Path, "leave the tag away", "the tag %s is not one of JSON's types", node.Tag)
		v.setString(node.Value)
	}
}

func (v *Value) setString(s string) {
	v.Kind, v.Scalar, v.data = KindString, s, s
}

func (v *Value) set(kind Kind, scalar any) {
	v.Kind, v.Scalar, v.data = kind, scalar, scalar
}

var (
	decimal = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)
	based   = regexp.MustCompile(`^0(o[0-7]+|x[0-9a-fA-F]+)$`)
	noJSON  = regexp.MustCompile(`^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$`)
)

// plain resolves a scalar without quotes: YAML 1.2 §10.3.2.
func (n *nodes) plain(v *Value, s string) {
	switch s {
	case "", "~", "null", "Null", "NULL":
		v.set(KindNull, nil)
		return
	case "true", "True", "TRUE":
		v.set(KindBool, true)
		return
	case "false", "False", "FALSE":
		v.set(KindBool, false)
		return
	}
	switch {
	case decimal.MatchString(s) && hugeExponent(s):
		n.fail("number-range", v.Pos, v.Path, "quote it, if it is text", "the number %s is out of range", s)
		v.setString(s)
	case decimal.MatchString(s):
		v.set(KindNumber, jsonNumber(s))
	case based.MatchString(s):
		i, _ := new(big.Int).SetString(s, 0)
		v.set(KindNumber, json.Number(i.String()))
	case noJSON.MatchString(s):
		n.fail("yaml-number", v.Pos, v.Path, "quote it, if it is text", "JSON has no number %s", s)
		v.setString(s)
	default:
		v.setString(s)
	}
}

// hugeExponent tells whether a number has an exponent of four digits or more:
// to calculate with it exactly would fill the memory.
func hugeExponent(s string) bool {
	i := strings.IndexAny(s, "eE")
	return i >= 0 && len(strings.TrimLeft(s[i+1:], "+-0")) > 3
}

// jsonNumber spells a decimal of YAML as JSON does: no plus, no leading zeros,
// digits on both sides of the point.
func jsonNumber(s string) json.Number {
	sign := ""
	if s[0] == '-' {
		sign = "-"
	}
	s = strings.TrimLeft(s, "+-")
	mantissa, exponent := s, ""
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent = s[:i], s[i:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if fraction != "" {
		fraction = "." + fraction
	}
	return json.Number(sign + whole + fraction + exponent)
}
