package wire

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
)

// buffered is a body already in memory.
type buffered struct {
	*bytes.Reader
	data []byte
}

func (*buffered) Close() error { return nil }

// Buffer reads the whole body, at most limit bytes as sent, and leaves the request readable: a
// second call returns the same bytes. More than limit is a RequestEntityTooLargeException, 413.
func Buffer(r *http.Request, limit int64) ([]byte, error) {
	if b, ok := r.Body.(*buffered); ok {
		return b.data, nil
	}
	data, err := readAll(r.Body, r.ContentLength, limit)
	if err != nil {
		return nil, err
	}
	r.Body = &buffered{bytes.NewReader(data), data}
	return data, nil
}

// readAll reads r to its end. The size is what was announced, -1 if nothing was.
func readAll(r io.Reader, size, limit int64) ([]byte, error) {
	if r == nil {
		return nil, nil
	}
	if size > limit {
		return nil, tooLarge(limit)
	}
	if size >= 0 { // one allocation; a byte more to see the end, where a wrapped body reports what it checked
		data := make([]byte, size+1)
		n, err := io.ReadFull(r, data)
		if int64(n) != size || err != io.EOF && err != io.ErrUnexpectedEOF {
			return nil, bodyError(err)
		}
		return data[:size:size], nil
	}
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, bodyError(err)
	}
	if int64(len(data)) > limit {
		return nil, tooLarge(limit)
	}
	return data, nil
}

// bodyError keeps an AWS error that a wrapped body reports, and otherwise says that the client
// did not send what it announced.
func bodyError(err error) error {
	if known := (&Error{}); errors.As(err, &known) {
		return err
	}
	return &Error{Code: "IncompleteBody", Message: "The request body ended early.", Status: http.StatusBadRequest}
}

// content is the body as the client wrote it: decompressed, within the same limit.
func content(r *http.Request, limit int64) ([]byte, error) {
	data, err := Buffer(r, limit)
	if err != nil || len(data) == 0 {
		return data, err
	}
	encoding := r.Header.Get("Content-Encoding")
	for enc := range strings.SplitSeq(encoding, ",") {
		switch strings.TrimSpace(strings.ToLower(enc)) {
		case "", "identity", "aws-chunked":
		case "gzip":
			z, err := gzip.NewReader(bytes.NewReader(data))
			if err == nil {
				data, err = readAll(z, -1, limit)
			}
			if big := (&Error{}); errors.As(err, &big) && big.Status == http.StatusRequestEntityTooLarge {
				return nil, err
			}
			if err != nil {
				return nil, &BadInput{Reason: "the body is not gzip as its Content-Encoding says"}
			}
		default:
			return nil, &Error{Code: "UnsupportedMediaTypeException", Status: http.StatusUnsupportedMediaType,
				Message: "Content-Encoding " + clip(encoding) + " is not supported."}
		}
	}
	return data, nil
}
