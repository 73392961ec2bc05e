package lambda

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/headgate/headgate/internal/sandbox/environment"
)

// weighted makes function f behind alias live, 90 % to version 1 and 10 % to version 2, warm.
func weighted(b *testing.B, p *platform, zip func(string) []byte) {
	b.Helper()
	in := newInput("f", "")
	in.Code.ZipFile = zip("one")
	p.create(b, in)
	must(p.PublishVersion(b.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("f")}))(b)
	must(p.UpdateFunctionCode(b.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("f"), ZipFile: zip("two")}))(b)
	p.settled(b, "f")
	must(p.PublishVersion(b.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("f")}))(b)
	p.alias(b, "f", "live", "1", map[string]float64{"2": 0.1})
}

func clients(b *testing.B, p *platform, n int) {
	b.Helper()
	var left atomic.Int64
	run := func(total int64) {
		left.Store(total)
		var wg sync.WaitGroup
		for range n {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for left.Add(-1) >= 0 {
					if _, err := p.Invoke(b.Context(), &lambda.InvokeInput{FunctionName: aws.String("f:live"), Payload: []byte(`{"n":1}`)}); err != nil {
						b.Error(err)
						return
					}
				}
			}()
		}
		wg.Wait()
	}
	run(int64(50 * n)) // warm
	b.ReportAllocs()
	b.ResetTimer()
	start := time.Now()
	run(int64(b.N))
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "invocations/s")
}

// BenchmarkInvokeWarm is Service.Invoke through a weighted alias with 8 clients, in real processes.
func BenchmarkInvokeWarm(b *testing.B) {
	p := sqlite(b, processes(b), production)
	weighted(b, p, realCode)
	clients(b, p, 8)
}

// BenchmarkRuntimeAPI is the limit of the above: the same function, 8 environments, no service.
func BenchmarkRuntimeAPI(b *testing.B) {
	p := sqlite(b, processes(b), production)
	weighted(b, p, realCode)
	p.call(b, "f:1")
	c := p.directory.entries[key{"000000000000", "us-east-1", "f"}].versions[1]
	var slots []*slot
	for range 8 {
		slots = append(slots, must(p.startEnvironment(b.Context(), c))(b))
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ResetTimer()
	start := time.Now()
	var wg sync.WaitGroup
	for _, s := range slots {
		wg.Add(1)
		go func() {
			defer wg.Done()
			in := &environment.Invocation{RequestID: "6f1b8c1e-0000-4000-8000-000000000001", Payload: []byte(`{"n":1}`), Timeout: 3 * time.Second}
			for left.Add(-1) >= 0 {
				if _, err := s.env.Invoke(b.Context(), in); err != nil {
					b.Error(err)
					return
				}
			}
		}()
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "invocations/s")
	b.StopTimer()
	for _, s := range slots {
		s.env.Close(environment.Spindown)
	}
}

// BenchmarkInvokePath is all that the service adds: the function answers at once.
func BenchmarkInvokePath(b *testing.B) {
	p := sqlite(b, production)
	weighted(b, p, code)
	p.envs.run = func(environment.Function, *environment.Invocation, func(string)) (environment.Outcome, error) {
		return environment.Outcome{Status: environment.Success}, nil
	}
	clients(b, p, 8)
}

// production has the limits as a platform that nobody configured.
func production(d *Deps) { d.Limits = Limits{} }
