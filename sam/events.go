package sam

import (
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// event expands one event source of a function.
type event struct {
	f     *function
	name  string     // as in Events
	id    string     // function's and event's name: the prefix of what is made
	typ   string     // as in Type
	props *tree.Node // never nil
}

// events expands the function's event sources, in the order of their names' appearance.
func (f *function) events() error {
	events := f.get("Events")
	if events != nil && !events.Is(tree.Map) {
		return resourceError(f.id, "Property 'Events' should be a map.")
	}
	for _, p := range pairsOf(events) {
		typ := p.Value.Get("Type")
		if !p.Value.Is(tree.Map) || !typ.Is(tree.String) {
			return f.inEvent(p.Key, "Resource dict has missing or invalid value for key Type. Event Type is: %s.", pythonText(typ))
		}
		e := &event{f: f, name: p.Key, id: f.id + p.Key, typ: typ.Text, props: present(p.Value.Get("Properties"))}
		if e.props == nil {
			e.props = tree.NewMap()
		}
		if !e.props.Is(tree.Map) {
			return f.inEvent(p.Key, "Properties should be a map.")
		}
		if err := e.expand(); err != nil {
			return err
		}
	}
	return nil
}

// inEvent is the error that names the function and the event.
func (f *function) inEvent(name, format string, args ...any) error {
	return resourceError(f.id, "%s", eventError(name, format, args...).Error())
}

func (e *event) fail(format string, args ...any) error { return e.f.inEvent(e.name, format, args...) }

// failByID is fail with the longer name, which the transform uses for what it finds late.
func (e *event) failByID(format string, args ...any) error {
	return e.f.inEvent(e.id, format, args...)
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
	case "Api", "HttpApi", "Cognito", "MSK", "MQ", "SelfManagedKafka", "DocumentDB", "ScheduleV2":
		return e.fail("Events of type %s are not supported yet.", e.typ)
	}
	return e.fail("Resource dict has missing or invalid value for key Type. Event Type is: %s.", e.typ)
}

// known checks the event's properties; every one may be of any kind.
func (e *event) known(names string, required ...string) error {
	m := map[string]kinds{}
	for _, n := range strings.Fields(names) {
		m[n] = anyValue
	}
	return checkProperties(e.id, e.typ, e.props, m, required...)
}

func (e *event) get(name string) *tree.Node { return present(e.props.Get(name)) }

func (e *event) make(suffix, typ string, props *tree.Node) *resource {
	r := e.f.make(e.id+suffix, typ, props)
	e.f.add(r)
	return r
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
