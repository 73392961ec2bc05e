package registry

import (
	"strings"

	"github.com/headgate/headgate/asl"
)

// labelError words a Map state's bad Label as the recorded answers of CreateStateMachine do: they quote the check's
// error, in the notation of the language that it is written in, and the whole definition. Other diagnostics are not
// told beside it. Empty: no label is wrong.
func labelError(definition string, found []asl.Diagnostic) string {
	for _, d := range found {
		if strings.HasSuffix(d.Location, "/Label") && strings.HasPrefix(d.Message, "Label ") {
			return "Error=ValueError Args=[" + literal(d.Message) + "] in definition '" + definition + "'."
		}
	}
	return ""
}

// literal writes a printable text as a string literal: in single quotes unless that saves escapes.
func literal(s string) string {
	s = strings.ReplaceAll(s, `\`, `\\`)
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		return `"` + s + `"`
	}
	return "'" + strings.ReplaceAll(s, "'", `\'`) + "'"
}
