package cloudwatch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

const listPage = 500

// ListMetrics lists the metrics that had data within two weeks.
func (s *Service) ListMetrics(ctx context.Context, in *cloudwatch.ListMetricsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.ListMetricsOutput, error) {
	c := caller.From(ctx)
	since := s.now() - oldest - hour
	switch in.RecentlyActive {
	case "":
	case types.RecentlyActivePt3h:
		since = s.now() - 4*hour // sightings are kept to the hour
	default:
		return nil, invalid("The value %s for parameter RecentlyActive is invalid. The valid value is PT3H.", in.RecentlyActive)
	}
	cursor, err := openToken(in.NextToken)
	if err != nil {
		return nil, err
	}
	found := map[string]series{}
	take := func(g sighting) {
		if g.account == c.Account && g.region == c.Region && g.at >= since && matches(g.series, in) {
			found[g.series.order()] = g.series
		}
	}
	for _, g := range s.buffer.unwritten() {
		take(g)
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		stored, err := db.All(tx, scanSeries, `SELECT account, region, namespace, name, dimensions, seen_at FROM cloudwatch_metric
			WHERE account = $1 AND region = $2 AND ($3 = '' OR namespace = $3) AND ($4 = '' OR name = $4)`,
			c.Account, c.Region, aws.ToString(in.Namespace), aws.ToString(in.MetricName))
		for _, g := range stored {
			take(g)
		}
		if err != nil {
			return fmt.Errorf("list metrics: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	order := make([]string, 0, len(found))
	for k := range found {
		if k > cursor {
			order = append(order, k)
		}
	}
	slices.Sort(order)
	out := &cloudwatch.ListMetricsOutput{Metrics: []types.Metric{}}
	for i, k := range order {
		if i == listPage {
			out.NextToken = token(order[i-1])
			break
		}
		out.Metrics = append(out.Metrics, found[k].metric())
		if aws.ToBool(in.IncludeLinkedAccounts) {
			out.OwningAccounts = append(out.OwningAccounts, c.Account)
		}
	}
	return out, nil
}

// order sorts metrics by namespace, name, then dimensions.
func (s series) order() string {
	var b strings.Builder
	b.WriteString(s.namespace + "\x00" + s.name)
	for _, d := range s.dimensions {
		b.WriteString("\x00" + d.Name + "\x01" + d.Value)
	}
	return b.String()
}

func matches(s series, in *cloudwatch.ListMetricsInput) bool {
	if in.Namespace != nil && *in.Namespace != s.namespace || in.MetricName != nil && *in.MetricName != s.name {
		return false
	}
	for _, f := range in.Dimensions {
		if !slices.ContainsFunc(s.dimensions, func(d dimension) bool {
			return d.Name == aws.ToString(f.Name) && (f.Value == nil || *f.Value == d.Value)
		}) {
			return false
		}
	}
	return true
}
