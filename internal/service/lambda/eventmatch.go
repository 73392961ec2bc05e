package lambda

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/headgate/headgate/internal/service/lambda/eventfilter"
)

// filters let a message pass that matches one of them; none let all pass.
type filters []*eventfilter.Pattern

// maxFilters of a mapping, AWS's default quota.
const maxFilters = 5

func readFilters(c *types.FilterCriteria) (filters, error) {
	if c == nil {
		return nil, nil
	}
	if len(c.Filters) > maxFilters {
		return nil, invalid("Invalid filter criteria: at most %d filters are possible, not %d.", maxFilters, len(c.Filters))
	}
	var out filters
	for _, f := range c.Filters {
		p, err := eventfilter.Parse(aws.ToString(f.Pattern))
		if err != nil {
			return nil, invalid("Invalid filter pattern definition. (%v)", err)
		}
		out = append(out, p)
	}
	return out, nil
}

// sift divides messages into those that the function is to get, and the others.
func (p *poller) sift(messages []sqstypes.Message) (wanted, others []sqstypes.Message) {
	if len(p.filter) == 0 {
		return messages, nil
	}
	for _, m := range messages {
		if p.filter.match(p.record(m)) {
			wanted = append(wanted, m)
		} else {
			others = append(others, m)
		}
	}
	return wanted, others
}

// match looks at a record as the function would get it, but for a body that is JSON: patterns look into that. A pattern that does
// never matches another body.
func (f filters) match(r sqsRecord) bool {
	v, err := eventfilter.Decode([]byte(plainJSON(r)))
	record, ok := v.(map[string]any)
	if err != nil || !ok {
		return false
	}
	inside := false
	if text := strings.TrimLeft(r.Body, " \t\r\n"); strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		if body, err := eventfilter.Decode([]byte(text)); err == nil {
			record["body"], inside = body, true
		}
	}
	for _, p := range f {
		if (inside || !p.Nested("body")) && p.Match(record) {
			return true
		}
	}
	return false
}
