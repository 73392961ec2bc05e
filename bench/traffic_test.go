package bench

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// client sends events to one URL; it is the same code for the platform and for the bare front.
type client struct {
	url  string
	http *http.Client
}

func newClient(url string, conns int) *client {
	return &client{url, &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: conns}, Timeout: 30 * time.Second}}
}

var event = []byte(`{"order":"4711","items":[{"sku":"a-1","n":2},{"sku":"b-7","n":1}],"note":"the size of a small web request"}`)

// send invokes once and returns the version that answered, empty from the bare front.
func (c *client) send() (version string, err error) {
	r, err := http.NewRequest("POST", c.url, bytes.NewReader(event))
	if err != nil {
		return "", err
	}
	// What an SDK sends along. Nobody verifies it on loopback.
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=00")
	r.Header.Set("X-Amz-Date", "20260101T000000Z")
	answer, err := c.http.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", err
	}
	if answer.StatusCode != 200 || answer.Header.Get("X-Amz-Function-Error") != "" || !bytes.Equal(body, event) {
		return "", fmt.Errorf("%s: %s", answer.Status, body)
	}
	return answer.Header.Get("X-Amz-Executed-Version"), nil
}

// measured is what came of a while of traffic.
type measured struct {
	perSecond float64
	latencies []time.Duration // sorted
	errors    int
	first     error
}

// load has n clients send for d, each as fast as it is answered.
func (c *client) load(n int, d time.Duration) measured {
	var m measured
	var mu sync.Mutex
	var wg sync.WaitGroup
	began := time.Now()
	for range n {
		wg.Go(func() {
			var mine []time.Duration
			for {
				at := time.Now()
				if at.Sub(began) > d {
					break
				}
				if _, err := c.send(); err != nil {
					mu.Lock()
					m.errors++
					if m.first == nil {
						m.first = err
					}
					mu.Unlock()
					continue
				}
				mine = append(mine, time.Since(at))
			}
			mu.Lock()
			m.latencies = append(m.latencies, mine...)
			mu.Unlock()
		})
	}
	wg.Wait()
	m.perSecond = float64(len(m.latencies)) / time.Since(began).Seconds()
	slices.Sort(m.latencies)
	return m
}

// quantile is of sorted values; q 0.5 is the median.
func quantile[T any](sorted []T, q float64) (v T) {
	if len(sorted) == 0 {
		return v
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	return quantile(v, 0.5)
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// loadAverage tells how busy the machine is, for the line that a benchmark prints.
func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(b), " ")
	return first
}
