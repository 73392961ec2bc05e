package asl

import "strings"

// maxLabel is how many characters a distributed Map state's Label may have.
const maxLabel = 40

// checkLabel refuses a Label that a map run's ARN and the names of its children cannot hold: the first character that
// is wrong is told, written as it is in quotes.
func checkLabel(f *fields, label string) {
	switch n := len([]rune(label)); {
	case n == 0:
		f.note("Label", "Label cannot be empty")
		return
	case n > maxLabel:
		f.note("Label", "Label cannot exceed 40 characters")
		return
	}
	// The characters are those that names of state machines cannot have either.
	at := strings.IndexFunc(label, func(r rune) bool {
		return r <= ' ' || r >= 0x7f && r <= 0x9f || r == 0xfffe || r == 0xffff || strings.ContainsRune("?*<>{}[]:;,\\|^~$#%&`\"/", r)
	})
	if at >= 0 {
		f.note("Label", "Label contains invalid character: %s", quoteCharacter([]rune(label[at:])[0]))
	}
}

// quoteCharacter writes a character as diagnostics show it: in quotes, control characters by their code ('\x0b').
func quoteCharacter(r rune) string {
	const hex = "0123456789abcdef"
	switch {
	case r == '\'':
		return `"'"`
	case r == '\\':
		return `'\\'`
	case r == '\n':
		return `'\n'`
	case r == '\r':
		return `'\r'`
	case r == '\t':
		return `'\t'`
	case r < ' ' || r >= 0x7f && r <= 0xa0:
		return `'\x` + string(hex[r>>4]) + string(hex[r&15]) + `'`
	}
	return "'" + string(r) + "'"
}
