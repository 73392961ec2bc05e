package lambda

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/headgate/headgate/internal/caller"
)

const (
	maxValues = 150  // distinct values in one datum
	maxData   = 1000 // data in one PutMetricData
	maxUnsent = 50_000
)

// metricWriter adds invocations up in memory, per platform second and set of dimensions, and sends
// the sums to CloudWatch behind the invocations.
type metricWriter struct {
	metrics Metrics
	log     *slog.Logger

	mu   sync.Mutex
	sums map[metricKey]*metricSum
	wake chan struct{}

	unsent map[account][]types.MetricDatum // what CloudWatch did not take; of the flushing goroutine alone
}

type account struct{ account, region string }

// metricKey is a set of dimensions in a second. Resource and version are empty where the set lacks them.
type metricKey struct {
	account, region             string
	function, resource, version string
	second                      int64
}

type metricSum struct {
	invocations, errors, throttles float64
	concurrent                     [3]float64 // sum, least and most of the samples, one an invocation
	errorless                      bool       // some invocation had no error
	durations                      map[float64]float64
}

func newMetricWriter(m Metrics, log *slog.Logger) *metricWriter {
	return &metricWriter{metrics: m, log: log, sums: map[metricKey]*metricSum{}, wake: make(chan struct{}, 1),
		unsent: map[account][]types.MetricDatum{}}
}

// measured is one invocation, or one that was throttled.
type measured struct {
	at         time.Time // platform time of its start
	duration   time.Duration
	failed     bool
	throttled  bool
	concurrent int
}

// record counts an invocation under its three sets of dimensions (FACTS §4); the version that an
// alias led to is one only for aliases.
func (w *metricWriter) record(t target, executed string, m measured) {
	if w.metrics == nil {
		return
	}
	k := metricKey{account: t.account, region: t.region, function: t.name, second: m.at.Unix()}
	resource := k
	resource.resource = t.name
	if t.qualifier != "" && t.qualifier != latest {
		resource.resource += ":" + t.qualifier
	}
	keys := [3]metricKey{k, resource}
	n := 2
	if _, isVersion := versionNumber(t.qualifier); !isVersion && executed != "" {
		keys[2] = resource
		keys[2].version, n = executed, 3
	}
	w.mu.Lock()
	idle := len(w.sums) == 0
	for _, k := range keys[:n] {
		s := w.sums[k]
		if s == nil {
			s = &metricSum{durations: map[float64]float64{}}
			w.sums[k] = s
		}
		s.add(m)
	}
	w.mu.Unlock()
	if idle {
		w.nudge()
	}
}

func (s *metricSum) add(m measured) {
	if m.throttled { // counts as neither invocation nor error
		s.throttles++
		return
	}
	c := float64(m.concurrent)
	if s.invocations == 0 {
		s.concurrent = [3]float64{0, c, c}
	}
	s.invocations++
	s.concurrent = [3]float64{s.concurrent[0] + c, min(s.concurrent[1], c), max(s.concurrent[2], c)}
	if m.failed {
		s.errors++
	} else {
		s.errorless = true
	}
	s.durations[milliseconds(m.duration)]++
}

// run flushes until ctx ends, and then once more. A flush that has begun goes on when ctx ends.
func (w *metricWriter) run(ctx context.Context, every time.Duration) {
	flush := func() {
		longer, cancel := outlive(ctx, flushTime)
		defer cancel()
		w.flush(longer)
	}
	for {
		select {
		case <-w.wake:
		case <-ctx.Done():
			flush()
			return
		}
		select { // the sums gather meanwhile
		case <-time.After(every):
		case <-ctx.Done():
		}
		flush()
	}
}

func (w *metricWriter) flush(ctx context.Context) {
	w.mu.Lock()
	sums := w.sums
	w.sums = map[metricKey]*metricSum{}
	w.mu.Unlock()
	data := w.unsent
	w.unsent = map[account][]types.MetricDatum{}
	for k, s := range sums {
		a := account{k.account, k.region}
		data[a] = append(data[a], s.data(k)...)
	}
	for a, all := range data {
		ctx := caller.With(ctx, caller.Caller{Account: a.account, Region: a.region, Partition: caller.PartitionOf(a.region)})
		for len(all) > 0 {
			n := min(len(all), maxData)
			if err := w.put(ctx, all[:n]); err != nil {
				w.keep(a, all)
				w.log.Error("write function metrics; they will be written later", "data", len(all), "error", err)
				break
			}
			all = all[n:]
		}
	}
}

// put sends data. What CloudWatch refuses — a clock that leapt makes data too old for it — is dropped, and nothing with it.
func (w *metricWriter) put(ctx context.Context, data []types.MetricDatum) error {
	_, err := w.metrics.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/Lambda"), MetricData: data})
	switch {
	case !unacceptable(err):
		return err
	case len(data) == 1:
		w.log.Warn("a function's metric was dropped: CloudWatch refuses it", "metric", aws.ToString(data[0].MetricName), "error", err)
		return nil
	}
	half := len(data) / 2
	if err := w.put(ctx, data[:half]); err != nil {
		return err
	}
	return w.put(ctx, data[half:])
}

// keep has data sent with the next flush, a second from now at the latest.
func (w *metricWriter) keep(a account, data []types.MetricDatum) {
	if len(data) > maxUnsent {
		data = data[len(data)-maxUnsent:]
	}
	w.unsent[a] = data
	time.AfterFunc(time.Second, w.nudge)
}

func (w *metricWriter) nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (s *metricSum) data(k metricKey) []types.MetricDatum {
	dims := []types.Dimension{{Name: aws.String("FunctionName"), Value: aws.String(k.function)}}
	if k.resource != "" {
		dims = append(dims, types.Dimension{Name: aws.String("Resource"), Value: aws.String(k.resource)})
	}
	if k.version != "" {
		dims = append(dims, types.Dimension{Name: aws.String("ExecutedVersion"), Value: aws.String(k.version)})
	}
	at := time.Unix(k.second, 0).UTC()
	datum := func(name string, unit types.StandardUnit) types.MetricDatum {
		return types.MetricDatum{MetricName: aws.String(name), Dimensions: dims, Timestamp: &at, Unit: unit}
	}
	sum := func(name string, n, total, least, most float64) types.MetricDatum {
		d := datum(name, types.StandardUnitCount)
		d.StatisticValues = &types.StatisticSet{SampleCount: &n, Sum: &total, Minimum: &least, Maximum: &most}
		return d
	}
	var out []types.MetricDatum
	if n := s.invocations + s.throttles; n > 0 {
		out = append(out, sum("Throttles", n, s.throttles, when(s.invocations == 0), when(s.throttles > 0)))
	}
	if s.invocations == 0 {
		return out
	}
	out = append(out, sum("Invocations", s.invocations, s.invocations, 1, 1),
		sum("Errors", s.invocations, s.errors, when(!s.errorless), when(s.errors > 0)),
		sum("ConcurrentExecutions", s.invocations, s.concurrent[0], s.concurrent[1], s.concurrent[2]))
	d := datum("Duration", types.StandardUnitMilliseconds)
	for v, n := range s.durations {
		if d.Values = append(d.Values, v); len(d.Values) == maxValues {
			d.Counts = append(d.Counts, n)
			out = append(out, d)
			d = datum("Duration", types.StandardUnitMilliseconds)
			continue
		}
		d.Counts = append(d.Counts, n)
	}
	if len(d.Values) > 0 {
		out = append(out, d)
	}
	return out
}

func when(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
