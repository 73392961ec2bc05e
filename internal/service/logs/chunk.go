package logs

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
)

// Bounds of a chunk.
const (
	maxChunkEvents = 1000
	maxChunkBytes  = 256 << 10 // a longer event is a chunk of its own
	// maxSpan lies between a chunk's first event and its last one, in milliseconds. A reader has to look so much further back
	// than its first event, hence little; lines that are written as they happen are stored together for a tenth of a second.
	maxSpan = 10_000
)

// chunk is a row of logs_chunk: consecutive events of one stream, in their order. Its id is its first event's, so that the same
// events, cut again, have the same key.
type chunk struct {
	stream          *stream
	firstAt, lastAt int64
	id              string
	data            []byte
}

// chunksOf cuts events into chunks. Equal events make equal chunks.
func chunksOf(events []event) []chunk {
	sorted := slices.Clone(events)
	slices.SortFunc(sorted, func(a, b event) int {
		if c := strings.Compare(a.stream.id, b.stream.id); c != 0 {
			return c
		}
		return compare(a.place(), b.place())
	})
	var out []chunk
	for len(sorted) > 0 {
		n := cut(sorted)
		first, last := &sorted[0], &sorted[n-1]
		out = append(out, chunk{stream: first.stream, firstAt: first.at, lastAt: last.at, id: first.id, data: encode(sorted[:n])})
		sorted = sorted[n:]
	}
	return out
}

// cut tells how many of the events, at least one, make the first chunk.
func cut(events []event) int {
	first := &events[0]
	bytes := first.size()
	for i := 1; i < min(len(events), maxChunkEvents); i++ {
		e := &events[i]
		if bytes += e.size(); bytes > maxChunkBytes || e.at-first.at > maxSpan || e.stream.id != first.stream.id {
			return i
		}
	}
	return min(len(events), maxChunkEvents)
}

// format is a chunk's first byte. For each event there follow, as variable-length integers, its time after the event before it
// and its ingestion after its time, and, each after its length, its id and its message.
const format = 1

func encode(events []event) []byte {
	size := 1
	for i := range events {
		size += len(events[i].message) + len(events[i].id) + 4*binary.MaxVarintLen32
	}
	data := append(make([]byte, 0, size), format)
	var at int64
	for i := range events {
		e := &events[i]
		data = binary.AppendVarint(data, e.at-at)
		data = binary.AppendVarint(data, e.ingested-e.at)
		data = binary.AppendUvarint(data, uint64(len(e.id)))
		data = append(data, e.id...)
		data = binary.AppendUvarint(data, uint64(len(e.message)))
		data = append(data, e.message...)
		at = e.at
	}
	return data
}

var errDamaged = errors.New("a chunk of log events is damaged")

// decode calls each for every event of a chunk. The events share data's memory and know no stream.
func decode(data string, each func(event)) error {
	if data == "" || data[0] != format {
		return errDamaged
	}
	r := reader{rest: data[1:]}
	var e event
	for len(r.rest) > 0 {
		e.at += r.varint()
		e.ingested = e.at + r.varint()
		e.id = r.text()
		e.message = r.text()
		if r.bad {
			return errDamaged
		}
		each(e)
	}
	return nil
}

// reader reads a chunk's parts. Once one is bad, all that follow are empty.
type reader struct {
	rest string
	bad  bool
}

func (r *reader) uvarint() (v uint64) {
	for i := range min(len(r.rest), binary.MaxVarintLen64) {
		b := r.rest[i]
		v |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			r.rest = r.rest[i+1:]
			return v
		}
	}
	r.rest, r.bad = "", true
	return 0
}

func (r *reader) varint() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1) // zigzag, as encoding/binary has it
}

func (r *reader) text() (s string) {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.rest, r.bad = "", true
		return ""
	}
	s, r.rest = r.rest[:n], r.rest[n:]
	return s
}
