package cloudwatch

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const firstReason = "Unchecked: Initial alarm creation"

// reason is the text AWS gives for a state that an evaluation set. mOfN: the alarm was defined
// with DatapointsToAlarm, which has a text of its own (LAB: "1 out of the last 1 datapoints").
func (r rule) reason(v verdict, mOfN bool) string {
	if v.state == types.StateValueInsufficientData {
		return "Insufficient Data: " + counted(max(v.filled, 1), "datapoint was", "datapoints were") + " unknown."
	}
	var filled string
	if v.filled > 0 && (r.missing == "breaching" || r.missing == "notBreaching") {
		as := map[string]string{"breaching": "Breaching", "notBreaching": "NonBreaching"}[r.missing]
		filled = fmt.Sprintf("and %s treated as [%s]", counted(v.filled, "missing datapoint was", "missing datapoints were"), as)
	}
	if len(v.points) == 0 {
		return strings.TrimSpace("Threshold Crossed: no datapoints were received for "+counted(r.periods, "period", "periods")+" "+filled) + "."
	}
	not, shown, least, change := "", v.points, r.alarms, "OK -> ALARM"
	if v.state != types.StateValueAlarm {
		not, least, change = "not ", r.periods-r.alarms+1, "ALARM -> OK"
	}
	if filled == "" { // name those that made the state, unless there are too few to say so
		if s := r.supporting(v); mOfN && len(s) > 0 {
			shown = s
		}
	}
	list := make([]string, len(shown))
	for i, p := range shown {
		list[i] = javaFloat(p.value) + " (" + time.UnixMilli(p.start).UTC().Format("02/01/06 15:04:05") + ")"
	}
	head := fmt.Sprintf("%s [%s] %s", counted(len(shown), "datapoint", "datapoints"), strings.Join(list, ", "), wasWere(len(shown)))
	tail := ""
	if mOfN && filled == "" {
		head = fmt.Sprintf("%d out of the last %d datapoints [%s] %s", len(shown), r.periods, strings.Join(list, ", "), wasWere(len(shown)))
		tail = fmt.Sprintf(" (minimum %s for %s transition)", counted(least, "datapoint", "datapoints"), change)
	}
	text := fmt.Sprintf("Threshold Crossed: %s %s%s the threshold (%s)", head, not, words(r.operator), javaFloat(r.threshold))
	if filled != "" {
		text += " " + filled
	}
	return text + tail + "."
}

// supporting are the points that agree with the state.
func (r rule) supporting(v verdict) []point {
	var out []point
	for _, p := range v.points {
		if r.breaching(p.value) == (v.state == types.StateValueAlarm) {
			out = append(out, p)
		}
	}
	return out
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

func wasWere(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

func words(o types.ComparisonOperator) string {
	switch o {
	case types.ComparisonOperatorGreaterThanThreshold:
		return "greater than"
	case types.ComparisonOperatorGreaterThanOrEqualToThreshold:
		return "greater than or equal to"
	case types.ComparisonOperatorLessThanThreshold:
		return "less than"
	default:
		return "less than or equal to"
	}
}

// javaFloat writes a number the way CloudWatch's texts do: 3.0, 0.25, 1.34217728E8.
func javaFloat(f float64) string {
	if a := math.Abs(f); a != 0 && (a < 1e-3 || a >= 1e7) && !math.IsInf(f, 0) {
		m, e, _ := strings.Cut(strconv.FormatFloat(f, 'E', -1, 64), "E")
		if !strings.Contains(m, ".") {
			m += ".0"
		}
		n, _ := strconv.Atoi(e)
		return m + "E" + strconv.Itoa(n)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

type number float64

func (n number) MarshalJSON() ([]byte, error) { return []byte(javaFloat(float64(n))), nil }

// stamp is how history and reason data write times.
func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000-0700") }

// reasonData is StateReasonData, version 1.0.
type reasonData struct {
	Version   string          `json:"version"`
	QueryDate string          `json:"queryDate"`
	StartDate string          `json:"startDate,omitempty"`
	Unit      string          `json:"unit,omitempty"`
	Statistic string          `json:"statistic,omitempty"`
	Period    int64           `json:"period"`
	Recent    []number        `json:"recentDatapoints"` // oldest first
	Threshold number          `json:"threshold"`
	Evaluated []evaluatedData `json:"evaluatedDatapoints,omitempty"` // newest first
}

type evaluatedData struct {
	Timestamp   string  `json:"timestamp"`
	SampleCount *number `json:"sampleCount,omitempty"`
	Value       *number `json:"value,omitempty"`
}

// data is the reason in JSON. Period is in seconds, queried the time of the evaluation.
func (r rule) data(v verdict, statistic, unit string, period, queried int64) string {
	d := reasonData{Version: "1.0", QueryDate: stamp(queried), Unit: unit, Statistic: statistic, Period: period,
		Recent: []number{}, Threshold: number(r.threshold)}
	for _, p := range slices.Backward(v.points) {
		if d.StartDate == "" {
			d.StartDate = stamp(p.start)
		}
		d.Recent = append(d.Recent, number(p.value))
	}
	listed := v.points
	if v.filled > 0 { // the missing ones too, and what is older and was evaluated
		listed = slices.Clone(v.looked)
		for _, p := range v.points {
			if len(listed) > 0 && p.start < listed[len(listed)-1].start {
				listed = append(listed, p)
			}
		}
	}
	for _, p := range listed {
		e := evaluatedData{Timestamp: stamp(p.start)}
		if p.present {
			n, value := number(p.samples), number(p.value)
			e.SampleCount, e.Value = &n, &value
		}
		d.Evaluated = append(d.Evaluated, e)
	}
	return mustJSON(d)
}
