package jsonata

import (
	"math"
	"strconv"
	"strings"
)

// The string functions that take a pattern: a string, a regular expression or a matcher function of the user's.

// firstMatch applies a pattern function to a string; nil is no match.
func (e *evaluation) firstMatch(pattern any, s string) (*match, error) {
	if r, ok := pattern.(*regex); ok {
		return r.find(s, 0), nil
	}
	return e.callMatcher(pattern, []any{s}, s)
}

// callMatcher calls a function that must return a match object or nothing, and reads that object.
func (e *evaluation) callMatcher(fn any, args []any, s string) (*match, error) {
	v, err := e.apply(fn, args, nil)
	if err != nil {
		return nil, err
	}
	if v = collapse(v); isUndefined(v) || v == nil || v == false {
		return nil, nil
	}
	start, hasStart := getField(v, "start").(float64)
	end, hasEnd := getField(v, "end").(float64)
	groups, hasGroups := asItems(getField(v, "groups"))
	next := getField(v, "next")
	if !hasStart && !hasEnd && !hasGroups && !isFunction(next) {
		return nil, newError("T1010", 0, "", nil)
	}
	text, _ := getField(v, "match").(string)
	m := &match{text: text, groups: groups, start: clampOffset(start), end: clampOffset(end)}
	m.start, m.end = unitOffset(s, m.start), unitOffset(s, m.end)
	m.next = func() (*match, error) {
		if !isFunction(next) {
			return nil, nil
		}
		return e.callMatcher(next, nil, s)
	}
	return m, nil
}

func clampOffset(f float64) int { return int(max(0, min(f, maxString))) }

// matchesOf calls yield for each match, at most limit times, until it returns false.
func (e *evaluation) matchesOf(pattern any, s string, limit float64, yield func(*match) (bool, error)) error {
	if limit <= 0 {
		return nil
	}
	m, err := e.firstMatch(pattern, s)
	for count := 1.0; m != nil && err == nil; count++ {
		var more bool
		if more, err = yield(m); err != nil || !more || count >= limit {
			return err
		}
		if err = e.tick(); err != nil {
			return err
		}
		m, err = m.next()
	}
	return err
}

// tick is for loops that call no nodes.
func (e *evaluation) tick() error {
	if e.ticks--; e.ticks <= 0 {
		return e.check()
	}
	return nil
}

// limitOf reads an optional limit, which may not be negative; infinity stands for none.
func limitOf(v any, code string) (float64, error) {
	f, ok := v.(float64)
	if !ok {
		return math.Inf(1), nil
	}
	if f < 0 {
		return 0, newError(code, 0, "", f)
	}
	return f, nil
}

// fnMatch is $match(str, pattern, limit). The index counts in UTF-16 units.
func fnMatch(e *evaluation, args []any) (any, error) {
	s, ok := args[0].(string)
	if !ok {
		return Undefined{}, nil
	}
	limit, err := limitOf(args[2], "D3040")
	if err != nil {
		return nil, err
	}
	out := &list{seq: true}
	bytes, units := 0, 0 // the last match's place in both measures, to count on from
	err = e.matchesOf(args[1], s, limit, func(m *match) (bool, error) {
		if m.start >= bytes {
			units += unitCount(s[bytes:m.start])
		} else {
			units = unitCount(s[:m.start])
		}
		bytes = m.start
		o := NewObject(3)
		o.Set("match", m.text)
		o.Set("index", float64(units))
		o.Set("groups", append([]any{}, m.groups...))
		out.items = append(out.items, o)
		return true, nil
	})
	return out, err
}

// fnContains is $contains(str, pattern).
func fnContains(e *evaluation, args []any) (any, error) {
	s, ok := args[0].(string)
	if !ok || isUndefined(args[1]) {
		return Undefined{}, nil
	}
	if token, ok := args[1].(string); ok {
		return strings.Contains(s, token), nil
	}
	m, err := e.firstMatch(args[1], s)
	return m != nil, err
}

// fnSplit is $split(str, separator, limit). The result is an array even with one item.
func fnSplit(e *evaluation, args []any) (any, error) {
	s, ok := args[0].(string)
	if !ok {
		return Undefined{}, nil
	}
	limit, err := limitOf(args[2], "D3020")
	if err != nil {
		return nil, err
	}
	if sep, ok := args[1].(string); ok {
		return splitString(s, sep, limit), nil
	}
	if isUndefined(args[1]) {
		return []any{s}, nil
	}
	out := []any{}
	start := 0
	err = e.matchesOf(args[1], s, limit, func(m *match) (bool, error) {
		out = append(out, s[min(start, m.start):m.start])
		start = m.end
		return true, nil
	})
	if float64(len(out)) < limit {
		out = append(out, s[start:])
	}
	return out, err
}

// splitString splits by a fixed text; the empty one splits into UTF-16 units, as in JavaScript.
func splitString(s, sep string, limit float64) []any {
	var out []any
	if sep == "" {
		out = splitUnits(s)
	} else {
		parts := strings.Split(s, sep)
		out = make([]any, len(parts))
		for i, part := range parts {
			out[i] = part
		}
	}
	if limit = math.Trunc(limit); float64(len(out)) > limit {
		out = out[:int(limit)]
	}
	if out == nil {
		out = []any{}
	}
	return out
}

// fnReplace is $replace(str, pattern, replacement, limit). Only with a regular expression does $ have a meaning in
// the replacement.
func fnReplace(e *evaluation, args []any) (any, error) {
	s, ok := args[0].(string)
	if !ok || isUndefined(args[1]) {
		return args[0], nil
	}
	if args[1] == "" {
		return nil, newError("D3010", 0, "", args[1])
	}
	limit, err := limitOf(args[3], "D3011")
	if err != nil {
		return nil, err
	}
	with, isText := args[2].(string)
	if old, ok := args[1].(string); ok {
		if !isText {
			return nil, newError("D3012", 0, "", args[2])
		}
		return replaceString(s, old, with, limit)
	}
	var buf []byte
	start := 0
	err = e.matchesOf(args[1], s, limit, func(m *match) (bool, error) {
		var text string
		if isText {
			text = substitute(with, m)
		} else {
			var err error
			if text, err = e.replacement(args[2], m, s); err != nil {
				return false, err
			}
		}
		buf = appendText(append(buf, s[min(start, m.start):m.start]...), text)
		start = m.end
		if len(buf) > maxString {
			return false, errTooLong()
		}
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return string(appendText(buf, s[start:])), nil
}

func replaceString(s, old, with string, limit float64) (any, error) {
	n := strings.Count(s, old)
	if limit < float64(n) {
		n = int(math.Ceil(limit))
	}
	if len(s)+n*len(with) > maxString {
		return nil, errTooLong()
	}
	return strings.Replace(s, old, with, n), nil
}

// replacement asks a function what to put in a match's place.
func (e *evaluation) replacement(fn any, m *match, s string) (string, error) {
	o := NewObject(4)
	o.Set("match", m.text)
	o.Set("start", float64(unitCount(s[:m.start])))
	o.Set("end", float64(unitCount(s[:m.end])))
	o.Set("groups", m.groups)
	v, err := e.apply(fn, []any{o}, nil)
	if err != nil {
		return "", err
	}
	text, ok := collapse(v).(string)
	if !ok {
		return "", newError("D3012", 0, "", v)
	}
	return text, nil
}

// substitute fills in $0 (the match), $1… (its groups) and $$. With more digits than there can be groups, as many
// count as name one: $12 is group 1 and a 2 if there are fewer than twelve.
func substitute(with string, m *match) string {
	var buf []byte
	for {
		i := strings.IndexByte(with, '$')
		if i < 0 {
			return string(append(buf, with...))
		}
		buf = append(buf, with[:i]...)
		with = with[i+1:]
		switch {
		case strings.HasPrefix(with, "$"):
			buf = append(buf, '$')
			with = with[1:]
		case strings.HasPrefix(with, "0"):
			buf = append(buf, m.text...)
			with = with[1:]
		default:
			group, used := groupNumber(with, len(m.groups))
			if used == 0 {
				buf = append(buf, '$')
			} else if group >= 1 && group <= len(m.groups) {
				text, _ := m.groups[group-1].(string)
				buf = append(buf, text...)
			}
			with = with[used:]
		}
	}
}

// groupNumber reads a group's number and how many digits it has.
func groupNumber(s string, groups int) (group, used int) {
	most := len(strconv.Itoa(max(groups, 1)))
	digits := 0
	for digits < min(most, len(s)) && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	if digits == 0 {
		return 0, 0
	}
	group, _ = strconv.Atoi(s[:digits])
	if most > 1 && group > groups && digits == most {
		digits--
		group, _ = strconv.Atoi(s[:digits])
	}
	return group, digits
}
