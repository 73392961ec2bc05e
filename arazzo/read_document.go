package arazzo

import (
	"regexp"
	"strings"
)

// Parse reads a document in YAML 1.2 or JSON. location is where it came from;
// it is kept, not read. The Document is never nil: what could be read is in
// it. The findings are errors, with which it is not fit to be run.
func Parse(data []byte, location string) (*Document, []Finding) {
	r := &reader{nodes: &nodes{}, doc: &Document{Location: location}}
	if root := r.readText(data); root != nil {
		r.document(root)
	}
	r.doc.lenient = r.lenient
	return r.doc, sortFindings(r.findings)
}

var (
	documentFields  = fieldNames{[]string{"arazzo", "info", "sourceDescriptions", "workflows", "components"}, []string{"$self"}, true}
	infoFields      = fieldNames{[]string{"title", "summary", "description", "version"}, nil, true}
	sourceFields    = fieldNames{[]string{"name", "url", "type"}, nil, true}
	workflowFields  = fieldNames{[]string{"workflowId", "summary", "description", "inputs", "dependsOn", "steps", "successActions", "failureActions", "outputs", "parameters"}, nil, true}
	componentFields = fieldNames{[]string{"inputs", "parameters", "successActions", "failureActions"}, nil, true}
)

// document reads the root. Fields that are missing or of a wrong type leave
// their part of the model empty, so that as much as possible is checked.
func (r *reader) document(v *Value) {
	d := r.doc
	d.root = v
	if v.Kind == KindObject {
		r.version(v.Member("arazzo"))
	}
	f := r.open(v, "an Arazzo document", &d.Object, documentFields)
	if !f.ok {
		return
	}
	f.require("arazzo", "info", "sourceDescriptions", "workflows")
	d.Self = f.string("$self")
	if info := f.get("info"); info != nil {
		d.Info = r.info(info)
	}
	f.each("sourceDescriptions", func(v *Value) { d.SourceDescriptions = append(d.SourceDescriptions, r.source(v)) })
	f.each("workflows", func(v *Value) { d.Workflows = append(d.Workflows, r.workflow(v)) })
	if c := f.get("components"); c != nil {
		d.Components = r.components(c)
	}
}

var versionForm = regexp.MustCompile(`^(\d+)\.(\d+)\.(\d+)(-.+)?$`)

// version reads the field arazzo before all else, since it says which fields
// there are. The patch version makes no difference.
func (r *reader) version(v *Value) {
	if v == nil {
		return
	}
	d := r.doc
	d.Version = r.text(v, "the field arazzo")
	parts := versionForm.FindStringSubmatch(d.Version)
	if parts == nil && (d.Version == "1.0" || d.Version == "1.1") {
		r.tolerate("lenient-version", v.Pos, v.Path, "write "+d.Version+".0", "the version must be major.minor.patch, not %s", d.Version)
		parts = []string{"", "1", d.Version[2:]}
	}
	switch {
	case parts == nil:
		r.fail("version", v.Pos, v.Path, "write 1.0.1 or 1.1.0", "%q is no version of the Arazzo Specification", d.Version)
	case parts[1] != "1" || parts[2] != "0" && parts[2] != "1":
		r.fail("version-unsupported", v.Pos, v.Path, "1.0.x and 1.1.x are supported", "version %s of the Arazzo Specification is not supported", d.Version)
	case parts[2] == "1":
		d.Minor = 1
	}
	if parts == nil || parts[1] != "1" || strings.TrimLeft(parts[2], "01") != "" || len(parts[2]) > 1 {
		d.Minor = 1 // read an unknown version with all fields there are
	}
}

func (r *reader) info(v *Value) *Info {
	info := &Info{}
	f := r.open(v, "the Info Object", &info.Object, infoFields)
	f.require("title", "version")
	info.Title, info.Summary, info.Description, info.Version = f.string("title"), f.string("summary"), f.string("description"), f.string("version")
	return info
}

func (r *reader) source(v *Value) *SourceDescription {
	s := &SourceDescription{}
	f := r.open(v, "a source description", &s.Object, sourceFields)
	f.require("name", "url")
	s.Name, s.URL, s.Type = f.string("name"), f.string("url"), f.string("type")
	return s
}

// workflow reads a Workflow Object. Inputs stay a Value: they are JSON Schema,
// whose fields are not the specification's.
func (r *reader) workflow(v *Value) *Workflow {
	w := &Workflow{doc: r.doc}
	f := r.open(v, "a workflow", &w.Object, workflowFields)
	f.require("workflowId", "steps")
	w.WorkflowID, w.Summary, w.Description = f.string("workflowId"), f.string("summary"), f.string("description")
	if in := f.v.Member("inputs"); in != nil {
		w.Inputs = &Schema{in, &compiled{}}
	}
	w.DependsOn = f.strings("dependsOn")
	w.index = map[string]int{}
	f.each("steps", func(v *Value) {
		s := r.step(v)
		if _, given := w.index[s.StepID]; !given {
			w.index[s.StepID] = len(w.Steps)
		}
		w.Steps = append(w.Steps, s)
	})
	f.each("successActions", func(v *Value) { w.SuccessActions = append(w.SuccessActions, r.action(v, false)) })
	f.each("failureActions", func(v *Value) { w.FailureActions = append(w.FailureActions, r.action(v, true)) })
	w.Parameters = r.parameters(f)
	w.Outputs = mapOf(f, "outputs", r.dynamic)
	return w
}

func (r *reader) components(v *Value) *Components {
	c := &Components{}
	f := r.open(v, "the Components Object", &c.Object, componentFields)
	c.Inputs = mapOf(f, "inputs", func(v *Value) *Schema { return &Schema{v, &compiled{}} })
	c.Parameters = mapOf(f, "parameters", r.parameter)
	c.SuccessActions = mapOf(f, "successActions", func(v *Value) *Action { return r.action(v, false) })
	c.FailureActions = mapOf(f, "failureActions", func(v *Value) *Action { return r.action(v, true) })
	return c
}
