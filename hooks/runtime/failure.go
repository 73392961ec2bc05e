package runtime

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	goruntime "runtime"
	"strings"
)

// failure is Lambda's error payload. Like AWS's own Go runtime it has a stackTrace for panics
// only: a Go error carries no stack.
type failure struct {
	Message string  `json:"errorMessage"`
	Type    string  `json:"errorType"`
	Stack   []frame `json:"stackTrace,omitempty"`
	fatal   bool    // the process must not serve another event
}

type frame struct {
	Path  string `json:"path"`
	Line  int    `json:"line"`
	Label string `json:"label"`
}

// failed describes an error that the handler returned. Its errorType is what the error's method
// ErrorType() string says, if it or an error that it wraps has one; else the name of its Go type.
func failed(err error) *failure {
	var named interface{ ErrorType() string }
	if errors.As(err, &named) && named.ErrorType() != "" {
		return &failure{Message: err.Error(), Type: named.ErrorType()}
	}
	return &failure{Message: err.Error(), Type: typeName(err)}
}

// panicked describes a recovered panic; it must be called from the function that recovered. The
// handler's state is unknown after a panic, so the process ends once it is reported.
func panicked(p any) *failure {
	return &failure{Message: fmt.Sprint(p), Type: typeName(p), Stack: stack(), fatal: true}
}

func (f *failure) encode() []byte {
	b, err := json.Marshal(f)
	if err != nil { // strings and numbers alone: cannot happen
		return []byte(`{"errorMessage":"the error could not be encoded","errorType":"Runtime.MarshalError"}`)
	}
	return b
}

func typeName(v any) string {
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Name() == "" {
		return t.String()
	}
	return t.Name()
}

// stack lists the frames from the function that panicked outwards, as far as the handler.
func stack() []frame {
	pcs := make([]uintptr, 64)
	frames := goruntime.CallersFrames(pcs[:goruntime.Callers(2, pcs)])
	var out []frame
	panicking := false
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panicking, out = true, nil // a panic raised while panicking starts anew
		case !panicking || strings.HasPrefix(f.Function, "runtime."):
		case strings.HasSuffix(f.Function, "hooks/runtime.(*loop).call"), strings.HasSuffix(f.Function, "hooks/runtime.prepare"):
			return out
		default:
			out = append(out, frame{Path: f.File, Line: f.Line, Label: f.Function[strings.LastIndexByte(f.Function, '/')+1:]})
		}
		if !more {
			return out
		}
	}
}
