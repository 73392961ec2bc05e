package sam

import (
	"sort"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// source is one event source, of a function or of a state machine.
type source struct {
	b     *base // of its owner
	add   func(*resource)
	name  string     // as in Events
	id    string     // owner's and event's name: the prefix of what is made
	typ   string     // as in Type
	props *tree.Node // never nil

	// inEvent words what is wrong with an event: of a function it names both.
	inEvent func(name, format string, args ...any) error
}

// event expands one event source of a function.
type event struct {
	source
	f *function
}

// events expands the function's event sources.
func (f *function) events() error {
	sources, err := f.sources(f.add, f.inEvent)
	if err != nil {
		return err
	}
	sort.SliceStable(sources, func(i, j int) bool { return sources[i].rank() < sources[j].rank() })
	for _, s := range sources {
		if err := (&event{s, f}).expand(); err != nil {
			return err
		}
	}
	return nil
}

// rank sorts a function's events: by their paths, so that an API's default comes first, or by their names.
func (e *source) rank() string {
	if p := e.get("Path"); p.Is(tree.String) {
		return p.Text
	}
	return e.name
}

// sources reads the Events property.
func (b *base) sources(add func(*resource), inEvent func(name, format string, args ...any) error) (out []source, err error) {
	events := b.get("Events")
	if events != nil && !events.Is(tree.Map) {
		return nil, resourceError(b.id, "Property 'Events' should be a map.")
	}
	listed := pairsOf(events)
	if b.t.python {
		listed = pythonOrderUpdated(listed, len(eventsOf(b.node, restKind)))
	}
	for _, p := range listed {
		typ := p.Value.Get("Type")
		if !p.Value.Is(tree.Map) || !typ.Is(tree.String) {
			return nil, inEvent(p.Key, "Resource dict has missing or invalid value for key Type. Event Type is: %s.", pythonText(typ))
		}
		s := source{b: b, add: add, name: p.Key, id: b.id + p.Key, typ: typ.Text, props: present(p.Value.Get("Properties")), inEvent: inEvent}
		if s.props == nil {
			s.props = tree.NewMap()
		}
		if !s.props.Is(tree.Map) {
			return nil, inEvent(p.Key, "Properties should be a map.")
		}
		out = append(out, s)
	}
	return out, nil
}

// inEvent is the error that names the function and the event.
func (f *function) inEvent(name, format string, args ...any) error {
	return resourceError(f.id, "%s", eventError(name, format, args...).Error())
}

func (e *source) fail(format string, args ...any) error { return e.inEvent(e.name, format, args...) }

// failByID is fail with the longer name, which the transform uses for what it finds late.
func (e *source) failByID(format string, args ...any) error {
	return e.inEvent(e.id, format, args...)
}

func (e *event) expand() error {
	switch e.typ {
	case "AlexaSkill":
		return e.alexaSkill()
	case "Schedule":
		return e.schedule()
	case "CloudWatchEvent", "EventBridgeRule":
		return e.rule()
	case "CloudWatchLogs":
		return e.logs()
	case "IoTRule":
		return e.iotRule()
	case "S3":
		return e.s3()
	case "SNS":
		return e.sns()
	case "SQS", "Kinesis", "DynamoDB":
		return e.mapping()
	case "ScheduleV2":
		return e.scheduler(e.functionARN(), "lambda:InvokeFunction", "LambdaPolicy")
	case "Api":
		return e.api()
	case "MSK", "MQ", "SelfManagedKafka", "DocumentDB":
		return e.broker()
	case "Cognito":
		return e.cognito()
	case "HttpApi":
		return e.httpAPI()
	}
	return e.fail("Resource dict has missing or invalid value for key Type. Event Type is: %s.", e.typ)
}

// known checks the event's properties; every one may be of any kind.
func (e *source) known(names string, required ...string) error {
	m := map[string]kinds{}
	for _, n := range strings.Fields(names) {
		m[n] = anyValue
	}
	return checkProperties(e.id, e.typ, e.props, m, required...)
}

func (e *source) get(name string) *tree.Node { return present(e.props.Get(name)) }

func (e *source) make(suffix, typ string, props *tree.Node) *resource {
	r := e.b.make(e.id+suffix, typ, props)
	e.add(r)
	return r
}

// targetID names the rule's target; EventBridge takes 64 characters.
func (e *source) targetID(suffix string) *tree.Node {
	if t := present(e.get("Target").Get("Id")); t != nil {
		return t.Clone()
	}
	return tree.NewString(e.id[:min(len(e.id), 64-len(suffix))] + suffix)
}

// functionRef is what names the function to Lambda: the alias if there is one.
func (e *event) functionRef() *tree.Node {
	if e.f.alias != nil {
		return ref(e.f.alias.id)
	}
	return ref(e.f.id)
}

// functionARN is what others invoke: the alias's Ref is its ARN.
func (e *event) functionARN() *tree.Node {
	if e.f.alias != nil {
		return ref(e.f.alias.id)
	}
	return getAtt(e.f.id, "Arn")
}

// permission lets a service invoke the function; more are members beside the common ones.
func (e *event) permission(principal string, more ...any) *resource {
	p := tree.NewMap("Action", "lambda:InvokeFunction", "FunctionName", e.functionRef(), "Principal", principal)
	for i := 0; i+1 < len(more); i += 2 {
		if v, _ := more[i+1].(*tree.Node); v != nil {
			p.Set(more[i].(string), v)
		}
	}
	return e.make("Permission", "AWS::Lambda::Permission", p)
}

func pythonText(n *tree.Node) string {
	if present(n) == nil {
		return "None"
	}
	return textOf(n)
}
