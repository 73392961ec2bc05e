package template

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// Parameter is one member of Parameters.
type Parameter struct {
	Name, Type, Description string
	Default                 *string
	NoEcho                  bool
	AllowedValues           []string
	AllowedPattern          string
	ConstraintDescription   string
	MinLength, MaxLength    *int
	MinValue, MaxValue      *float64
}

// IsList tells whether a Ref to the parameter is a list.
func (p *Parameter) IsList() bool {
	return p.Type == "CommaDelimitedList" || strings.HasPrefix(p.Type, "List<")
}

var awsParameterType = regexp.MustCompile(`^(List<)?AWS::(EC2|Route53)::[A-Za-z:]+>?$`)

func (t *Template) readParameters() error {
	section := t.Root.Get("Parameters")
	if section.Len() > MaxParameters {
		return tree.Errorf(section, "Parameters", "Template format error: Number of parameters, %d, is greater than maximum allowed, %d", section.Len(), MaxParameters)
	}
	for _, p := range pairs(section) {
		param, err := readParameter(p)
		if err != nil {
			return err
		}
		t.Parameters = append(t.Parameters, param)
	}
	return nil
}

func readParameter(p tree.Pair) (*Parameter, error) {
	path, n := "Parameters."+p.Key, p.Value
	if !alphanumeric(p.Key) {
		return nil, tree.Errorf(n, path, "Template format error: Parameter name %s is non alphanumeric.", p.Key)
	}
	if n.Get("Type").Str() == "" {
		return nil, tree.Errorf(n, path, "Template format error: Every Parameters object must contain a Type member.")
	}
	out := &Parameter{
		Name: p.Key, Type: n.Get("Type").Text, Description: n.Get("Description").Str(),
		ConstraintDescription: n.Get("ConstraintDescription").Str(), AllowedPattern: n.Get("AllowedPattern").Str(),
	}
	if err := checkParameterType(out.Type, n, path); err != nil {
		return nil, err
	}
	if d := n.Get("Default"); d != nil {
		s, ok := scalarText(d)
		if !ok {
			return nil, tree.Errorf(d, path+".Default", "Template format error: Every Default member must be a string.")
		}
		out.Default = &s
	}
	out.NoEcho, _ = strconv.ParseBool(strings.ToLower(textOf(n.Get("NoEcho"))))
	for _, v := range items(n.Get("AllowedValues")) {
		out.AllowedValues = append(out.AllowedValues, textOf(v))
	}
	if out.AllowedPattern != "" {
		if _, err := compilePattern(out.AllowedPattern); err != nil {
			return nil, tree.Errorf(n.Get("AllowedPattern"), path, "Template format error: Parameter '%s' has an invalid AllowedPattern: %v", p.Key, err)
		}
	}
	out.MinLength, out.MaxLength = intOf(n.Get("MinLength")), intOf(n.Get("MaxLength"))
	out.MinValue, out.MaxValue = floatOf(n.Get("MinValue")), floatOf(n.Get("MaxValue"))
	return out, nil
}

func checkParameterType(typ string, n *tree.Node, path string) error {
	switch {
	case slices.Contains([]string{"String", "Number", "List<Number>", "CommaDelimitedList", "List<String>", "AWS::SSM::Parameter::Name"}, typ):
		return nil
	case awsParameterType.MatchString(typ):
		return nil
	case strings.HasPrefix(typ, "AWS::SSM::Parameter::Value<"):
		return tree.Errorf(n, path, "Template validation error: parameters of type %s are not supported.", typ).
			WithHint("use type String and pass the value itself")
	}
	return tree.Errorf(n, path, "Template format error: Unrecognized parameter type: %s", typ)
}

// compilePattern compiles an AllowedPattern, which must match the whole value.
func compilePattern(p string) (*regexp.Regexp, error) { return regexp.Compile(`\A(?:` + p + `)\z`) }

// check tests a value that was given, or the default; it returns CloudFormation's text.
func (p *Parameter) check(value string) error {
	values := []string{value}
	if p.IsList() {
		values = splitList(value)
	}
	for _, v := range values {
		if why := p.checkOne(v); why != "" {
			if p.ConstraintDescription != "" {
				why = "failed to satisfy constraint: " + p.ConstraintDescription
			}
			return &Error{Message: "Parameter '" + p.Name + "' " + why, Path: "Parameters." + p.Name}
		}
	}
	return nil
}

func (p *Parameter) checkOne(v string) string {
	if len(p.AllowedValues) > 0 && !slices.Contains(p.AllowedValues, v) {
		return "must be one of AllowedValues"
	}
	if p.Type == "Number" || p.Type == "List<Number>" {
		f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		switch {
		case err != nil:
			return "must be a number"
		case p.MinValue != nil && f < *p.MinValue:
			return "must be a number not less than " + strconv.FormatFloat(*p.MinValue, 'f', -1, 64)
		case p.MaxValue != nil && f > *p.MaxValue:
			return "must be a number not greater than " + strconv.FormatFloat(*p.MaxValue, 'f', -1, 64)
		}
		return ""
	}
	n := len([]rune(v))
	switch {
	case p.MinLength != nil && n < *p.MinLength:
		return "must contain at least " + strconv.Itoa(*p.MinLength) + " characters"
	case p.MaxLength != nil && n > *p.MaxLength:
		return "must contain at most " + strconv.Itoa(*p.MaxLength) + " characters"
	}
	if p.AllowedPattern != "" {
		if re, err := compilePattern(p.AllowedPattern); err == nil && !re.MatchString(v) {
			return "must match pattern " + p.AllowedPattern
		}
	}
	return ""
}

// value is what Ref gives for the parameter.
func (p *Parameter) value(text string) any {
	if !p.IsList() {
		return text
	}
	list := []any{}
	for _, v := range splitList(text) {
		list = append(list, v)
	}
	return list
}

func splitList(s string) []string {
	if s == "" {
		return nil
	}
	parts := strings.Split(s, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// bindParameters checks what was given against what is declared and fills in the defaults.
func (t *Template) bindParameters(given map[string]string) (map[string]string, error) {
	declared, values := map[string]bool{}, map[string]string{}
	var missing []string
	for _, p := range t.Parameters {
		declared[p.Name] = true
		v, ok := given[p.Name]
		if !ok {
			if p.Default == nil {
				missing = append(missing, p.Name)
				continue
			}
			v = *p.Default
		}
		values[p.Name] = v
	}
	var extra []string
	for name := range given {
		if !declared[name] {
			extra = append(extra, name)
		}
	}
	slices.Sort(extra)
	if len(extra) > 0 {
		return nil, &Error{Message: "Parameters: [" + strings.Join(extra, ", ") + "] do not exist in the template"}
	}
	if len(missing) > 0 {
		return nil, &Error{Message: "Parameters: [" + strings.Join(missing, ", ") + "] must have values", Path: "Parameters"}
	}
	for _, p := range t.Parameters {
		if err := p.check(values[p.Name]); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func items(n *tree.Node) []*tree.Node {
	if n == nil {
		return nil
	}
	return n.Items
}

// scalarText is the text of a string, number or boolean.
func scalarText(n *tree.Node) (string, bool) {
	if n.Is(tree.String) || n.Is(tree.Number) || n.Is(tree.Bool) {
		return n.Text, true
	}
	return "", false
}

func textOf(n *tree.Node) string { s, _ := scalarText(n); return s }

func intOf(n *tree.Node) *int {
	if i, err := strconv.Atoi(textOf(n)); err == nil {
		return &i
	}
	return nil
}

func floatOf(n *tree.Node) *float64 {
	if f, err := json.Number(textOf(n)).Float64(); err == nil {
		return &f
	}
	return nil
}
