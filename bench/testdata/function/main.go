// Command function is the function that the benchmarks invoke: it answers what it is asked.
package main

import (
	"context"
	"encoding/json"

	"github.com/headgate/headgate/hooks/runtime"
)

func main() {
	runtime.Start(func(_ context.Context, event json.RawMessage) (any, error) { return event, nil })
}
