// Command app answers with the event that it got.
package main

import (
	"context"
	"encoding/json"

	"github.com/headgate/headgate/hooks/runtime"
)

func main() {
	runtime.Start(func(_ context.Context, event json.RawMessage) (any, error) { return event, nil })
}
