package logs

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func decoded(t rapid.TB, c chunk) (out []event) {
	t.Helper()
	if err := decode(string(c.data), func(e event) { out = append(out, e) }); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestChunksAreCutAtTheirBounds(t *testing.T) {
	a, b := &stream{id: "a"}, &stream{id: "b"}
	series := func(st *stream, n int, step int64, message string) (out []event) {
		for i := range n {
			out = append(out, event{stream: st, at: int64(i) * step, id: fmt.Sprintf("%s%05d", st.id, i), message: message})
		}
		return out
	}
	half := strings.Repeat("x", maxChunkBytes/2-overhead)
	for name, c := range map[string]struct {
		events []event
		want   []int // events of each chunk
	}{
		"none":             {nil, nil},
		"as many as go in": {series(a, maxChunkEvents, 0, "m"), []int{maxChunkEvents}},
		"one more":         {series(a, maxChunkEvents+1, 0, "m"), []int{maxChunkEvents, 1}},
		"as large":         {series(a, 2, 0, half), []int{2}},
		"a byte more":      {series(a, 3, 0, half+"x"), []int{1, 1, 1}},
		"one very large":   {series(a, 1, 0, strings.Repeat("x", 1_000_000)), []int{1}},
		"as long":          {series(a, 2, maxSpan, "m"), []int{2}},
		"a moment longer":  {series(a, 2, maxSpan+1, "m"), []int{1, 1}},
		"hours apart":      {series(a, 4, hour, "m"), []int{1, 1, 1, 1}},
		"two streams":      {append(series(b, 3, 1, "m"), series(a, 2, 1, "m")...), []int{2, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []int
			for _, c := range chunksOf(c.events) {
				got = append(got, len(decoded(t, c)))
			}
			same(t, got, c.want)
		})
	}
}

func TestChunksHoldEachEventOnceWhateverOrderItCameIn(t *testing.T) {
	streams := []*stream{{id: "a"}, {id: "b"}, {id: "c"}}
	rapid.Check(t, func(t *rapid.T) {
		events := make([]event, rapid.IntRange(0, 200).Draw(t, "n"))
		want := map[string]event{}
		for i := range events {
			e := event{stream: rapid.SampledFrom(streams).Draw(t, "stream"), at: rapid.Int64Range(0, 5*maxSpan).Draw(t, "at"),
				id: fmt.Sprintf("%024x", i), ingested: rapid.Int64().Draw(t, "ingested"), message: rapid.String().Draw(t, "message")}
			events[i], want[e.id] = e, e
		}
		chunks := chunksOf(events)
		var n int
		for _, c := range chunks {
			var last place
			for i, e := range decoded(t, c) {
				e.stream = c.stream
				if w, ok := want[e.id]; !ok || e != w {
					t.Fatalf("got %v, want %v", e, w)
				}
				delete(want, e.id)
				if i == 0 && (e.id != c.id || e.at != c.firstAt) {
					t.Fatalf("chunk %s begins with %v", c.id, e)
				}
				if n++; i > 0 && !last.before(e.place()) {
					t.Fatalf("%v after %v", e, last)
				}
				last = e.place()
			}
			if last.at != c.lastAt || c.lastAt-c.firstAt > maxSpan {
				t.Fatalf("chunk from %d to %d, its last event at %d", c.firstAt, c.lastAt, last.at)
			}
		}
		if len(want) > 0 || n != len(events) {
			t.Fatalf("%d of %d events, without %v", n, len(events), want)
		}
		rand.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		again := chunksOf(events)
		if fmt.Sprint(again) != fmt.Sprint(chunks) {
			t.Fatalf("the same events, cut again: %v, not %v", again, chunks)
		}
	})
}

func TestEveryTimeSurvivesTheEncoding(t *testing.T) {
	for _, at := range []int64{0, 1, -1, math.MaxInt64, math.MinInt64, began.UnixMilli()} {
		for _, ingested := range []int64{0, at, math.MaxInt64, math.MinInt64} {
			want := []event{{at: at, ingested: ingested, id: "i", message: "m"}, {at: ingested, ingested: at}}
			var got []event
			if err := decode(string(encode(want)), func(e event) { got = append(got, e) }); err != nil {
				t.Fatal(err)
			}
			if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
				t.Errorf("%v came back as %v", want, got)
			}
		}
	}
}

func TestADamagedChunkIsAnError(t *testing.T) {
	whole := string(encode([]event{{at: 5, id: "id", ingested: 6, message: "message"}}))
	for n := range len(whole) {
		if err := decode(whole[:n], func(event) {}); err == nil && n != 1 { // the format alone is a chunk of no events
			t.Errorf("%d bytes of %d are accepted", n, len(whole))
		}
	}
	if err := decode("\x02"+whole[1:], func(event) {}); err == nil {
		t.Error("an unknown format is accepted")
	}
}

// FuzzDecode checks that anything is either refused or means the same once it is encoded again.
func FuzzDecode(f *testing.F) {
	f.Add(encode(nil))
	f.Add(encode([]event{{at: 5, id: "id", ingested: 6, message: "message"}, {at: 7, id: "ie", ingested: 6, message: "\x00"}}))
	f.Add([]byte{format, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		var events []event
		if decode(string(data), func(e event) { events = append(events, e) }) != nil {
			return
		}
		n := 0
		err := decode(string(encode(events)), func(e event) {
			if n >= len(events) || e != events[n] {
				t.Fatalf("event %d: %v", n, e)
			}
			n++
		})
		if err != nil || n != len(events) {
			t.Fatalf("%d of %d events, %v", n, len(events), err)
		}
	})
}
