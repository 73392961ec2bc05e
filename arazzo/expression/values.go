package expression

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// Values is an Environment held in plain fields. What is nil or zero is
// Undefined. It may be read by many goroutines while none changes it.
type Values struct {
	URL, Method string
	StatusCode  int // 0: no response yet

	Request, Response, Message *Message

	Inputs, Outputs map[string]any
	// Steps holds the outputs of the steps that ran, by stepId.
	Steps map[string]map[string]any
	// Workflows holds what is known of workflows, by workflowId.
	Workflows map[string]*WorkflowValues

	// SourceDescriptions answers $sourceDescriptions.<name>.<ref>; nil: none.
	SourceDescriptions func(name, ref string) (any, bool)
	// Components answers $components.<kind>.<name>; nil: none.
	Components func(kind, name string) (any, bool)
	Self       string
}

// WorkflowValues is what $workflows.<id> can name.
type WorkflowValues struct {
	Inputs, Outputs map[string]any
	Steps           map[string]map[string]any
}

// Message is a request, a response or a message of a channel.
type Message struct {
	Header http.Header
	Query  map[string]any
	Path   map[string]any
	// Body is the decoded body (the payload of a channel's message), text where
	// it is no JSON, or a Lazy. nil is JSON's null; see NoBody.
	Body any
	// NoBody is set where there is no body at all.
	NoBody bool
}

// Lookup answers what ref names.
func (v *Values) Lookup(ref *Reference) (any, error) {
	switch ref.Root {
	case RootURL:
		return text(v.URL), nil
	case RootMethod:
		return text(v.Method), nil
	case RootSelf:
		return text(v.Self), nil
	case RootStatusCode:
		if v.StatusCode == 0 {
			return Undefined, nil
		}
		return json.Number(strconv.Itoa(v.StatusCode)), nil
	case RootRequest:
		return v.Request.part(ref), nil
	case RootResponse:
		return v.Response.part(ref), nil
	case RootMessage:
		return v.Message.part(ref), nil
	case RootInputs:
		return member(v.Inputs, ref.Name), nil
	case RootOutputs:
		return member(v.Outputs, ref.Name), nil
	case RootSteps:
		return member(v.Steps[ref.Owner], ref.Name), nil
	case RootWorkflows:
		return v.workflow(ref), nil
	case RootSourceDescriptions:
		return answer(v.SourceDescriptions, ref), nil
	case RootComponents:
		return answer(v.Components, ref), nil
	}
	return Undefined, nil
}

func (v *Values) workflow(ref *Reference) any {
	w := v.Workflows[ref.Owner]
	if w == nil {
		return Undefined
	}
	switch ref.Field {
	case "inputs":
		return member(w.Inputs, ref.Name)
	case "outputs":
		return member(w.Outputs, ref.Name)
	case "steps":
		return member(w.Steps[ref.Step], ref.Name)
	}
	return Undefined
}

// part answers a part of a message; a nil Message has none.
func (m *Message) part(ref *Reference) any {
	if m == nil {
		return Undefined
	}
	switch ref.Part {
	case PartHeader:
		return header(m.Header, ref.Name)
	case PartQuery:
		return member(m.Query, ref.Name)
	case PartPath:
		return member(m.Path, ref.Name)
	case PartBody, PartPayload:
		if m.NoBody {
			return Undefined
		}
		return m.Body
	}
	return Undefined
}

// header finds a field without regard to case, however the map spells it; of
// repeated fields the first counts ("single header values only").
func header(h http.Header, name string) any {
	if values := h.Values(name); len(values) > 0 {
		return values[0]
	}
	for key, values := range h {
		if len(values) > 0 && strings.EqualFold(key, name) {
			return values[0]
		}
	}
	return Undefined
}

// member answers m[name], or the whole of m for an empty name.
func member(m map[string]any, name string) any {
	if m == nil {
		return Undefined
	}
	if name == "" {
		return m
	}
	if v, found := m[name]; found {
		return v
	}
	return Undefined
}

// text answers a string, Undefined for an empty one.
func text(s string) any {
	if s == "" {
		return Undefined
	}
	return s
}

func answer(ask func(owner, name string) (any, bool), ref *Reference) any {
	if ask != nil {
		if v, found := ask(ref.Owner, ref.Name); found {
			return v
		}
	}
	return Undefined
}
