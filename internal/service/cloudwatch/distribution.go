package cloudwatch

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

const (
	exactValues = 64   // distinct values kept as they are
	maxBins     = 2048 // bins kept beyond that
	// accuracy is the relative error of a value once it is kept by its bin alone.
	accuracy = 0.005
)

// distribution knows how often which value occurred: exactly while there are few distinct values,
// then by logarithmic bins, so that its size is bounded and any percentile is off by half a
// percent at most. The zero value is empty.
//
// It is unknown as soon as it took in a statistic set of several values or a negative number:
// CloudWatch has no percentiles for such periods either.
type distribution struct {
	pairs   []weighted // sorted by value, no value twice
	binned  bool       // the values are those of their bins
	unknown bool
}

type weighted struct{ value, count float64 }

func (d *distribution) add(value, count float64) {
	switch {
	case d.unknown:
		return
	case value < 0:
		*d = distribution{unknown: true}
		return
	case d.binned:
		value = binned(value)
	}
	i, found := slices.BinarySearchFunc(d.pairs, value, func(w weighted, v float64) int { return cmp.Compare(w.value, v) })
	if found {
		d.pairs[i].count += count
		return
	}
	d.pairs = slices.Insert(d.pairs, i, weighted{value, count})
	if !d.binned && len(d.pairs) > exactValues {
		d.bin()
	}
	if len(d.pairs) > maxBins { // the lowest bins are those that percentiles are least asked of
		d.pairs[1].count += d.pairs[0].count
		d.pairs = slices.Delete(d.pairs, 0, 1)
	}
}

// bin goes over from exact values to bins.
func (d *distribution) bin() {
	pairs := d.pairs
	*d = distribution{binned: true, pairs: make([]weighted, 0, 2*exactValues)}
	for _, p := range pairs {
		d.add(p.value, p.count)
	}
}

// binned is the value that stands for v's bin: bins are a factor of (1+a)/(1−a) wide.
func binned(v float64) float64 {
	if v < math.SmallestNonzeroFloat64*1e16 {
		return 0
	}
	width := math.Log((1 + accuracy) / (1 - accuracy))
	k := math.Ceil(math.Log(v) / width)
	return math.Exp(k*width) * (1 - accuracy)
}

func (d *distribution) merge(o *distribution) {
	switch {
	case d.unknown:
		return
	case o.unknown:
		*d = distribution{unknown: true}
		return
	case o.binned && !d.binned:
		d.bin()
	}
	for _, p := range o.pairs {
		d.add(p.value, p.count)
	}
}

func (d *distribution) clone() distribution {
	return distribution{slices.Clone(d.pairs), d.binned, d.unknown}
}

func (d *distribution) weight() (total float64) {
	for _, p := range d.pairs {
		total += p.count
	}
	return total
}

// quantile is the smallest value that at least the share q (0…1) of the samples does not exceed.
func (d *distribution) quantile(q float64) (float64, bool) {
	if d.unknown || len(d.pairs) == 0 {
		return 0, false
	}
	seen, rank := 0.0, q*d.weight()
	for _, p := range d.pairs {
		if seen += p.count; seen >= rank-1e-9 {
			return p.value, true
		}
	}
	return d.pairs[len(d.pairs)-1].value, true
}

// trimmedMean is the mean of the samples between the shares lo and hi (0…1) of their order.
func (d *distribution) trimmedMean(lo, hi float64) (float64, bool) {
	total := d.weight()
	var seen, sum, weight float64
	for _, p := range d.pairs {
		from, to := math.Max(seen, lo*total), math.Min(seen+p.count, hi*total)
		if seen += p.count; to > from {
			sum += p.value * (to - from)
			weight += to - from
		}
	}
	return sum / weight, weight > 0 && !d.unknown
}

// Stored forms, by their first byte.
const (
	storedExact byte = iota
	storedBinned
	storedUnknown
)

func (d *distribution) encode() []byte {
	if d.unknown {
		return []byte{storedUnknown}
	}
	b := make([]byte, 1, 1+16*len(d.pairs))
	if d.binned {
		b[0] = storedBinned
	}
	for _, p := range d.pairs {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(p.value))
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(p.count))
	}
	return b
}

func decodeDistribution(b []byte) (distribution, error) {
	if len(b) == 0 || len(b)%16 != 1 || b[0] > storedUnknown {
		return distribution{}, fmt.Errorf("stored distribution of %d bytes is in no known form", len(b))
	}
	d := distribution{binned: b[0] == storedBinned, unknown: b[0] == storedUnknown}
	for b = b[1:]; len(b) > 0; b = b[16:] {
		d.pairs = append(d.pairs, weighted{
			math.Float64frombits(binary.LittleEndian.Uint64(b)), math.Float64frombits(binary.LittleEndian.Uint64(b[8:]))})
	}
	return d, nil
}
