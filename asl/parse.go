package asl

import (
	"fmt"
	"strings"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// maxScopes bounds how deep Parallel and Map states may nest.
const maxScopes = 64

// Option changes what Parse accepts.
type Option func(*parser)

// Express checks the definition for an Express workflow, which lacks .sync and .waitForTaskToken, activities and
// distributed maps.
func Express() Option { return func(p *parser) { p.express = true } }

// parser reads one definition. It goes on after what is wrong, to tell all of it at once.
type parser struct {
	found   []Diagnostic
	express bool
	depth   int
	root    string            // the state machine's query language, which scopes within states inherit
	names   map[string]string // state → where it was first seen, over all scopes but Map processors' own
}

// note adds an error of the kind that nearly all are of: something is not as the language has it.
func (p *parser) note(at, format string, args ...any) { p.noteCode(CodeSchema, at, format, args...) }

// noteCode adds an error. Without arguments the format is the text itself, percent signs and all.
func (p *parser) noteCode(code, at, format string, args ...any) {
	if len(args) > 0 {
		format = fmt.Sprintf(format, args...)
	}
	p.found = append(p.found, Diagnostic{Severity: SeverityError, Code: code, Message: format, Location: at})
}

// Parse reads and checks a definition. A failure is a *DefinitionError.
func Parse(definition []byte, options ...Option) (*StateMachine, error) {
	m, found := Validate(definition, options...)
	var errors []Diagnostic
	for _, d := range found {
		if d.Severity == SeverityError {
			errors = append(errors, d)
		}
	}
	if len(errors) > 0 {
		return nil, &DefinitionError{errors}
	}
	return m, nil
}

// Validate reads a definition and returns everything found in it, warnings included. The state machine must
// not run if there are errors.
func Validate(definition []byte, options ...Option) (*StateMachine, []Diagnostic) {
	p := &parser{names: map[string]string{}}
	for _, o := range options {
		o(p)
	}
	v, err := jsonvalue.Decode(definition)
	if err != nil {
		p.found = append(p.found, jsonDiagnostic(string(definition), err))
		return nil, p.found
	}
	f := p.fields(v, "/", false)
	m := &StateMachine{Comment: f.text("Comment"), Version: f.text("Version"), QueryLanguage: p.language(f, JSONPath)}
	if f.has("Version") && m.Version != "1.0" {
		f.note("Version", "Value is not one of: [1.0]")
	}
	p.root = m.QueryLanguage
	m.TimeoutSeconds = f.integer("TimeoutSeconds", 0, 1, maxSeconds)
	p.scope(f, &m.Scope, m.QueryLanguage)
	f.unknown()
	return m, p.found
}

// language reads QueryLanguage: the state's own word, else that of what it is in.
func (p *parser) language(f *fields, inherited string) string {
	if l := f.oneOf("QueryLanguage", JSONPath, JSONata); l != "" {
		return l
	}
	return inherited
}

// scope reads StartAt and States.
func (p *parser) scope(f *fields, sc *Scope, language string) {
	if p.depth++; p.depth > maxScopes {
		f.note("", "States are nested too deeply")
		return
	}
	defer func() { p.depth-- }()
	f.require("StartAt", "States")
	sc.StartAt = f.stateName("StartAt")
	sc.States = map[string]*State{}
	v, ok := f.get("States")
	if !ok {
		return
	}
	states := p.fields(v, f.path("States"), false)
	if states.o.Len() == 0 {
		f.note("States", "A state machine must have at least one state")
	}
	for name, def := range states.o.All() {
		at := states.path(name)
		if len([]rune(name)) > 80 || name == "" {
			p.note(at, "State name must be from 1 to 80 characters long")
		}
		// Names are unique over nested scopes too: histories and redrives know states by their names alone.
		if first, ok := p.names[name]; ok {
			p.noteCode(CodeName, at, "Duplicate state name: %s, which is also at %s", name, first)
		}
		p.names[name] = at
		sc.names = append(sc.names, name)
		sc.States[name] = p.state(name, p.fields(def, at, false), language)
	}
	p.checkScope(f, sc)
}

// state reads what all types of state have, then what its own type has.
func (p *parser) state(name string, f *fields, language string) *State {
	s := &State{Name: name, Comment: f.text("Comment")}
	s.QueryLanguage = p.language(f, language)
	if language == JSONata && s.QueryLanguage == JSONPath {
		f.note("", "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine")
	}
	// From here on the members mean what the state's own language makes of them.
	f.jsonata = s.jsonata()
	f.require("Type")
	s.Type = f.text("Type")
	switch s.Type {
	case TypeTask:
		p.task(s, f)
	case TypePass:
		p.pass(s, f)
	case TypeChoice:
		p.choice(s, f)
	case TypeWait:
		p.wait(s, f)
	case TypeSucceed:
		p.succeed(s, f)
	case TypeFail:
		p.failState(s, f)
	case TypeParallel:
		p.parallel(s, f)
	case TypeMap:
		p.mapState(s, f)
	default:
		if f.has("Type") {
			f.note("Type", "Value is not one of: [Task, Pass, Choice, Wait, Succeed, Fail, Parallel, Map]")
		}
		return s
	}
	f.unknown()
	return s
}

// transition reads Next and End, of which exactly one must stand.
func (p *parser) transition(s *State, f *fields) {
	s.Next, s.End = f.stateName("Next"), f.boolean("End")
	switch {
	case f.has("Next") && s.End:
		f.note("", "Only one of these fields can be used at once: [Next, End]")
	case !f.has("Next") && !s.End:
		f.note("", "One of these fields is required: [Next, End]")
	}
}

// jsonDiagnostic words a JSON error as Jackson does, as far as cases show it.
func jsonDiagnostic(text string, err error) Diagnostic {
	message, line, column := jsonError(text, err)
	source := fmt.Sprintf("[Source: (String)\"%s\"; line: %d, column: %d]", text, line, column)
	return Diagnostic{Severity: SeverityError, Code: CodeJSON, Message: message + "\n at " + source, Location: source}
}

// JSONError words why a text is not JSON, as Step Functions does for execution inputs.
func JSONError(text string) string {
	if strings.TrimSpace(text) == "" {
		return "Invalid execution input."
	}
	if _, err := jsonvalue.Decode([]byte(text)); err != nil {
		message, _, _ := jsonError(text, err)
		return message
	}
	return ""
}

// jsonError finds what Jackson, which Step Functions reads JSON with, would have tripped over first, and where, counted
// from 1: a word that is none of JSON's, or a member's name that is not in quotes. Anything else keeps our own decoder's
// words and the end of the text.
func jsonError(text string, err error) (message string, line, column int) {
	trimmed := strings.TrimLeft(text, " \t\r\n")
	skipped := len(text) - len(trimmed)
	end := strings.IndexFunc(trimmed, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r >= '0' && r <= '9')
	})
	if end < 0 {
		end = len(trimmed)
	}
	// place counts bytes, as Jackson does characters: they differ in texts beyond ASCII only.
	place := func(offset int) (int, int) {
		before := text[:offset]
		return 1 + strings.Count(before, "\n"), offset - strings.LastIndexByte(before, '\n')
	}
	if word := trimmed[:end]; word != "" && word != "true" && word != "false" && word != "null" && (word[0] < '0' || word[0] > '9') {
		line, column = place(skipped + end)
		return fmt.Sprintf("Unrecognized token '%s': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')", word), line, column
	}
	if rest := strings.TrimLeft(strings.TrimPrefix(trimmed, "{"), " \t\r\n"); strings.HasPrefix(trimmed, "{") && rest != "" && rest[0] != '"' && rest[0] != '}' {
		line, column = place(len(text) - len(rest) + 1)
		return fmt.Sprintf("Unexpected character ('%c' (code %d)): was expecting double-quote to start field name", rest[0], rest[0]), line, column
	}
	line, column = place(len(text))
	return err.Error(), line, column
}
