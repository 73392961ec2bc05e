package execution

import (
	"strings"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

// pin keeps a function's version that a call has found for itself, as nothing at the execution's start told it.
func (d *deciding) pin(function, version string) {
	if _, known := d.p.Pins[function]; known {
		return // two calls at once: the first to be decided on is the one that counts
	}
	pins := integration.Pins{function: version} // calls under way read the old ones
	for k, v := range d.p.Pins {
		pins[k] = v
	}
	d.p.Pins = pins
	x := d.p.x
	d.rows(pinRow(x.ARN, function, version), db.Stmt{SQL: `UPDATE sfn_execution SET doc = $1 WHERE account = $2 AND region = $3 AND arn = $4`,
		Args: []any{string(encode(d.p.document())), x.Account, x.Region, x.ARN}})
}

// showPins has the history tell what was pinned: the function of a scheduled task is the version that is called. What
// depends on the data, and is called for the first time, is not known yet; the answer's ExecutedVersion tells.
func (d *deciding) showPins(events []asl.HistoryEvent) {
	if len(d.p.Pins) == 0 {
		return
	}
	for i := range events {
		switch e := &events[i]; {
		case e.Type == "LambdaFunctionScheduled":
			if version := d.p.Pins[e.Resource]; version != "" {
				e.Resource = version
			}
		case e.Type == "TaskScheduled" && e.Resource == "invoke" && strings.HasSuffix(e.ResourceType, "lambda") && e.Parameters != nil:
			if shown, ok := d.pinnedParameters(*e.Parameters); ok {
				e.Parameters = &shown
			}
		}
	}
}

// pinnedParameters are lambda:invoke's with the version in the function's place.
func (d *deciding) pinnedParameters(parameters string) (string, bool) {
	v, err := jsonvalue.Decode([]byte(parameters))
	o, ok := v.(*jsonvalue.Object)
	if err != nil || !ok {
		return "", false
	}
	member := func(name string) string {
		v, _ := o.Get(name)
		s, _ := v.(string)
		return s
	}
	name, qualifier := member("FunctionName"), member("Qualifier")
	switch {
	case !strings.HasPrefix(name, "arn:"):
		name, inName, _ := strings.Cut(name, ":")
		if qualifier == "" {
			qualifier = inName
		}
		name = arn.Function(d.p.Caller, name, qualifier)
		return replaced(o, d.p.Pins[name])
	case qualifier != "":
		name += ":" + qualifier
	}
	return replaced(o, d.p.Pins[name])
}

func replaced(o *jsonvalue.Object, version string) (string, bool) {
	if version == "" {
		return "", false
	}
	out := jsonvalue.NewObject(o.Len())
	for name, v := range o.All() {
		switch name {
		case "FunctionName":
			out.Set(name, version)
		case "Qualifier":
		default:
			out.Set(name, v)
		}
	}
	return jsonvalue.Encode(out), true
}
