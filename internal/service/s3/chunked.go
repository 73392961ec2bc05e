package s3

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"net/http"
	"strconv"
	"strings"

	"crypto/sha1" //nolint:gosec // one of S3's checksum algorithms
	"crypto/sha256"
)

// content is a request's body, out of aws-chunked encoding if it came in it, and checked against the checksum that the
// client sent, in a header or in the trailer. A checksum that does not match is an error of the last Read.
func content(r *http.Request) (io.Reader, error) {
	c := &checked{header: r.Header}
	c.r = r.Body
	if strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") || strings.Contains(r.Header.Get("Content-Encoding"), "aws-chunked") {
		c.r = &chunked{r: bufio.NewReaderSize(r.Body, 64<<10), trailer: c.trailer}
	}
	for name, algorithm := range algorithms {
		if r.Header.Get("X-Amz-Checksum-"+name) != "" || strings.EqualFold(r.Header.Get("X-Amz-Trailer"), "x-amz-checksum-"+name) {
			c.name, c.sum = name, algorithm()
			c.want = r.Header.Get("X-Amz-Checksum-" + name)
		}
	}
	return c, nil
}

var algorithms = map[string]func() hash.Hash{
	"crc32":  func() hash.Hash { return crc32.NewIEEE() },
	"crc32c": func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	// The polynomial of CRC-64/NVME, reversed as package crc64 wants it.
	"crc64nvme": func() hash.Hash { return crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5)) },
	"sha1":      sha1.New,
	"sha256":    sha256.New,
}

type checked struct {
	r      io.Reader
	header http.Header
	name   string
	sum    hash.Hash
	want   string
}

func (c *checked) trailer(name, value string) {
	if strings.EqualFold(name, "x-amz-checksum-"+c.name) {
		c.want = value
	}
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.sum != nil {
		c.sum.Write(p[:n])
		if err == io.EOF && c.want != base64.StdEncoding.EncodeToString(c.sum.Sum(nil)) {
			return n, errDigest
		}
	}
	return n, err
}

// chunked reads aws-chunked: "size[;chunk-signature=…]\r\n data \r\n" … "0\r\n trailers \r\n". The chunks' own signatures are
// not checked (docs/divergences.md); the request's is, by the gateway.
type chunked struct {
	r       *bufio.Reader
	left    int64 // of the chunk that is being read
	begun   bool
	ended   bool
	trailer func(name, value string)
}

func (c *chunked) Read(p []byte) (int, error) {
	if c.ended {
		return 0, io.EOF
	}
	if c.left == 0 {
		if err := c.next(); err != nil {
			return 0, err
		}
		if c.ended {
			return 0, io.EOF
		}
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.r.Read(p)
	c.left -= int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (c *chunked) next() error {
	if c.begun {
		if _, err := c.line(); err != nil { // the end of the chunk before
			return err
		}
	}
	c.begun = true
	head, err := c.line()
	if err != nil {
		return err
	}
	size, _, _ := strings.Cut(head, ";")
	if c.left, err = strconv.ParseInt(size, 16, 64); err != nil || c.left < 0 {
		return fail("IncompleteBody", fmt.Sprintf("The chunk's size %q is no number", size))
	}
	if c.left > 0 {
		return nil
	}
	c.ended = true
	for {
		l, _ := c.line() // some clients end without the last empty line
		if l == "" {
			return nil
		}
		if name, value, ok := strings.Cut(l, ":"); ok {
			c.trailer(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
}

func (c *chunked) line() (string, error) {
	l, err := c.r.ReadSlice('\n')
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return strings.TrimRight(string(l), "\r\n"), err
}
