package lambda

import (
	"math"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/sandbox/environment"
)

// platformLines writes the lines that Lambda itself adds to a function's log, in the format and
// from the level that the function's LoggingConfig says.
type platformLines struct {
	to     *logStream
	json   bool
	quiet  bool // SystemLogLevel WARN: only what went wrong
	memory int32
}

func lines(c *types.FunctionConfiguration, to *logStream) platformLines {
	l := platformLines{to: to, memory: aws.ToInt32(c.MemorySize)}
	if c.LoggingConfig != nil && c.LoggingConfig.LogFormat == types.LogFormatJson {
		l.json, l.quiet = true, c.LoggingConfig.SystemLogLevel == types.SystemLogLevelWarn
	}
	return l
}

func (l platformLines) event(now time.Time, kind string, record any) {
	l.to.write(now, plainJSON(struct {
		Time   string `json:"time"`
		Type   string `json:"type"`
		Record any    `json:"record"`
	}{now.UTC().Format("2006-01-02T15:04:05.000Z"), kind, record}))
}

func (l platformLines) initStart(now time.Time, v *version, substitute string) {
	runtime := string(v.serves.Config.Runtime)
	if substitute != "" {
		runtime += " (" + substitute + ")"
	}
	switch {
	case !l.json:
		l.to.write(now, "INIT_START Runtime Version: "+runtime)
	case !l.quiet:
		l.event(now, "platform.initStart", map[string]string{"initializationType": "on-demand", "phase": "init",
			"runtimeVersion": runtime, "functionName": v.key.name, "functionVersion": v.name})
	}
}

func (l platformLines) start(now time.Time, request string, v *version) {
	switch {
	case !l.json:
		l.to.write(now, "START RequestId: "+request+" Version: "+v.name)
	case !l.quiet:
		l.event(now, "platform.start", map[string]string{"requestId": request, "version": v.name})
	}
}

// report writes what follows the function's own lines.
func (l platformLines) report(now time.Time, request string, o *environment.Outcome) {
	if o.Line != "" {
		l.to.write(now, o.Line)
	}
	duration, initial := milliseconds(o.Duration), milliseconds(o.InitDuration)
	if !l.json {
		l.to.write(now, "END RequestId: "+request)
		b := make([]byte, 0, 224) // by hand: each invocation writes one
		b = append(append(b, "REPORT RequestId: "...), request...)
		b = strconv.AppendFloat(append(b, "\tDuration: "...), duration, 'f', 2, 64)
		b = strconv.AppendInt(append(b, " ms\tBilled Duration: "...), o.Billed.Milliseconds(), 10)
		b = strconv.AppendInt(append(b, " ms\tMemory Size: "...), int64(l.memory), 10)
		b = strconv.AppendInt(append(b, " MB\tMax Memory Used: "...), int64(o.MaxMemoryMB), 10)
		b = append(b, " MB\t"...)
		if o.InitDuration > 0 {
			b = append(strconv.AppendFloat(append(b, "Init Duration: "...), initial, 'f', 2, 64), " ms\t"...)
		}
		switch o.Status {
		case environment.TimedOut:
			b = append(b, "Status: timeout"...)
		case environment.Crashed:
			b = append(append(b, "Status: error\tError Type: "...), o.ErrorType...)
		}
		l.to.write(now, string(b))
		return
	}
	if l.quiet && o.Status == environment.Success {
		return
	}
	metrics := map[string]any{"durationMs": duration, "billedDurationMs": o.Billed.Milliseconds(), "memorySizeMB": l.memory, "maxMemoryUsedMB": o.MaxMemoryMB}
	if o.InitDuration > 0 {
		metrics["initDurationMs"] = initial
	}
	record := map[string]any{"requestId": request, "metrics": metrics, "status": string(o.Status)}
	if o.ErrorType != "" {
		record["errorType"] = o.ErrorType
	}
	l.event(now, "platform.report", record)
}

// milliseconds is d as reports have it: with two decimals.
func milliseconds(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Millisecond)*100) / 100
}
