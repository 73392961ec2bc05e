package sfn

import (
	"github.com/headgate/headgate/internal/service/sfn/execution"
	"github.com/headgate/headgate/internal/service/sfn/registry"
)

// Logs is what the service needs of CloudWatch Logs.
type Logs interface {
	registry.Logs
	execution.Logs
}
