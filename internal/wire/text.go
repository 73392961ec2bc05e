package wire

import (
	"encoding/base64"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// timestamp formats, as the timestampFormat trait names them.
const (
	formatDateTime = "date-time"
	formatHTTPDate = "http-date"
	formatEpoch    = "epoch-seconds"
)

// place returns the settable value for a member: what v points to, made if it is a pointer.
func place(v reflect.Value, sh *shape) reflect.Value {
	if !sh.ptr {
		return v
	}
	p := reflect.New(sh.typ)
	v.Set(p)
	return p.Elem()
}

// setString is place and SetString, without reflection for the usual *string.
func setString(v reflect.Value, sh *shape, s string) {
	if sh.ptr {
		if p, ok := v.Addr().Interface().(**string); ok {
			*p = &s
			return
		}
	}
	place(v, sh).SetString(s)
}

// setText decodes a scalar written as text: a label, header, query parameter or form value.
func setText(v reflect.Value, sh *shape, s string) error {
	switch sh.kind {
	case kindString:
		setString(v, sh, s)
	case kindBool:
		b, err := strconv.ParseBool(s)
		if err != nil {
			return badInput("%q can not be converted to a Boolean", clip(s))
		}
		place(v, sh).SetBool(b)
	case kindInt:
		i, err := parseInt(s, sh.typ.Bits())
		if err != nil {
			return badInput("%q can not be converted to an Integer", clip(s))
		}
		place(v, sh).SetInt(i)
	case kindFloat:
		f, err := parseFloat(s, sh.typ.Bits())
		if err != nil {
			return badInput("%q can not be converted to a Double", clip(s))
		}
		place(v, sh).SetFloat(f)
	case kindTime:
		t, ok := parseTime(s)
		if !ok {
			return badInput("%q is not a timestamp", clip(s))
		}
		place(v, sh).Set(reflect.ValueOf(t))
	case kindBlob:
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return badInput("the value is not base64")
		}
		place(v, sh).SetBytes(b)
	default:
		return badInput("expected a value of another type")
	}
	return nil
}

// text is the reverse of setText for response headers.
func text(v reflect.Value, sh *shape, format string) string {
	switch sh.kind {
	case kindString:
		return v.String()
	case kindBool:
		return strconv.FormatBool(v.Bool())
	case kindInt:
		return strconv.FormatInt(v.Int(), 10)
	case kindFloat:
		return formatFloat(v.Float(), sh.typ.Bits())
	case kindTime:
		return formatTime(v.Interface().(time.Time), format)
	case kindBlob:
		return base64.StdEncoding.EncodeToString(v.Bytes())
	}
	return ""
}

// parseInt also takes 3.0 and 1e3: some clients send every number as a double.
func parseInt(s string, bits int) (int64, error) {
	i, err := strconv.ParseInt(s, 10, bits)
	if err == nil {
		return i, nil
	}
	f, ferr := strconv.ParseFloat(s, 64)
	limit := math.Ldexp(1, bits-1)
	if ferr != nil || f != math.Trunc(f) || f < -limit || f >= limit {
		return 0, err
	}
	return int64(f), nil
}

// parseFloat knows AWS's words for what numbers cannot say.
func parseFloat(s string, bits int) (float64, error) {
	switch s {
	case "NaN":
		return math.NaN(), nil
	case "Infinity":
		return math.Inf(1), nil
	case "-Infinity":
		return math.Inf(-1), nil
	}
	return strconv.ParseFloat(s, bits)
}

// formatFloat is the reverse of parseFloat.
func formatFloat(f float64, bits int) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return strconv.FormatFloat(f, 'g', -1, bits)
}

// parseTime accepts each of the three formats wherever a timestamp stands, as AWS does.
func parseTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, http.TimeFormat, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return time.Time{}, false
	}
	return epoch(f)
}

// maxEpoch is the end of the year 9999 in Unix seconds; what lies beyond has no text form.
const maxEpoch = 253402300799

// epoch converts Unix seconds. Doubles carry noise below AWS's resolution of a millisecond.
func epoch(seconds float64) (time.Time, bool) {
	if math.IsNaN(seconds) || math.Abs(seconds) > maxEpoch {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(math.Round(seconds * 1e3))).UTC(), true
}

// formatTime writes t in UTC, to AWS's resolution of a millisecond.
func formatTime(t time.Time, format string) string {
	switch format {
	case formatHTTPDate:
		return t.UTC().Format(http.TimeFormat)
	case formatEpoch:
		return strconv.FormatFloat(float64(t.UnixMilli())/1e3, 'f', -1, 64)
	}
	return t.UTC().Format("2006-01-02T15:04:05.999Z")
}

// clip shortens what a client sent before it is quoted back.
func clip(s string) string {
	if len(s) <= 128 {
		return s
	}
	return strings.ToValidUTF8(s[:128], "") + "…"
}

// isNil reports whether a struct's member is absent. Enums are plain strings, so "" is absent;
// other scalars that are not pointers always travel.
func isNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return v.IsNil()
	case reflect.String:
		return v.Len() == 0
	}
	return false
}
