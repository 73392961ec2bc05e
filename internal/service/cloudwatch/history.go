package cloudwatch

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

type stateItem struct {
	Value  types.StateValue `json:"stateValue"`
	Reason string           `json:"stateReason"`
	Data   json.RawMessage  `json:"stateReasonData,omitempty"`
}

func (s alarmState) item() stateItem {
	return stateItem{s.value, s.reason, json.RawMessage(s.data)}
}

// stateHistory is the HistoryData of a StateUpdate.
func stateHistory(c change) any {
	return struct {
		Version string    `json:"version"`
		Old     stateItem `json:"oldState"`
		New     stateItem `json:"newState"`
	}{"1.0", c.from.item(), c.to.item()}
}

// historyOf is an alarm as ConfigurationUpdate items write it: AWS's names in lower camel case,
// except that OKActions are okactions.
func historyOf(st storedAlarm) map[string]any {
	var doc map[string]any
	if err := json.Unmarshal([]byte(mustJSON(st.output())), &doc); err != nil {
		return nil
	}
	return lowered(doc).(map[string]any)
}

func lowered(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			if x == nil || x == "" {
				continue
			}
			if k == "OKActions" {
				k = "okactions"
			}
			if t, err := time.Parse(time.RFC3339, fmt.Sprint(x)); err == nil && strings.HasSuffix(k, "Timestamp") {
				x = stamp(t.UnixMilli())
			}
			out[strings.ToLower(k[:1])+k[1:]] = lowered(x)
		}
		return out
	case []any:
		for i := range v {
			v[i] = lowered(v[i])
		}
	}
	return v
}

// updateHistory is the HistoryData of an updated definition.
func updateHistory(old, updated storedAlarm) any {
	before, after := historyOf(old), historyOf(updated)
	changed := map[string]any{}
	for k, v := range before {
		if !reflect.DeepEqual(v, after[k]) {
			changed[k] = v
		}
	}
	return map[string]any{"version": "1.0", "type": "Update", "originalUpdatedFields": changed, "updatedAlarm": after}
}

// DescribeAlarmHistory lists history items, newest first unless asked otherwise.
func (s *Service) DescribeAlarmHistory(ctx context.Context, in *cloudwatch.DescribeAlarmHistoryInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmHistoryOutput, error) {
	out := &cloudwatch.DescribeAlarmHistoryOutput{AlarmHistoryItems: []types.AlarmHistoryItem{}}
	if len(in.AlarmTypes) > 0 && !slices.Contains(in.AlarmTypes, types.AlarmTypeMetricAlarm) {
		return out, nil
	}
	limit := aws.ToInt32(in.MaxRecords)
	if limit <= 0 || limit > 100 {
		limit = 100
	}
	c := caller.From(ctx)
	ascending := in.ScanBy == types.ScanByTimestampAscending
	cursor, err := openToken(in.NextToken)
	if err != nil {
		return nil, err
	}
	if cursor == "" && !ascending {
		cursor = "z" // after every id, in any collation
	}
	order, beyond := "DESC", "<"
	if ascending {
		order, beyond = "ASC", ">"
	}
	from, to := bound(in.StartDate, 0), bound(in.EndDate, 1<<62)
	var ids []string
	err = s.db.View(ctx, func(tx *db.Tx) error {
		items, err := db.All(tx, func(r db.Row) (types.AlarmHistoryItem, error) {
			var id string
			var ms int64
			h := types.AlarmHistoryItem{AlarmType: types.AlarmTypeMetricAlarm}
			err := r.Scan(&id, &h.AlarmName, (*string)(&h.HistoryItemType), &ms, &h.HistorySummary, &h.HistoryData)
			h.Timestamp = at(ms)
			ids = append(ids, id)
			return h, err
		}, `SELECT id, name, kind, at, summary, data FROM cloudwatch_history
			WHERE account = $1 AND region = $2 AND ($3 = '' OR name = $3) AND ($4 = '' OR kind = $4) AND at >= $5 AND at <= $6
			AND id `+beyond+` $7 ORDER BY id `+order+` LIMIT $8`,
			c.Account, c.Region, aws.ToString(in.AlarmName), string(in.HistoryItemType), from, to, cursor, limit+1)
		out.AlarmHistoryItems = append(out.AlarmHistoryItems, items...)
		return err
	})
	if err == nil && len(ids) > int(limit) {
		out.AlarmHistoryItems = out.AlarmHistoryItems[:limit]
		out.NextToken = token(ids[limit-1])
	}
	return out, err
}

func bound(t *time.Time, otherwise int64) int64 {
	if t == nil {
		return otherwise
	}
	return t.UnixMilli()
}
