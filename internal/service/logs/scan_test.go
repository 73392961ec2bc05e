package logs

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/db/dbtest"
)

// putAt writes events at times, in milliseconds after began.
func (f *fixture) putAt(stream string, message func(i int) string, at ...int64) {
	f.Helper()
	in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: &stream}
	for i, ms := range at {
		in.LogEvents = append(in.LogEvents, types.InputLogEvent{Timestamp: aws.Int64(began.UnixMilli() + ms), Message: aws.String(message(i))})
	}
	if out := f.putInput(in); out.RejectedLogEventsInfo != nil {
		f.Fatal("rejected")
	}
}

// filterAll follows the tokens to the end.
func (f *fixture) filterAll(in cloudwatchlogs.FilterLogEventsInput) (all []string) {
	f.Helper()
	in.LogGroupName = aws.String("g")
	for range 10_000 {
		out, err := f.FilterLogEvents(f.Context(), &in)
		if err != nil {
			f.Fatal(err)
		}
		for _, e := range out.Events {
			all = append(all, *e.LogStreamName+":"+*e.Message)
		}
		if in.NextToken = out.NextToken; out.NextToken == nil {
			return all
		}
	}
	f.Fatal("tokens without end")
	return nil
}

// getAll follows one stream's tokens in one direction to the end; events are in the order of reading.
func (f *fixture) getAll(in cloudwatchlogs.GetLogEventsInput) (all []string) {
	f.Helper()
	in.LogGroupName = aws.String("g")
	for range 10_000 {
		out, err := f.GetLogEvents(f.Context(), &in)
		if err != nil {
			f.Fatal(err)
		}
		next := out.NextForwardToken
		if !*in.StartFromHead {
			slices.Reverse(out.Events)
			next = out.NextBackwardToken
		}
		for _, e := range out.Events {
			all = append(all, *in.LogStreamName+":"+*e.Message)
		}
		if in.NextToken != nil && *in.NextToken == *next {
			return all
		}
		in.NextToken = next
	}
	f.Fatal("tokens without end")
	return nil
}

type written struct {
	stream, message string
	at, n           int64
}

// scatter writes events of three streams whose times overlap, moments and hours apart, some of them before others that came
// earlier, and leaves the last ones in memory. It returns them in their order.
func (f *fixture) scatter(r *rand.Rand) (all []written) {
	streams := []string{"a", "b", "bb"}
	f.stream("g", "bb")
	for put := range 60 {
		st := streams[r.IntN(3)]
		at := []int64{0, int64(r.IntN(3)) * 4000, -int64(r.IntN(10)) * hour}[r.IntN(3)]
		var times []int64
		for range 1 + r.IntN(12) {
			all = append(all, written{st, fmt.Sprintf("n%d %s", len(all), []string{"odd", "even"}[r.IntN(2)]), at, int64(len(all))})
			times = append(times, at)
			at += []int64{0, 1, 700, 3000, maxSpan, hour / 7}[r.IntN(6)]
		}
		base := len(all) - len(times)
		f.putAt(st, func(i int) string { return all[base+i].message }, times...)
		if r.IntN(4) == 0 && put < 55 {
			if err := f.flush(f.Context()); err != nil {
				f.Fatal(err)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b written) int {
		return compare(place{a.at, fmt.Sprintf("%09d", a.n)}, place{b.at, fmt.Sprintf("%09d", b.n)})
	})
	return all
}

func TestReadsFindWhatASortedListHolds(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		r := rand.New(rand.NewPCG(7, 7))
		f := unstarted(t, d)
		all := f.scatter(r)
		want := func(descending bool, keep func(w written) bool) (out []string) {
			for _, w := range all {
				if keep(w) {
					out = append(out, w.stream+":"+w.message)
				}
			}
			if descending {
				slices.Reverse(out)
			}
			return out
		}
		for n := range 40 {
			from, to := all[r.IntN(len(all))].at, all[r.IntN(len(all))].at
			if n%2 == 0 {
				from, to = all[0].at, all[len(all)-1].at
			}
			head, limit := r.IntN(2) == 0, int32(1+r.IntN(40))
			filter := cloudwatchlogs.FilterLogEventsInput{StartTime: aws.Int64(began.UnixMilli() + from), EndTime: aws.Int64(began.UnixMilli() + to), StartFromHead: &head, Limit: &limit}
			within := func(w written) bool { return w.at >= from && w.at <= to }
			same(t, f.filterAll(filter), want(!head, within))
			filter.FilterPattern = aws.String("odd")
			same(t, f.filterAll(filter), want(!head, func(w written) bool { return within(w) && strings.HasSuffix(w.message, "odd") }))
			filter.LogStreamNamePrefix = aws.String("b")
			same(t, f.filterAll(filter), want(!head, func(w written) bool { return within(w) && w.stream != "a" && strings.HasSuffix(w.message, "odd") }))
			filter.LogStreamNamePrefix, filter.FilterPattern, filter.LogStreamNames = nil, nil, []string{"a", "bb"}
			same(t, f.filterAll(filter), want(!head, func(w written) bool { return within(w) && w.stream != "b" }))
			get := cloudwatchlogs.GetLogEventsInput{LogStreamName: aws.String("b"), StartTime: filter.StartTime, EndTime: filter.EndTime, StartFromHead: &head, Limit: &limit}
			same(t, f.getAll(get), want(!head, func(w written) bool { return w.at >= from && w.at < to && w.stream == "b" }))
			if t.Failed() {
				t.Fatalf("query %d: from %d to %d, head %v, limit %d", n, from, to, head, limit)
			}
		}
	})
}

func TestAnEventThatExpiredIsHiddenInAChunkThatStays(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := start(t, d)
		f.put("a", 0, "0", "1", "2", "3")
		if _, err := f.PutRetentionPolicy(t.Context(), &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String("g"), RetentionInDays: aws.Int32(1)}); err != nil {
			t.Fatal(err)
		}
		sweep := func() (chunks int64) {
			if err := f.sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := d.View(t.Context(), func(tx *db.Tx) (err error) {
				chunks, err = db.One(tx, db.Value[int64], `SELECT count(*) FROM logs_chunk`)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return chunks
		}
		f.clock.Advance(24*time.Hour + 2*time.Second)
		same(t, sweep(), int64(1))
		same(t, f.filterAll(cloudwatchlogs.FilterLogEventsInput{}), []string{"a:2", "a:3"})
		same(t, f.getAll(cloudwatchlogs.GetLogEventsInput{LogStreamName: aws.String("a"), StartFromHead: aws.Bool(false)}), []string{"a:3", "a:2"})
		f.clock.Advance(time.Second)
		same(t, sweep(), int64(1))
		f.clock.Advance(time.Millisecond)
		same(t, sweep(), int64(0))
	})
}

// What overlaps is more than a scan holds: it answers in parts, and all of it in the end.
func TestAPatternIsFoundInMoreThanAScanHolds(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := unstarted(t, d)
		filler := strings.Repeat("x", maxChunkBytes/9)
		const streams = 2*maxHeld/maxChunkBytes + 6
		want := make([]string, 0, 2*streams)
		for n := range streams {
			name := fmt.Sprintf("s%03d", n)
			f.stream("g", name)
			f.putAt(name, func(i int) string {
				return map[bool]string{true: "needle", false: filler}[i == 1 || i == 6]
			}, int64(n), 1000+int64(n), 2000, 3000, 4000, 5000, 6000+int64(n), 7000)
			want = append(want, name+":needle")
		}
		if err := f.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		want = append(want, want...)
		in := cloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String("needle")}
		if _, next := f.filter(in); next == nil {
			t.Error("one answer holds everything: the test tests nothing")
		}
		same(t, f.filterAll(in), want)
		slices.Reverse(want)
		in.StartFromHead = aws.Bool(false)
		same(t, f.filterAll(in), want)
	})
}

func TestAMergeHoldsABoundedPartAndItIsTheFirst(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		m := merge{ahead: place.before, limit: 4000}
		var all []place
		for range 1 + r.IntN(30) {
			part := run{size: 500}
			for range 1 + r.IntN(6) {
				e := event{at: int64(r.IntN(50)), id: fmt.Sprintf("%04d", len(all)), message: strings.Repeat("x", r.IntN(100))}
				all = append(all, e.place())
				part.events, part.size = append(part.events, found{event: e}), part.size+len(e.message)
			}
			slices.SortFunc(part.events, func(a, b found) int { return compare(a.place(), b.place()) })
			if m.add(part); m.held > m.limit {
				t.Fatalf("holds %d", m.held)
			}
		}
		slices.SortFunc(all, compare)
		var got []place
		for m.Len() > 0 {
			f := m.next()
			got = append(got, f.place())
		}
		if m.held != 0 {
			t.Fatalf("%d bytes are left of nothing", m.held)
		}
		if !slices.Equal(got, all[:len(got)]) {
			t.Fatalf("got %v of %v", got, all)
		}
		if m.end == nil && len(got) < len(all) || m.end != nil && *m.end != all[len(got)] {
			t.Fatalf("after %d of %d the end is %v", len(got), len(all), m.end)
		}
	}
}
