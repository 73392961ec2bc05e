package jsonata

import (
	"encoding/base64"
	"errors"
	"strings"
	"unicode/utf8"
)

// fnBase64Encode encodes characters as bytes: each must be below U+0100, of others the low byte counts.
func fnBase64Encode(_ *evaluation, args []any) (any, error) {
	s, ok := args[0].(string)
	if !ok {
		return Undefined{}, nil
	}
	buf := make([]byte, 0, len(s))
	for len(s) > 0 {
		r, n := decodeChar(s)
		if s = s[n:]; r > 0xFFFF {
			r -= 0x10000
			buf = append(buf, byte(r>>10))
			r &= 0x3FF
		}
		buf = append(buf, byte(r))
	}
	return base64.StdEncoding.EncodeToString(buf), nil
}

func fnBase64Decode(_ *evaluation, args []any) (any, error) {
	s, ok := args[0].(string)
	if !ok {
		return Undefined{}, nil
	}
	// Like the usual JavaScript decoder: both alphabets, padding optional, anything else passed over.
	clean := strings.Map(func(r rune) rune {
		switch {
		case r == '-':
			return '+'
		case r == '_':
			return '/'
		case r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '+', r == '/':
			return r
		}
		return -1
	}, strings.TrimRight(s, "="))
	if len(clean)%4 == 1 {
		clean = clean[:len(clean)-1]
	}
	data, err := base64.RawStdEncoding.DecodeString(clean)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for _, c := range data {
		b.WriteRune(rune(c))
	}
	return b.String(), nil
}

var errMalformedURL = errors.New("malformed URL")

// urlFunction wraps an URL conversion as a library function.
func urlFunction(name string, convert func(string) (string, error)) func(*evaluation, []any) (any, error) {
	return func(_ *evaluation, args []any) (any, error) {
		s, ok := args[0].(string)
		if !ok {
			return Undefined{}, nil
		}
		out, err := convert(s)
		if err != nil {
			e := &Error{Code: "D3140", Value: s, Function: name}
			return nil, e.fill()
		}
		return out, nil
	}
}

const (
	urlUnreserved = "-_.!~*'()"
	urlReserved   = ";/?:@&=+$,#"
)

func encodeURLComponent(s string) (string, error) { return percentEncode(s, urlUnreserved) }

func encodeURL(s string) (string, error) { return percentEncode(s, urlUnreserved+urlReserved) }

// percentEncode escapes all but letters, digits and the characters in keep. A lone surrogate has no UTF-8 form.
func percentEncode(s, keep string) (string, error) {
	const upper = "0123456789ABCDEF"
	if !utf8.ValidString(s) {
		return "", errMalformedURL
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(keep, c) >= 0 {
			b.WriteByte(c)
		} else {
			b.WriteByte('%')
			b.WriteByte(upper[c>>4])
			b.WriteByte(upper[c&15])
		}
	}
	return b.String(), nil
}

func decodeURLComponent(s string) (string, error) { return percentDecode(s, "") }

func decodeURL(s string) (string, error) { return percentDecode(s, urlReserved) }

// percentDecode undoes escapes, except those that stand for a character in keep.
func percentDecode(s, keep string) (string, error) {
	buf := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			buf = append(buf, s[i])
			continue
		}
		if i+2 >= len(s) || !isHex(s[i+1:i+3]) {
			return "", errMalformedURL
		}
		c := hexValue(s[i+1])<<4 | hexValue(s[i+2])
		if strings.IndexByte(keep, c) >= 0 {
			buf = append(buf, s[i:i+3]...)
		} else {
			buf = append(buf, c)
		}
		i += 2
	}
	if !utf8.Valid(buf) {
		return "", errMalformedURL
	}
	return string(buf), nil
}

func hexValue(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}
