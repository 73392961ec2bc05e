package integration

import (
	"strconv"
	"strings"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
)

// Roles of a resource in a definition.
const (
	roleTask   = "Task"
	roleReader = "ItemReader"
	roleWriter = "ResultWriter"
)

// use is one place of a definition that calls something.
type use struct {
	path     string // /States/Hello, and /ItemReader or /ResultWriter of a Map state
	role     string
	resource asl.Resource
	field    string // Parameters or Arguments
	jsonata  bool
	// parameters are what the definition says; nil if it says nothing, or an expression for them all.
	parameters *asl.Object
	dynamic    bool // they are such an expression
}

// usesOf finds every place of a definition, which is believed to be sound: what is not is passed over.
func usesOf(definition []byte) []use {
	v, err := jsonvalue.Decode(definition)
	if err != nil {
		return nil
	}
	w := &walker{}
	if o, ok := v.(*asl.Object); ok {
		w.scope(o, "", text(o, "QueryLanguage") == asl.JSONata)
	}
	return w.uses
}

type walker struct{ uses []use }

func (w *walker) scope(o *asl.Object, path string, jsonata bool) {
	states, _ := member(o, "States").(*asl.Object)
	if states == nil {
		return
	}
	for name, v := range states.All() {
		if st, ok := v.(*asl.Object); ok {
			w.state(st, path+"/States/"+name, jsonata)
		}
	}
}

func (w *walker) state(st *asl.Object, path string, jsonata bool) {
	own := jsonata
	if language := text(st, "QueryLanguage"); language != "" {
		own = language == asl.JSONata
	}
	if text(st, "Type") == asl.TypeTask {
		w.use(st, path, roleTask, own)
	}
	for _, role := range []string{roleReader, roleWriter} {
		if o, ok := member(st, role).(*asl.Object); ok {
			w.use(o, path+"/"+role, role, own)
		}
	}
	for _, field := range []string{"ItemProcessor", "Iterator"} {
		if o, ok := member(st, field).(*asl.Object); ok {
			w.scope(o, path+"/"+field, jsonata)
		}
	}
	branches, _ := member(st, "Branches").([]any)
	for i, v := range branches {
		if o, ok := v.(*asl.Object); ok {
			w.scope(o, path+"/Branches["+strconv.Itoa(i)+"]", jsonata)
		}
	}
}

func (w *walker) use(o *asl.Object, path, role string, jsonata bool) {
	src := text(o, "Resource")
	r, ok := asl.ParseResource(src)
	if !ok {
		return
	}
	u := use{path: path, role: role, resource: r, field: "Parameters", jsonata: jsonata}
	if jsonata {
		u.field = "Arguments"
	}
	switch v := member(o, u.field).(type) {
	case *asl.Object:
		u.parameters = v
	case string:
		u.dynamic = true
	case nil:
		u.dynamic = !jsonata // the state's input, whatever it is
	}
	w.uses = append(w.uses, u)
}

// names calls f for each parameter that the definition names, without the ".$" of those that are computed.
func (u use) names(f func(name string)) {
	if u.parameters == nil {
		return
	}
	for name := range u.parameters.All() {
		if !u.jsonata {
			name = strings.TrimSuffix(name, ".$")
		}
		f(name)
	}
}

// text is a parameter that is a text: "" if there is none. It is not ok if it depends on the execution's data.
func (u use) text(name string) (string, bool) {
	if u.dynamic {
		return "", false
	}
	if u.parameters == nil {
		return "", true
	}
	if _, computed := u.parameters.Get(name + ".$"); computed && !u.jsonata {
		return "", false
	}
	v, ok := u.parameters.Get(name)
	if !ok {
		return "", true
	}
	s, ok := v.(string)
	if u.jsonata && strings.HasPrefix(strings.TrimSpace(s), "{%") {
		return "", false
	}
	return s, ok
}

func member(o *asl.Object, name string) any {
	v, _ := o.Get(name)
	return v
}

func text(o *asl.Object, name string) string {
	s, _ := member(o, name).(string)
	return s
}
