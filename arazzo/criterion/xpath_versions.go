package criterion

import (
	"fmt"
	"strings"
)

// word is a token of an XPath: enough to tell operators from names.
type word struct {
	text  string
	start int
	kind  byte // 'n' name, '"' string, '#' number, else a symbol
}

// xpathWords splits an XPath into words; it never fails, the library does.
func xpathWords(s string) []word {
	var out []word
	for i := 0; i < len(s); {
		c := s[i]
		start := i
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case c == '\'' || c == '"':
			end := strings.IndexByte(s[i+1:], c)
			if end < 0 {
				end = len(s) - i - 2
			}
			i += end + 2
			out = append(out, word{s[start:min(i, len(s))], start, '"'})
			continue
		case c >= '0' && c <= '9':
			for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.') {
				i++
			}
			out = append(out, word{s[start:i], start, '#'})
			continue
		case isNameByte(c):
			for i < len(s) && (isNameByte(s[i]) || s[i] >= '0' && s[i] <= '9' || s[i] == '-' || s[i] == '.') {
				i++
			}
			out = append(out, word{s[start:i], start, 'n'})
			continue
		}
		length := 1
		for _, symbol := range []string{"||", "=>", "<<", ">>", "!=", "<=", ">=", "::", "//", ":="} {
			if strings.HasPrefix(s[i:], symbol) {
				length = 2
			}
		}
		i += length
		out = append(out, word{s[start:i], start, c})
	}
	return out
}

// isNameByte tells what goes on with a name. Bytes beyond ASCII do: XML has letters of all scripts.
func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

// afterOperand tells whether a word ends an operand, so that a name after it
// is an operator.
func afterOperand(words []word, i int) bool {
	if i == 0 {
		return false
	}
	switch before := words[i-1]; before.kind {
	case '"', '#':
		return true
	case 'n':
		return i < 2 || !operatorWord(before.text) || !afterOperand(words, i-1)
	default:
		return before.text == ")" || before.text == "]" || before.text == "." || before.text == "*" && !afterOperand(words, i-1) || before.text == ".."
	}
}

// operatorWord lists the words that are operators where an operand has just ended, and names elsewhere: //and, but 1 and 2.
func operatorWord(s string) bool {
	switch s {
	case "and", "or", "div", "mod", "eq", "ne", "lt", "le", "gt", "ge":
		return true
	}
	return false
}

// plainXPath writes value comparisons as XPath 1.0 does and refuses by name
// what only later versions have.
func plainXPath(text, version string) (string, error) {
	words := xpathWords(text)
	var b strings.Builder
	at := 0
	for i, w := range words {
		operator := w.kind == 'n' && afterOperand(words, i)
		what := ""
		switch {
		case operator:
			if symbol := comparisonSymbol(w.text); symbol != "" {
				b.WriteString(text[at:w.start] + symbol)
				at = w.start + len(w.text)
				if version == "xpath-10" {
					what = "the value comparison " + w.text
				}
			} else {
				what = laterOperator(w.text)
			}
		case w.kind == 'n':
			what = laterKeyword(words, i)
		default:
			what = laterSymbol(w, words, i)
		}
		if what != "" {
			later := ", which is not supported: XPath 1.0 and a few functions of 2.0 are"
			if version == "xpath-10" {
				later = ", which XPath 1.0 lacks"
			}
			return "", fmt.Errorf("the XPath %q has %s%s", clip(text), what, later)
		}
	}
	return b.String() + text[at:], nil
}

// comparisonSymbol is the symbol of a value comparison of XPath 2.0. They differ on sequences only, which XPath 1.0 has none of.
func comparisonSymbol(s string) string {
	switch s {
	case "eq":
		return "="
	case "ne":
		return "!="
	case "lt":
		return "<"
	case "le":
		return "<="
	case "gt":
		return ">"
	case "ge":
		return ">="
	}
	return ""
}

// laterOperator names operators of 2.0 to 3.1 that the engine lacks: it would read some as something else, and answer wrongly.
func laterOperator(s string) string {
	switch s {
	case "to", "is", "union", "intersect", "except", "idiv", "instance", "treat", "castable", "cast":
		return "the operator " + s
	}
	return ""
}

// laterKeyword names an expression that starts with a key word of 2.0 or later.
func laterKeyword(words []word, i int) string {
	next := ""
	if i+1 < len(words) {
		next = words[i+1].text
	}
	switch words[i].text {
	case "for", "let", "some", "every":
		if next == "$" {
			return "a " + words[i].text + " expression"
		}
	case "if":
		if next == "(" {
			return "an if expression"
		}
	case "map", "array":
		if next == "{" {
			return "a constructor of a " + words[i].text
		}
	}
	return ""
}

// laterSymbol names an operator of 2.0 or later that is a symbol, or a sequence.
func laterSymbol(w word, words []word, i int) string {
	switch w.text {
	case "||", "=>", "<<", ">>", "!", ":=", "?", "{", "}", "#":
		return "the operator " + w.text
	case ",":
		// A sequence (a, b) outside of a function's arguments.
		depth := 0
		for j := i - 1; j >= 0; j-- {
			switch words[j].text {
			case ")":
				depth++
			case "(":
				if depth == 0 {
					if j > 0 && words[j-1].kind == 'n' && !(operatorWord(words[j-1].text) && afterOperand(words, j-1)) {
						return ""
					}
					return "a sequence"
				}
				depth--
			}
		}
		return "a sequence"
	}
	return ""
}
