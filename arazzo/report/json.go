package report

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/headgate/headgate/arazzo/runner"
)

// JSON writes {"workflows":[{"workflowId","status","outputs","steps":[{"stepId","status","attempts","outputs"}]}]}.
func JSON(w io.Writer, result *runner.Result) error {
	if result.Workflows == nil {
		result = &runner.Result{Workflows: []*runner.WorkflowResult{}}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(result); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}
