package runtime

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http/httputil"
	"strconv"
	"time"
)

// maxBody bounds an answer. Lambda's events have at most 6 MB; the rest is room.
const maxBody = 32 << 20

// answer is an HTTP/1.1 response, of which only what the loop needs is kept.
type answer struct {
	status int
	inv    Invocation
	body   []byte // reused
	last   bool   // the connection ends with this answer

	length  int64 // of the body; -1 if not announced
	chunked bool
}

// read parses the next final response from br into a, reusing its buffers. The HTTP/1.1 grammar
// is RFC 9112's as far as a server may use it towards us: interim responses are skipped, bodies
// come by length, in chunks, or until the connection ends.
func (a *answer) read(br *bufio.Reader) error {
	for {
		if err := a.readHead(br); err != nil {
			return err
		}
		if a.status >= 200 {
			return a.readBody(br)
		}
		if a.status == 101 {
			return errors.New("unexpected switch of protocols")
		}
	}
}

func (a *answer) readHead(br *bufio.Reader) error {
	// The ARN seldom changes from event to event: its string is kept as long as it does not.
	a.inv = Invocation{FunctionARN: a.inv.FunctionARN}
	a.length, a.chunked, a.last = -1, false, false
	line, err := readLine(br)
	if err != nil {
		return err
	}
	rest, ok := bytes.CutPrefix(line, []byte("HTTP/1.1 "))
	if !ok || len(rest) < 3 || (len(rest) > 3 && rest[3] != ' ') {
		return fmt.Errorf("not an HTTP/1.1 status line: %.60q", line)
	}
	if a.status, err = strconv.Atoi(string(rest[:3])); err != nil || a.status < 100 {
		return fmt.Errorf("not an HTTP/1.1 status line: %.60q", line)
	}
	for {
		if line, err = readLine(br); err != nil {
			return err
		}
		if len(line) == 0 {
			return nil
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return fmt.Errorf("not a header line: %.60q", line)
		}
		if err := a.header(name, bytes.TrimSpace(value)); err != nil {
			return err
		}
	}
}

func (a *answer) header(name, value []byte) error {
	switch {
	case is(name, "Content-Length"):
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil || n < 0 || n > maxBody {
			return fmt.Errorf("content length %.30q", value)
		}
		a.length = n
	case is(name, "Transfer-Encoding"):
		if !is(value, "chunked") {
			return fmt.Errorf("transfer encoding %.30q", value)
		}
		a.chunked = true
	case is(name, "Connection"):
		a.last = a.last || is(value, "close")
	case is(name, "Lambda-Runtime-Aws-Request-Id"):
		if bytes.ContainsAny(value, " /\r\n") { // it becomes part of a path
			return fmt.Errorf("request id %.60q", value)
		}
		a.inv.RequestID = string(value)
	case is(name, "Lambda-Runtime-Deadline-Ms"):
		ms, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil {
			return fmt.Errorf("deadline %.30q", value)
		}
		a.inv.Deadline = time.UnixMilli(ms)
	case is(name, "Lambda-Runtime-Invoked-Function-Arn"):
		if string(value) != a.inv.FunctionARN {
			a.inv.FunctionARN = string(value)
		}
	case is(name, "Lambda-Runtime-Trace-Id"):
		a.inv.TraceID = string(value)
	case is(name, "Lambda-Runtime-Client-Context"):
		a.inv.ClientContext = bytes.Clone(value)
	case is(name, "Lambda-Runtime-Cognito-Identity"):
		a.inv.Identity = bytes.Clone(value)
	}
	return nil
}

func (a *answer) readBody(br *bufio.Reader) error {
	if cap(a.body) > keepBuffer {
		a.body = nil
	}
	a.body = a.body[:0]
	switch {
	case a.status == 204 || a.status == 304:
		return nil
	case a.chunked:
		if err := a.readAll(httputil.NewChunkedReader(br)); err != nil {
			return err
		}
		for { // the trailer, which NewChunkedReader leaves
			line, err := readLine(br)
			if err != nil || len(line) == 0 {
				return err
			}
		}
	case a.length < 0:
		a.last = true
		return a.readAll(br)
	}
	if int64(cap(a.body)) < a.length {
		a.body = make([]byte, a.length)
	}
	a.body = a.body[:a.length]
	_, err := io.ReadFull(br, a.body)
	return err
}

func (a *answer) readAll(r io.Reader) error {
	buf := bytes.NewBuffer(a.body)
	n, err := buf.ReadFrom(io.LimitReader(r, maxBody+1))
	a.body = buf.Bytes()
	if err == nil && n > maxBody {
		err = fmt.Errorf("body of more than %d bytes", maxBody)
	}
	return err
}

// readLine returns the next line without its end; it is valid until the next read.
func readLine(br *bufio.Reader) ([]byte, error) {
	line, err := br.ReadSlice('\n')
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
}

// is compares a header's name or a token without regard to ASCII case, and without allocating.
func is(got []byte, want string) bool {
	if len(got) != len(want) {
		return false
	}
	for i, g := range got {
		if lower(g) != lower(want[i]) {
			return false
		}
	}
	return true
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		b += 'a' - 'A'
	}
	return b
}
