package bench

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const (
	rounds    = 8 // of each side, by turns
	roundTime = 700 * time.Millisecond
)

// BenchmarkWarmInvoke compares invocations through an alias with two versions to the bare front.
// Rounds alternate, so that what else the machine does meets both.
func BenchmarkWarmInvoke(b *testing.B) {
	function := build(b, "bootstrap", "./testdata/function")
	for _, clients := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			front := role(b, "front", "HEADGATE_BENCH_FUNCTION="+filepath.Join(function, "bootstrap"), fmt.Sprintf("HEADGATE_BENCH_WORKERS=%d", clients))
			p := serve(b)
			deploy(b, p, function, map[string]float64{"2": 0.1})
			limit := newClient("http://"+front.addr+"/", clients)
			ours := newClient("http://"+p.addr+"/2015-03-31/functions/bench:live/invocations", clients)
			for b.Loop() {
				compare(b, limit, ours, clients)
			}
		})
	}
}

func compare(b *testing.B, limit, ours *client, clients int) {
	for _, c := range []*client{limit, ours} {
		if m := c.load(clients, time.Second); m.errors > 0 {
			b.Fatal("warming up: ", m.first)
		}
	}
	var speed, p50, p99, perSecond, bare []float64
	failed := 0
	var raw []string
	for i := range rounds {
		var l, o measured
		if i%2 == 0 {
			l, o = limit.load(clients, roundTime), ours.load(clients, roundTime)
		} else {
			o, l = ours.load(clients, roundTime), limit.load(clients, roundTime)
		}
		if l.errors > 0 {
			b.Fatal("the bare front: ", l.first)
		}
		if o.errors > 0 {
			b.Error(o.first)
		}
		failed += o.errors
		line := fmt.Sprintf("bare %6.0f/s", l.perSecond)
		for _, m := range []measured{l, o} {
			for _, q := range []float64{0.1, 0.5, 0.9, 0.99, 0.999, 1} {
				line += fmt.Sprintf(" %7.2f", millis(quantile(m.latencies, q)))
			}
			line += "   "
		}
		raw = append(raw, line+fmt.Sprintf(" ours %6.0f/s", o.perSecond))
		perSecond, bare = append(perSecond, o.perSecond), append(bare, l.perSecond)
		speed = append(speed, o.perSecond/l.perSecond)
		p50 = append(p50, float64(quantile(o.latencies, 0.5))/float64(quantile(l.latencies, 0.5)))
		p99 = append(p99, float64(quantile(o.latencies, 0.99))/float64(quantile(l.latencies, 0.99)))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(speed), "ratio")
	b.ReportMetric(median(p50), "p50-ratio")
	b.ReportMetric(median(p99), "p99-ratio")
	b.ReportMetric(float64(failed), "errors")
	if os.Getenv("HEADGATE_BENCH_VERBOSE") != "" {
		for i := range raw {
			fmt.Println(raw[i])
		}
	}
	b.Logf("%d clients: %.0f invocations/s, the bare front %.0f/s: ratio %.2f (goal 0.85 at 8), p99 %.2f x (goal 1.3), %d errors; load average %s",
		clients, median(perSecond), median(bare), median(speed), median(p99), failed, loadAverage())
}

func sdk(p *child) aws.Config {
	return aws.Config{Region: "us-east-1", BaseEndpoint: aws.String("http://" + p.addr), Credentials: credentials.NewStaticCredentialsProvider("bench", "bench", "")}
}

// deploy makes function bench with versions 1 and 2, and its alias live at version 1 with the
// additional weights.
func deploy(b testing.TB, p *child, folder string, weights map[string]float64) {
	b.Helper()
	ctx, c := b.Context(), lambda.NewFromConfig(sdk(p))
	code := archive(b, filepath.Join(folder, "bootstrap"))
	name := aws.String("bench")
	_, err := c.CreateFunction(ctx, &lambda.CreateFunctionInput{FunctionName: name, Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Role: aws.String("arn:aws:iam::000000000000:role/bench"), Code: &types.FunctionCode{ZipFile: code}, MemorySize: aws.Int32(256), Timeout: aws.Int32(10)})
	if err != nil {
		b.Fatal(err)
	}
	for i := range 2 {
		if err := lambda.NewFunctionUpdatedV2Waiter(c, func(o *lambda.FunctionUpdatedV2WaiterOptions) { o.MinDelay = 50 * time.Millisecond }).
			Wait(ctx, &lambda.GetFunctionInput{FunctionName: name}, time.Minute); err != nil {
			b.Fatal(err)
		}
		if _, err := c.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: name}); err != nil {
			b.Fatal(err)
		}
		if i == 0 { // a version of its own needs a change
			if _, err := c.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: name, Description: aws.String("the second")}); err != nil {
				b.Fatal(err)
			}
		}
	}
	in := &lambda.CreateAliasInput{FunctionName: name, Name: aws.String("live"), FunctionVersion: aws.String("1")}
	if len(weights) > 0 {
		in.RoutingConfig = &types.AliasRoutingConfiguration{AdditionalVersionWeights: weights}
	}
	if _, err := c.CreateAlias(ctx, in); err != nil {
		b.Fatal(err)
	}
}

func archive(b testing.TB, bootstrap string) []byte {
	b.Helper()
	program, err := os.ReadFile(bootstrap)
	if err != nil {
		b.Fatal(err)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	h := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	h.SetMode(0o755)
	w, err := z.CreateHeader(h)
	if err == nil {
		_, err = w.Write(program)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}
