// Command fn is well, and says so to whoever asks.
package main

import (
	"context"
	"encoding/json"

	"github.com/headgate/headgate/hooks/runtime"
)

func main() {
	runtime.Start(func(context.Context, json.RawMessage) (any, error) {
		return map[string]any{"statusCode": 200, "body": "well"}, nil
	})
}
