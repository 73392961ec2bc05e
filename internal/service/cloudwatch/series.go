package cloudwatch

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/headgate/headgate/internal/caller"
)

// dimension is one name/value pair; a series has them sorted by name.
type dimension struct {
	Name  string `json:"n"`
	Value string `json:"v"`
}

// series names one metric: CloudWatch keeps a metric apart for each set of dimensions, and never
// adds sets up by itself.
type series struct {
	account, region, namespace, name string
	dimensions                       []dimension
}

func seriesOf(c caller.Caller, namespace, name *string, dims []types.Dimension) series {
	s := series{c.Account, c.Region, aws.ToString(namespace), aws.ToString(name), make([]dimension, 0, len(dims))}
	for _, d := range dims {
		s.dimensions = append(s.dimensions, dimension{aws.ToString(d.Name), aws.ToString(d.Value)})
	}
	slices.SortFunc(s.dimensions, func(a, b dimension) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value))
	})
	return s
}

// id is the same for the same series on every node: nothing has to be agreed on.
func (s series) id() string {
	var b strings.Builder
	for _, p := range []string{s.account, s.region, s.namespace, s.name} {
		b.WriteString(p)
		b.WriteByte(0)
	}
	for _, d := range s.dimensions {
		b.WriteString(d.Name)
		b.WriteByte(0)
		b.WriteString(d.Value)
		b.WriteByte(0)
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:16])
}

func (s series) metric() types.Metric {
	m := types.Metric{Namespace: &s.namespace, MetricName: &s.name}
	for _, d := range s.dimensions {
		m.Dimensions = append(m.Dimensions, types.Dimension{Name: aws.String(d.Name), Value: aws.String(d.Value)})
	}
	return m
}
