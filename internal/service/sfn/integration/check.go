package integration

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/headgate/headgate/asl"
)

// Check tells whether a resource can be called: nil, or an error whose text CreateStateMachine can answer. st is the state that
// holds it: a Task, or a distributed Map whose reader or writer it is.
func (s *Set) Check(r asl.Resource, st *asl.State) error {
	if r.Kind != asl.Service {
		return nil // functions and activities are looked for when they are called, as on AWS
	}
	if st != nil && st.Map != nil {
		return checkReaderWriter(r)
	}
	if actions, ok := optimised[r.Service]; ok && s.has(r.Service) {
		return patterns(r, actions)
	}
	name, ok := strings.CutPrefix(r.Service, sdkPrefix)
	if !ok {
		return s.unknown(r)
	}
	if _, err := s.operation(name, r); err != nil {
		return err
	}
	return patterns(r, map[string][]asl.Pattern{r.Action: {asl.RequestResponse, asl.WaitForTaskToken}})
}

// optimised are the integrations that are not calls of the SDK as they stand, and the patterns in which they come.
var optimised = map[string]map[string][]asl.Pattern{
	"lambda": {"invoke": {asl.RequestResponse, asl.WaitForTaskToken}},
	"states": {"startExecution": {asl.RequestResponse, asl.Sync, asl.Sync2, asl.WaitForTaskToken}},
	"http":   {"invoke": {asl.RequestResponse}},
	"sqs":    {"sendMessage": {asl.RequestResponse, asl.WaitForTaskToken}},
}

// has tells whether the platform has what an optimised integration calls.
func (s *Set) has(name string) bool {
	return name == "states" || name == "http" || s.service(name) != nil
}

// patterns refuses an action that an integration lacks, and a pattern that it does not come in.
func patterns(r asl.Resource, actions map[string][]asl.Pattern) error {
	if slices.Contains(actions[r.Action], r.Pattern) {
		return nil
	}
	var list []string
	for _, action := range slices.Sorted(maps.Keys(actions)) {
		for _, p := range actions[action] {
			name := r.Service + ":" + action
			if p != asl.RequestResponse {
				name += "." + string(p)
			}
			list = append(list, name)
		}
	}
	return fmt.Errorf("%s Supported: %s.", notRecognized(r), strings.Join(list, ", "))
}

// Readers and writers of distributed Map states.
var (
	readers = []string{"getObject", "listObjectsV2"}
	writers = []string{"putObject"}
)

func checkReaderWriter(r asl.Resource) error {
	if r.Service == "s3" && r.Pattern == asl.RequestResponse && (slices.Contains(readers, r.Action) || slices.Contains(writers, r.Action)) {
		return nil
	}
	return fmt.Errorf("%s Supported by ItemReader: s3:getObject, s3:listObjectsV2; by ResultWriter: s3:putObject.", notRecognized(r))
}

// unknown refuses a service that the platform lacks.
func (s *Set) unknown(r asl.Resource) error {
	s.mu.RLock()
	names := slices.Sorted(maps.Keys(s.services))
	s.mu.RUnlock()
	wanted := strings.TrimPrefix(r.Service, sdkPrefix)
	if s.service(wanted) != nil { // an optimised integration of a service that has none
		return fmt.Errorf("%s There is no optimised integration %s:%s: use aws-sdk:%s:%s.", notRecognized(r), r.Service, r.Action, wanted, r.Action)
	}
	var own []string
	for name, actions := range optimised {
		for action := range actions {
			if s.has(name) {
				own = append(own, name+":"+action)
			}
		}
	}
	slices.Sort(own)
	return fmt.Errorf("%s This platform has no service %s. Supported: %s, and operations (%sSERVICE:operation) of %s.",
		notRecognized(r), wanted, strings.Join(own, ", "), sdkPrefix, strings.Join(names, ", "))
}

// unknownAction refuses an operation that the service lacks. AWS's text comes first; what follows says what is there.
func (s *service) unknownAction(r asl.Resource) error {
	for action := range s.operations {
		if strings.EqualFold(action, r.Action) {
			return fmt.Errorf("%s API action names begin with a lower-case letter: %s%s:%s.", notRecognized(r), sdkPrefix, s.name, action)
		}
	}
	near := nearest(r.Action, slices.Collect(maps.Keys(s.operations)), 3)
	return fmt.Errorf("%s This platform's %s has no %s. Similar: %s.", notRecognized(r), s.api.sdk, r.Action, strings.Join(near, ", "))
}

// CheckDefinition checks every resource of a definition that parses, and the parameters that it gives them: each name must be
// one that the operation has. The diagnostics are those that CreateStateMachine refuses a definition for.
func (s *Set) CheckDefinition(definition []byte) []asl.Diagnostic {
	var out []asl.Diagnostic
	note := func(location, text string) {
		out = append(out, asl.Diagnostic{Severity: asl.SeverityError, Code: asl.CodeSchema, Message: text, Location: location})
	}
	for _, u := range usesOf(definition) {
		st := &asl.State{}
		if u.role != roleTask {
			st.Map = &asl.Map{}
		}
		if err := s.Check(u.resource, st); err != nil {
			note(u.path+"/Resource", err.Error())
			continue
		}
		for _, text := range s.checkNames(u) {
			note(u.path+"/"+u.field, text)
		}
		if u.role == roleTask && u.resource.Service == "http" {
			if err := s.checkEndpoint(u); err != nil {
				note(u.path+"/"+u.field, err.Error())
			}
		}
	}
	return out
}

// checkNames finds parameters that the operation does not have.
func (s *Set) checkNames(u use) []string {
	known := s.knownNames(u.resource)
	if known == nil {
		return nil
	}
	var out []string
	u.names(func(name string) {
		if !known[name] {
			out = append(out, fmt.Sprintf("The field %q is not supported by Step Functions", name))
		}
	})
	return out
}

// knownNames are the parameters that a resource takes; nil: any.
func (s *Set) knownNames(r asl.Resource) map[string]bool {
	set := func(names ...string) map[string]bool {
		m := map[string]bool{}
		for _, n := range names {
			m[n] = true
		}
		return m
	}
	switch {
	case r.Kind != asl.Service:
		return nil
	case r.Service == "http":
		return set(httpFields...)
	case r.Service == "states":
		return set("StateMachineArn", "Input", "Name", "TraceHeader", "AssociateWithParent")
	case r.Service == "s3":
		r.Service = sdkPrefix + r.Service
		if r.Action == "putObject" {
			return set("Bucket", "Prefix", "Prefix.$")
		}
	case r.Service == "lambda" || r.Service == "sqs":
		r.Service = sdkPrefix + r.Service
	}
	o, err := s.operation(strings.TrimPrefix(r.Service, sdkPrefix), r)
	if err != nil {
		return nil
	}
	return set(s.codec.plan(o.in).names...)
}

// notRecognized is AWS's text for a resource that it does not know.
func notRecognized(r asl.Resource) string {
	return fmt.Sprintf("The resource provided %s is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.", r.ARN)
}
