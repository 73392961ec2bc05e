package sam

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/headgate/headgate/internal/template/tree"
)

// A REST deployment's logical id hashes what Python 2.7 prints for the API's document (FACTS-SAM 'Logical-id
// hashes'): members in the order of Python's hash table, which follows from the strings' hashes and from the
// history of insertions and copies; and u'' for strings that came from the template, but '' for those the
// transform made. A node or member that was read has a place (Line > 0), one that was made has none.

// pythonHash is the hash of a string as a 64-bit Python 2.7 computes it.
func pythonHash(s string) uint64 {
	runes := []rune(s)
	if len(runes) == 0 {
		return 0
	}
	x := uint64(runes[0]) << 7
	for _, r := range runes {
		x = 1000003*x ^ uint64(r)
	}
	return x ^ uint64(len(runes))
}

// pythonTable is a Python 2.7 dictionary's table: which member is in which slot.
type pythonTable struct {
	slots []int // index into pairs + 1; 0: free
	used  int
	pairs []tree.Pair
}

func (t *pythonTable) insert(i int) {
	h := pythonHash(t.pairs[i].Key)
	mask := uint64(len(t.slots) - 1)
	slot, walker, perturb := h&mask, h&mask, h
	for t.slots[slot] != 0 {
		walker = walker<<2 + walker + perturb + 1
		slot = walker & mask
		perturb >>= 5
	}
	t.slots[slot] = i + 1
	t.used++
	if t.used*3 < len(t.slots)*2 {
		return
	}
	t.grow(t.used * 4)
}

// grow makes room for more than n members.
func (t *pythonTable) grow(n int) {
	old, size := t.slots, 8
	for size <= n {
		size <<= 1
	}
	t.slots, t.used = make([]int, size), 0
	for _, j := range old {
		if j != 0 {
			t.insert(j - 1)
		}
	}
}

// pythonOrder gives members, which stand in the order of their insertion, in the order of iteration.
func pythonOrder(pairs []tree.Pair) []tree.Pair { return pythonOrderUpdated(pairs, 0) }

// pythonOrderUpdated is pythonOrder of a dictionary that was then updated with n of its own members: before an
// update, room is made as if they were all new.
func pythonOrderUpdated(pairs []tree.Pair, n int) []tree.Pair {
	if len(pairs) < 2 {
		return pairs
	}
	t := &pythonTable{slots: make([]int, 8), pairs: pairs}
	for i := range pairs {
		t.insert(i)
	}
	if n > 0 && (t.used+n)*3 >= len(t.slots)*2 {
		t.grow((t.used + n) * 2)
	}
	out := make([]tree.Pair, 0, len(pairs))
	for _, i := range t.slots {
		if i != 0 {
			out = append(out, pairs[i-1])
		}
	}
	return out
}

// settledOrders are maps from which a member was removed: Python leaves its slot in use, so that the order
// of the others does not follow from them alone. Their members stand in the order of iteration.
type settledOrders map[*tree.Node]bool

// remove deletes a member the way Python does.
func (o settledOrders) remove(n *tree.Node, key string) {
	if !n.Has(key) {
		return
	}
	n.Pairs = o.order(n)
	n.Delete(key)
	o[n] = true
}

func (o settledOrders) order(n *tree.Node) []tree.Pair {
	if o[n] {
		return n.Pairs
	}
	return pythonOrder(n.Pairs)
}

// copy is copy.deepcopy: the members are inserted anew in the order of iteration.
func (o settledOrders) copy(n *tree.Node) *tree.Node {
	if n == nil {
		return nil
	}
	c := *n
	if n.Items != nil {
		c.Items = make([]*tree.Node, len(n.Items))
		for i, v := range n.Items {
			c.Items[i] = o.copy(v)
		}
	}
	if n.Pairs != nil {
		c.Pairs = append([]tree.Pair{}, o.order(n)...)
		for i := range c.Pairs {
			c.Pairs[i].Value = o.copy(c.Pairs[i].Value)
		}
	}
	return &c
}

// string is str(n).
func (o settledOrders) string(n *tree.Node) string {
	var b strings.Builder
	o.print(&b, n)
	return b.String()
}

func (o settledOrders) print(b *strings.Builder, n *tree.Node) {
	switch {
	case present(n) == nil:
		b.WriteString("None")
	case n.Is(tree.Bool):
		b.WriteString(strings.ToUpper(n.Text[:1]) + n.Text[1:])
	case n.Is(tree.List):
		b.WriteByte('[')
		for i, v := range n.Items {
			if i > 0 {
				b.WriteString(", ")
			}
			o.print(b, v)
		}
		b.WriteByte(']')
	case n.Is(tree.Map):
		b.WriteByte('{')
		for i, p := range o.order(n) {
			if i > 0 {
				b.WriteString(", ")
			}
			pythonQuote(b, p.Key, p.Line > 0)
			b.WriteString(": ")
			o.print(b, p.Value)
		}
		b.WriteByte('}')
	case n.Is(tree.String):
		pythonQuote(b, n.Text, n.Line > 0)
	default:
		b.WriteString(n.Text)
	}
}

// pythonQuote writes repr(s): of a unicode string with everything beyond ASCII escaped.
func pythonQuote(b *strings.Builder, s string, isUnicode bool) {
	quote := '\''
	if strings.ContainsRune(s, '\'') && !strings.ContainsRune(s, '"') {
		quote = '"'
	}
	if isUnicode {
		b.WriteByte('u')
	}
	b.WriteRune(quote)
	for _, r := range s {
		switch {
		case r == quote || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < ' ' || r == 0x7f || r > 0x7e && r <= 0xff && (isUnicode || !unicode.IsPrint(r)):
			fmt.Fprintf(b, `\x%02x`, r)
		case r > 0xff && r <= 0xffff && isUnicode:
			fmt.Fprintf(b, `\u%04x`, r)
		case r > 0xffff && isUnicode:
			fmt.Fprintf(b, `\U%08x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteRune(quote)
}

// made returns n as something that the transform made: without a place.
func made(n *tree.Node) *tree.Node {
	n.Line, n.Column = 0, 0
	return n
}

// put sets a member under a key that has the origin of from: a place if that was read.
func put(n *tree.Node, key string, from *tree.Node, v *tree.Node) {
	for i := range n.Pairs {
		if n.Pairs[i].Key == key {
			n.Pairs[i].Value = v
			return
		}
	}
	p := tree.Pair{Key: key, Value: v}
	if from != nil {
		p.Line, p.Column = from.Line, from.Column
	}
	n.Pairs = append(n.Pairs, p)
}

// keyNode is a member's key as a string of the same origin.
func keyNode(p tree.Pair) *tree.Node {
	n := tree.NewString(p.Key)
	n.Line, n.Column = p.Line, p.Column
	return n
}

// readString is a string that counts as read.
func readString(s string, from *tree.Node) *tree.Node {
	return tree.NewString(s).At(from)
}

// dict makes a map whose members count as made, whatever their values are.
func dict(pairs ...any) *tree.Node {
	n := tree.NewMap(pairs...)
	for i := range n.Pairs {
		n.Pairs[i].Line, n.Pairs[i].Column = 0, 0
	}
	return n
}
