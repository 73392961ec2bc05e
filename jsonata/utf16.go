package jsonata

import (
	"strings"
	"unicode/utf8"
)

// JavaScript strings are sequences of UTF-16 units. Go's are bytes. Here a string is UTF-8, and a surrogate that
// has no partner is written in the same three-byte pattern that UTF-8 would use for it (0xED 0xA0…0xBF 0x80…0xBF).

// surrogateAt returns the lone surrogate at the start of s, if there is one.
func surrogateAt(s string) (uint16, bool) {
	if len(s) >= 3 && s[0] == 0xED && s[1] >= 0xA0 && s[1] <= 0xBF && s[2]&0xC0 == 0x80 {
		return 0xD000 | uint16(s[1]&0x3F)<<6 | uint16(s[2]&0x3F), true
	}
	return 0, false
}

// decodeChar returns the code point at the start of s (a lone surrogate counts as one) and its length in bytes.
func decodeChar(s string) (rune, int) {
	if s[0] < utf8.RuneSelf {
		return rune(s[0]), 1
	}
	r, n, ok := validRune(s)
	if !ok {
		if u, lone := surrogateAt(s); lone {
			return rune(u), 3
		}
	}
	return r, n
}

// appendUnit appends a UTF-16 unit; a low surrogate after a high one becomes the character that the two mean.
func appendUnit(buf []byte, unit uint16) []byte {
	if unit < 0xD800 || unit > 0xDFFF {
		return utf8.AppendRune(buf, rune(unit))
	}
	if unit >= 0xDC00 && len(buf) >= 3 {
		if high, ok := surrogateAt(string(buf[len(buf)-3:])); ok && high < 0xDC00 {
			r := (rune(high)-0xD800)<<10 + (rune(unit) - 0xDC00) + 0x10000
			return utf8.AppendRune(buf[:len(buf)-3], r)
		}
	}
	return append(buf, 0xE0|byte(unit>>12), 0x80|byte(unit>>6)&0xBF, 0x80|byte(unit)&0x3F)
}

func appendChar(buf []byte, r rune) []byte {
	if r >= 0xD800 && r <= 0xDFFF {
		return appendUnit(buf, uint16(r))
	}
	return utf8.AppendRune(buf, r)
}

// concat joins two strings as JavaScript would: a high surrogate that ends a and a low one that begins b meet.
func concat(a, b string) string {
	if len(a) >= 3 && len(b) >= 3 {
		if high, ok := surrogateAt(a[len(a)-3:]); ok && high < 0xDC00 {
			if low, ok := surrogateAt(b); ok && low >= 0xDC00 {
				return string(appendUnit([]byte(a), low)) + b[3:]
			}
		}
	}
	return a + b
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// charCount counts code points, which is what $length means by characters.
func charCount(s string) int {
	n := 0
	for len(s) > 0 {
		_, size := decodeChar(s)
		s = s[size:]
		n++
	}
	return n
}

// charSlice returns the code points from (inclusive) to (exclusive) of s, clamped to it.
func charSlice(s string, from, to int) string {
	if ascii(s) {
		from, to = min(max(from, 0), len(s)), min(to, len(s))
		if from >= to {
			return ""
		}
		return s[from:to]
	}
	start, end, n := len(s), len(s), 0
	for i := 0; i < len(s); n++ {
		if n == from {
			start = i
		}
		if n == to {
			end = i
			break
		}
		_, size := decodeChar(s[i:])
		i += size
	}
	if from >= to || start >= end {
		return ""
	}
	return s[start:end]
}

// unitCount is the length of s in UTF-16 units, the unit of match offsets.
func unitCount(s string) int {
	n := 0
	for len(s) > 0 {
		r, size := decodeChar(s)
		if r > 0xFFFF {
			n++
		}
		n++
		s = s[size:]
	}
	return n
}

// unitOffset turns an offset in UTF-16 units into one in bytes.
func unitOffset(s string, units int) int {
	i := 0
	for units > 0 && i < len(s) {
		r, size := decodeChar(s[i:])
		if r > 0xFFFF {
			units--
		}
		units--
		i += size
	}
	return i
}

// splitUnits cuts s into its UTF-16 units, as splitting by the empty string does.
func splitUnits(s string) []any {
	var out []any
	for len(s) > 0 {
		r, size := decodeChar(s)
		if r > 0xFFFF {
			r -= 0x10000
			out = append(out, string(appendUnit(nil, uint16(0xD800+r>>10))), string(appendUnit(nil, uint16(0xDC00+r&0x3FF))))
		} else {
			out = append(out, s[:size])
		}
		s = s[size:]
	}
	return out
}

// compareStrings orders by UTF-16 units. That is byte order, except that the characters from U+E000 to U+FFFF
// come after those that need a surrogate pair.
func compareStrings(a, b string) int {
	n := min(len(a), len(b))
	for i := 0; i < n; i++ {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		if (x == 0xEE || x == 0xEF) && y >= 0xF0 {
			return 1
		}
		if (y == 0xEE || y == 0xEF) && x >= 0xF0 {
			return -1
		}
		if x < y {
			return -1
		}
		return 1
	}
	return strings.Compare(a[n:], b[n:])
}
