package wire

import (
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds nesting in a request, which recursion follows.
const maxDepth = 128

// scanner reads JSON straight from the body, so that a 60 MB package is not copied into a tree
// first. Bytes that it returns alias the body.
type scanner struct {
	b     []byte
	i     int
	depth int
}

// syntax says what stands where it must not, in AWS's words.
func (s *scanner) syntax() error {
	if s.i >= len(s.b) {
		return &BadInput{Reason: "Unexpected end-of-input"}
	}
	return &BadInput{Reason: fmt.Sprintf("Unexpected character (%q) at byte %d", rune(s.b[s.i]), s.i)}
}

// peek skips white space and returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	for ; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// enter begins an object or array. The depth is bounded because decoding and skipping recurse.
func (s *scanner) enter(open byte) error {
	if s.peek() != open {
		return s.syntax()
	}
	s.i++
	if s.depth++; s.depth > maxDepth {
		return &BadInput{Reason: "nested too deeply"}
	}
	return nil
}

// more steps to the next element of a container, whose first one it is if first, and reports
// false at its end.
func (s *scanner) more(first bool, end byte) (bool, error) {
	switch c := s.peek(); {
	case c == end:
		s.i++
		s.depth--
		return false, nil
	case first:
		return true, nil
	case c == ',':
		s.i++
		if c := s.peek(); c == end || c == 0 {
			return false, s.syntax()
		}
		return true, nil
	}
	return false, s.syntax()
}

// key reads a member's name and the colon. The bytes are valid until the next read.
func (s *scanner) key() ([]byte, error) {
	k, err := s.str()
	if err != nil {
		return nil, err
	}
	if s.peek() != ':' {
		return nil, s.syntax()
	}
	s.i++
	return k, nil
}

// str reads a string. Without escapes the result is a part of the body.
func (s *scanner) str() ([]byte, error) {
	if s.peek() != '"' {
		return nil, s.syntax()
	}
	s.i++
	start := s.i
	for ; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return s.b[start : s.i-1], nil
		case c == '\\':
			return s.escaped(start)
		case c < 0x20:
			return nil, s.syntax()
		}
	}
	return nil, s.syntax()
}

// escaped continues a string at its first backslash, into a copy.
func (s *scanner) escaped(start int) ([]byte, error) {
	out := append(make([]byte, 0, s.i-start+64), s.b[start:s.i]...)
	for s.i < len(s.b) {
		c := s.b[s.i]
		switch {
		case c == '"':
			s.i++
			return out, nil
		case c < 0x20:
			return nil, s.syntax()
		case c != '\\':
			out = append(out, c)
			s.i++
		default:
			r, err := s.escape()
			if err != nil {
				return nil, err
			}
			out = utf8.AppendRune(out, r)
		}
	}
	return nil, s.syntax()
}

// escape reads one escape sequence, from its backslash on.
func (s *scanner) escape() (rune, error) {
	s.i++
	if s.i >= len(s.b) {
		return 0, s.syntax()
	}
	c := s.b[s.i]
	if c == 'u' {
		return s.unicode()
	}
	const from, to = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	for k := range len(from) {
		if from[k] == c {
			s.i++
			return rune(to[k]), nil
		}
	}
	return 0, s.syntax()
}

// unicode reads uXXXX, and the second half of a surrogate pair where one follows.
func (s *scanner) unicode() (rune, error) {
	r, ok := s.hex4(s.i + 1)
	if !ok {
		return 0, s.syntax()
	}
	s.i += 5
	if utf16.IsSurrogate(r) && s.i+1 < len(s.b) && s.b[s.i] == '\\' && s.b[s.i+1] == 'u' {
		if low, ok := s.hex4(s.i + 2); ok {
			if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
				s.i += 6
				return both, nil
			}
		}
	}
	if utf16.IsSurrogate(r) {
		r = utf8.RuneError
	}
	return r, nil
}

func (s *scanner) hex4(at int) (rune, bool) {
	if at+4 > len(s.b) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s.b[at:at+4]), 16, 16)
	return rune(n), err == nil
}

// number reads a number's text, by JSON's grammar; its value is the member's to judge.
func (s *scanner) number() (string, error) {
	s.peek()
	start := s.i
	digits := func() bool {
		from := s.i
		for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' {
			s.i++
		}
		return s.i > from
	}
	at := func(set string) bool {
		for k := range len(set) {
			if s.i < len(s.b) && s.b[s.i] == set[k] {
				s.i++
				return true
			}
		}
		return false
	}
	at("-")
	if !at("0") && !digits() {
		return "", s.syntax()
	}
	if at(".") && !digits() {
		return "", s.syntax()
	}
	if at("eE") {
		at("+-")
		if !digits() {
			return "", s.syntax()
		}
	}
	return string(s.b[start:s.i]), nil
}

// literal reads true, false or null.
func (s *scanner) literal(word string) error {
	if s.peek(); len(s.b)-s.i < len(word) || string(s.b[s.i:s.i+len(word)]) != word {
		return s.syntax()
	}
	s.i += len(word)
	return nil
}

// null consumes a null, if that is what follows.
func (s *scanner) null() bool { return s.peek() == 'n' && s.literal("null") == nil }

// skip passes over any value.
func (s *scanner) skip() error {
	switch c := s.peek(); c {
	case '"':
		_, err := s.str()
		return err
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	case '{', '[':
		return s.skipContainer(c)
	}
	_, err := s.number()
	return err
}

func (s *scanner) skipContainer(open byte) error {
	if err := s.enter(open); err != nil {
		return err
	}
	for first := true; ; first = false {
		more, err := s.more(first, open+2) // '{'+2 is '}', '['+2 is ']'
		if err != nil || !more {
			return err
		}
		if open == '{' {
			if _, err := s.key(); err != nil {
				return err
			}
		}
		if err := s.skip(); err != nil {
			return err
		}
	}
}
