package template

import (
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/netip"
	"reflect"
	"strconv"
	"strings"

	"github.com/headgate/headgate/internal/template/tree"
)

// CloudFormation's texts for arguments of the wrong shape.
const (
	joinArguments = "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined " +
		"or a function that returns a list of strings (such as Fn::GetAZs) to be joined."
	splitArguments = "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split " +
		"or a function that returns a string to be split."
	selectArguments = "Template error: Fn::Select requires a list argument with two elements: an integer index and a list"
	ifArguments     = "Template error: Fn::If requires a list argument with three elements: a condition name and two values"
	mapArguments    = "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value"
	cidrArguments   = "Template error: Fn::Cidr requires a list argument with an IP block, a count and optionally the number of bits"
)

func (e *evaluator) join(arg *tree.Node, path string) (any, error) {
	if !arg.Is(tree.List) || len(arg.Items) != 2 || !arg.Items[0].Is(tree.String) {
		return nil, tree.Errorf(arg, path, joinArguments)
	}
	l, unknown, err := e.list(arg.Items[1], path+"[1]", joinArguments)
	if err != nil || unknown != nil {
		return orUnknown(unknown, err)
	}
	parts, size := make([]string, len(l)), 0
	for i, v := range l {
		if u, ok := v.(Unknown); ok {
			return u, nil
		}
		var ok bool
		if parts[i], ok = toText(v); !ok {
			return nil, tree.Errorf(arg, path, joinArguments)
		}
		if size += len(parts[i]) + len(arg.Items[0].Text); size > 2*maxValue { // the last delimiter is not written
			return nil, tooLong(arg, path)
		}
	}
	return strings.Join(parts, arg.Items[0].Text), nil
}

func (e *evaluator) split(arg *tree.Node, path string) (any, error) {
	if !arg.Is(tree.List) || len(arg.Items) != 2 || arg.Items[0].Str() == "" {
		return nil, tree.Errorf(arg, path, splitArguments)
	}
	s, unknown, err := e.text(arg.Items[1], path+"[1]")
	if err != nil || unknown != nil {
		return orUnknown(unknown, err)
	}
	out := []any{}
	for _, p := range strings.Split(s, arg.Items[0].Text) {
		out = append(out, p)
	}
	return out, nil
}

func (e *evaluator) selectItem(arg *tree.Node, path string) (any, error) {
	if !arg.Is(tree.List) || len(arg.Items) != 2 {
		return nil, tree.Errorf(arg, path, selectArguments)
	}
	index, unknown, err := e.text(arg.Items[0], path+"[0]")
	if err != nil || unknown != nil {
		return orUnknown(unknown, err)
	}
	i, err := strconv.Atoi(strings.TrimSpace(index))
	if err != nil {
		return nil, tree.Errorf(arg, path, selectArguments)
	}
	l, unknown, err := e.list(arg.Items[1], path+"[1]", selectArguments)
	if err != nil || unknown != nil {
		return orUnknown(unknown, err)
	}
	if i < 0 || i >= len(l) {
		return nil, tree.Errorf(arg, path, "Template error: Fn::Select cannot select nonexistent value at index %d", i)
	}
	return l[i], nil
}

func (e *evaluator) ifThen(arg *tree.Node, path string) (any, error) {
	if !arg.Is(tree.List) || len(arg.Items) != 3 || !arg.Items[0].Is(tree.String) {
		return nil, tree.Errorf(arg, path, ifArguments)
	}
	yes, err := e.condition(arg.Items[0].Text, arg.Items[0])
	if err != nil {
		return nil, err
	}
	i := 2
	if yes {
		i = 1
	}
	return e.eval(arg.Items[i], path+"["+strconv.Itoa(i)+"]")
}

func (e *evaluator) logic(name string, arg *tree.Node, path string) (any, error) {
	if name == "Condition" {
		return e.condition(arg.Text, arg)
	}
	fail := func(want string) (any, error) {
		return nil, tree.Errorf(arg, path, "Template error: every %s object requires %s", name, want)
	}
	if !arg.Is(tree.List) {
		return fail("a list")
	}
	switch name {
	case "Fn::Equals":
		if len(arg.Items) != 2 {
			return fail("a list of 2 string parameters.")
		}
		return e.equals(arg, path)
	case "Fn::Not":
		if len(arg.Items) != 1 {
			return fail("a list of one boolean parameter.")
		}
		v, err := e.boolean(arg.Items[0], path+"[0]")
		return !v, err
	}
	if len(arg.Items) < 2 || len(arg.Items) > 10 {
		return fail("a list of at least 2 and at most 10 boolean parameters.")
	}
	result := name == "Fn::And"
	for i, n := range arg.Items { // every one, so that errors in the later ones show
		v, err := e.boolean(n, path+"["+strconv.Itoa(i)+"]")
		if err != nil {
			return nil, err
		}
		if v != (name == "Fn::And") {
			result = v
		}
	}
	return result, nil
}

func (e *evaluator) equals(arg *tree.Node, path string) (any, error) {
	a, err := e.eval(arg.Items[0], path+"[0]")
	if err != nil {
		return nil, err
	}
	b, err := e.eval(arg.Items[1], path+"[1]")
	if err != nil {
		return nil, err
	}
	if s, ok := toText(a); ok {
		if t, ok := toText(b); ok {
			return s == t, nil // "1" and 1 are the same here: parameters are strings
		}
	}
	return reflect.DeepEqual(a, b), nil
}

// boolean evaluates a condition. Only what is boolean by nature, or the word for it, counts.
func (e *evaluator) boolean(n *tree.Node, path string) (bool, error) {
	v, err := e.eval(n, path)
	if err != nil {
		return false, err
	}
	switch x := v.(type) {
	case bool:
		return x, nil
	case string:
		if x == "true" || x == "false" {
			return x == "true", nil
		}
	}
	return false, tree.Errorf(n, path, "Template format error: Conditions can only be boolean operations on parameters and other conditions")
}

func (e *evaluator) findInMap(arg *tree.Node, path string) (any, error) {
	if !arg.Is(tree.List) || len(arg.Items) < 3 || len(arg.Items) > 4 {
		return nil, tree.Errorf(arg, path, mapArguments)
	}
	var keys [3]string
	for i := range keys {
		s, unknown, err := e.text(arg.Items[i], path+"["+strconv.Itoa(i)+"]")
		if err != nil || unknown != nil {
			return orUnknown(unknown, err)
		}
		keys[i] = s
	}
	found := e.b.Template.Mappings.Path(keys[0], keys[1], keys[2])
	if found != nil {
		return found.Value(), nil
	}
	if len(arg.Items) == 4 && arg.Items[3].Has("DefaultValue") {
		return e.eval(arg.Items[3].Get("DefaultValue"), path+"[3].DefaultValue")
	}
	if !e.b.Template.Mappings.Has(keys[0]) {
		return nil, tree.Errorf(arg, path, "Template error: Mapping named '%s' is not present in the 'Mappings' section of template.", keys[0])
	}
	return nil, tree.Errorf(arg, path, "Template error: Unable to get mapping for %s::%s::%s", keys[0], keys[1], keys[2])
}

func (e *evaluator) importValue(arg *tree.Node, path string) (any, error) {
	name, unknown, err := e.text(arg, path)
	if err != nil || unknown != nil {
		return orUnknown(unknown, err)
	}
	if e.b.env.Import == nil {
		return nil, tree.Errorf(arg, path, "No export named %s found.", name)
	}
	v, err := e.b.env.Import(name)
	if err != nil {
		return nil, tree.Errorf(arg, path, "%s", err.Error())
	}
	return v, nil
}

func (e *evaluator) base64(arg *tree.Node, path string) (any, error) {
	s, unknown, err := e.text(arg, path)
	if err != nil || unknown != nil {
		return orUnknown(unknown, err)
	}
	return base64.StdEncoding.EncodeToString([]byte(s)), nil
}

func (e *evaluator) zones(arg *tree.Node, path string) (any, error) {
	region, unknown, err := e.text(arg, path)
	if err != nil || unknown != nil {
		return orUnknown(unknown, err)
	}
	if region == "" {
		region = e.b.env.Region
	}
	out := []any{}
	if region == e.b.env.Region {
		for _, z := range e.b.env.AvailabilityZones {
			out = append(out, z)
		}
	}
	if len(out) == 0 {
		out = append(out, region+"a", region+"b", region+"c")
	}
	return out, nil
}

func (e *evaluator) toJSONString(arg *tree.Node, path string) (any, error) {
	if !e.b.Template.HasTransform("AWS::LanguageExtensions") {
		return nil, needsExtensions(arg, path, "Fn::ToJsonString")
	}
	v, err := e.eval(arg, path)
	if err != nil {
		return nil, err
	}
	if u, ok := firstUnknown(v); ok {
		return u, nil
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, tree.Errorf(arg, path, "Template error: Fn::ToJsonString: %v", err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

func (e *evaluator) length(arg *tree.Node, path string) (any, error) {
	if !e.b.Template.HasTransform("AWS::LanguageExtensions") {
		return nil, needsExtensions(arg, path, "Fn::Length")
	}
	l, unknown, err := e.list(arg, path, "Template error: Fn::Length requires a list")
	if err != nil || unknown != nil {
		return orUnknown(unknown, err)
	}
	return json.Number(strconv.Itoa(len(l))), nil
}

func needsExtensions(at *tree.Node, path, name string) error {
	return tree.Errorf(at, path, "Template error: Encountered unsupported function: %s", name).
		WithHint("add AWS::LanguageExtensions to the template's Transform")
}

// firstUnknown finds an Unknown anywhere in v.
func firstUnknown(v any) (Unknown, bool) {
	switch x := v.(type) {
	case Unknown:
		return x, true
	case []any:
		for _, i := range x {
			if u, ok := firstUnknown(i); ok {
				return u, true
			}
		}
	case map[string]any:
		for _, i := range x {
			if u, ok := firstUnknown(i); ok {
				return u, true
			}
		}
	}
	return Unknown{}, false
}

// cidr cuts an address block into count blocks with bits host bits each.
func (e *evaluator) cidr(arg *tree.Node, path string) (any, error) {
	if !arg.Is(tree.List) || len(arg.Items) < 2 || len(arg.Items) > 3 {
		return nil, tree.Errorf(arg, path, cidrArguments)
	}
	var texts [3]string
	for i, n := range arg.Items {
		s, unknown, err := e.text(n, path+"["+strconv.Itoa(i)+"]")
		if err != nil || unknown != nil {
			return orUnknown(unknown, err)
		}
		texts[i] = s
	}
	block, err := netip.ParsePrefix(texts[0])
	count, err2 := strconv.Atoi(texts[1])
	if err != nil || err2 != nil || count < 1 || count > 256 {
		return nil, tree.Errorf(arg, path, cidrArguments)
	}
	width := block.Addr().BitLen()
	bits := 8
	if width == 128 {
		bits = 64
	}
	if texts[2] != "" {
		if bits, err = strconv.Atoi(texts[2]); err != nil || bits < 0 || bits > width {
			return nil, tree.Errorf(arg, path, cidrArguments)
		}
	}
	out := []any{}
	start := new(big.Int).SetBytes(block.Masked().Addr().AsSlice())
	step := new(big.Int).Lsh(big.NewInt(1), uint(bits))
	for i := range count {
		raw := new(big.Int).Add(start, new(big.Int).Mul(step, big.NewInt(int64(i)))).FillBytes(make([]byte, width/8+1))
		a, _ := netip.AddrFromSlice(raw[1:])
		if raw[0] != 0 || !block.Contains(a) {
			return nil, tree.Errorf(arg, path, "Template error: Fn::Cidr: %s does not hold %d blocks of %d bits", texts[0], count, bits)
		}
		out = append(out, netip.PrefixFrom(a, width-bits).String())
	}
	return out, nil
}
