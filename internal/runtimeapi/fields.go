package runtimeapi

import (
	"bytes"
	"strconv"
)

// fields is what the warm path must know of a request's headers.
type fields struct {
	length int64 // Content-Length, -1 if absent
	other  bool  // a header is malformed or changes framing, mode or the connection's life
}

// parseFields reads header lines up to the empty one.
func parseFields(b []byte) fields {
	f := fields{length: -1}
	for len(b) > 2 {
		line, rest, ok := bytes.Cut(b, []byte("\r\n"))
		if !ok || bytes.ContainsAny(line, "\r\n\x00") { // net/http takes a lone \n for a line's end
			f.other = true
			return f
		}
		b = rest
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || len(name) == 0 || line[0] == ' ' || line[0] == '\t' || name[len(name)-1] == ' ' {
			f.other = true
			return f
		}
		value = bytes.TrimSpace(value)
		switch {
		case foldEqual(name, "content-length"):
			n, err := strconv.ParseUint(string(value), 10, 62)
			if err != nil || f.length >= 0 || value[0] == '+' {
				f.other = true
				return f
			}
			f.length = int64(n)
		case foldEqual(name, "connection"):
			f.other = f.other || !foldEqual(value, "keep-alive")
		case foldEqual(name, "transfer-encoding"), foldEqual(name, "expect"), foldEqual(name, "upgrade"), foldEqual(name, "trailer"),
			foldEqual(name, "lambda-runtime-function-response-mode"):
			f.other = true
		}
	}
	return f
}

// foldEqual compares ASCII without regard to case; lower is in lower case.
func foldEqual(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i := range b {
		c := b[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
