package runtimeapi

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
)

// FuzzParseFields holds the warm path's reading of headers against net/http's: whatever it takes
// on itself, net/http must understand in the same way.
func FuzzParseFields(f *testing.F) {
	for _, s := range []string{
		"Host: x\r\nContent-Length: 5\r\n\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n",
		"Host: x\r\nContent-Length : 5\r\n\r\n", "Host: x\r\n Content-Length: 5\r\n\r\n", "content-length:+5\r\n\r\n", "Connection: keep-alive\r\n\r\n", "\r\n",
		"Content-Length: \r\n\r\n", "a\nContent-Length: 3\r\n\r\n", "Content-Length: 5\r\n\tX: y\r\n\r\n", "Content-Length: 4611686018427387904\r\n\r\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, head string) {
		i := strings.Index(head, "\r\n\r\n")
		if i < 0 && head != "\r\n" {
			t.Skip()
		}
		if i >= 0 {
			head = head[:i+4]
		}
		got := parseFields([]byte(head))
		if got.other {
			return
		}
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("POST / HTTP/1.1\r\n" + head)))
		if err != nil {
			t.Skip() // net/http is stricter about names and values that do not matter here
		}
		if want := max(r.ContentLength, 0); max(got.length, 0) != want || len(r.TransferEncoding) > 0 || r.Close {
			t.Errorf("%q: length %d, net/http says %d %v close %v", head, got.length, want, r.TransferEncoding, r.Close)
		}
	})
}

func TestAppendEventAllocatesNothing(t *testing.T) {
	inv := event()
	b := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { b = appendEvent(b[:0], inv) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
