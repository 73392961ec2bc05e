package logs

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/headgate/headgate/internal/db/dbtest"
)

// BenchmarkPutLogEvents is one invocation's three lines, flushed to SQLite as it goes.
func BenchmarkPutLogEvents(b *testing.B) {
	f := start(b, dbtest.Open(b, dbtest.SQLite(b)))
	in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("a")}
	for _, m := range []string{"START RequestId: 5b2b0d3c-8c5f-4a3e-9d58-0f0b1c2d3e4f Version: 7\n", "END RequestId: 5b2b0d3c-8c5f-4a3e-9d58-0f0b1c2d3e4f\n",
		"REPORT RequestId: 5b2b0d3c-8c5f-4a3e-9d58-0f0b1c2d3e4f\tDuration: 1.25 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 33 MB\t\n"} {
		in.LogEvents = append(in.LogEvents, types.InputLogEvent{Timestamp: aws.Int64(began.UnixMilli()), Message: aws.String(m)})
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.PutLogEvents(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFlush stores the lines of ten invocations in each of twenty environments, which is what gathers in a tenth of a second.
func BenchmarkFlush(b *testing.B) {
	for name, open := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			f := unstarted(b, dbtest.Open(b, open(b)))
			var in []*cloudwatchlogs.PutLogEventsInput
			for n := range 20 {
				f.stream("g", fmt.Sprint("s", n))
				in = append(in, &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String(fmt.Sprint("s", n))})
				for range 30 {
					in[n].LogEvents = append(in[n].LogEvents, types.InputLogEvent{Timestamp: aws.Int64(began.UnixMilli()),
						Message: aws.String("REPORT RequestId: 5b2b0d3c-8c5f-4a3e-9d58-0f0b1c2d3e4f\tDuration: 1.25 ms\tBilled Duration: 2 ms")})
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				for _, in := range in {
					f.putInput(in)
				}
				if err := f.flush(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
