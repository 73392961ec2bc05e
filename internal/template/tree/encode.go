package tree

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// MarshalJSON writes the node with its members in order.
func (n *Node) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	n.write(&b, style{item: ",", colon: ":", quote: quoteUTF8}, "")
	return b.Bytes(), nil
}

// Indent writes the node as JSON with every level set in by indent.
func (n *Node) Indent(indent string) []byte {
	var b bytes.Buffer
	n.write(&b, style{item: ",", colon: ": ", indent: indent, quote: quoteUTF8}, "\n")
	return b.Bytes()
}

// Canonical writes the node as Python's json.dumps(…, separators=(",", ":"), sort_keys=True) does:
// what SAM's hashes are taken of.
func (n *Node) Canonical() []byte {
	var b bytes.Buffer
	n.write(&b, style{item: ",", colon: ":", sorted: true, quote: quoteASCII}, "")
	return b.Bytes()
}

// Python writes the node as json.dumps(…, indent=4, sort_keys=True) does, when indent is four
// spaces and sorted is set; an indent of "" gives its default, one line with ", " and ": ".
func (n *Node) Python(indent string, sorted bool) []byte {
	var b bytes.Buffer
	st := style{item: ", ", colon: ": ", sorted: sorted, indent: indent, quote: quoteASCII}
	nl := ""
	if indent != "" {
		st.item, nl = ",", "\n"
	}
	n.write(&b, st, nl)
	return b.Bytes()
}

type style struct {
	item, colon, indent string
	sorted              bool
	quote               func(*bytes.Buffer, string)
}

// write appends n; nl is the line break with the indent of n itself, or "" for one line.
func (n *Node) write(b *bytes.Buffer, st style, nl string) {
	if n == nil {
		b.WriteString("null")
		return
	}
	inner := nl
	if nl != "" {
		inner += st.indent
	}
	switch n.Kind {
	case Null:
		b.WriteString("null")
	case Bool, Number:
		b.WriteString(n.Text)
	case String:
		st.quote(b, n.Text)
	case List:
		b.WriteByte('[')
		for i, v := range n.Items {
			if i > 0 {
				b.WriteString(st.item)
			}
			b.WriteString(inner)
			v.write(b, st, inner)
		}
		if len(n.Items) > 0 {
			b.WriteString(nl)
		}
		b.WriteByte(']')
	case Map:
		b.WriteByte('{')
		for i, p := range n.ordered(st.sorted) {
			if i > 0 {
				b.WriteString(st.item)
			}
			b.WriteString(inner)
			st.quote(b, p.Key)
			b.WriteString(st.colon)
			p.Value.write(b, st, inner)
		}
		if len(n.Pairs) > 0 {
			b.WriteString(nl)
		}
		b.WriteByte('}')
	}
}

func (n *Node) ordered(sorted bool) []Pair {
	if !sorted {
		return n.Pairs
	}
	p := slices.Clone(n.Pairs)
	slices.SortFunc(p, func(a, b Pair) int { return strings.Compare(a.Key, b.Key) })
	return p
}

func quoteUTF8(b *bytes.Buffer, s string) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	b.Truncate(b.Len() - 1)
}

// quoteASCII writes what lies outside ASCII as \uXXXX, beyond the basic plane as a surrogate pair.
func quoteASCII(b *bytes.Buffer, s string) {
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\b':
			b.WriteString(`\b`)
		case r == '\f':
			b.WriteString(`\f`)
		case r >= 0x20 && r < 0x7f:
			b.WriteRune(r)
		case r == 0x7f: // Python leaves DEL as it is
			b.WriteByte(0x7f)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			writeU(b, hi)
			writeU(b, lo)
		default:
			writeU(b, r)
		}
	}
	b.WriteByte('"')
}

func writeU(b *bytes.Buffer, r rune) {
	h := strconv.FormatInt(int64(r), 16)
	b.WriteString(`\u` + strings.Repeat("0", 4-len(h)) + h)
}
