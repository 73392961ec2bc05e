// Command app is the function that this example ships: a greeter.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/headgate/headgate/hooks/runtime"
)

func main() { runtime.Start(handle) }

func handle(_ context.Context, event json.RawMessage) (any, error) {
	var in struct {
		Name string `json:"name"`
	}
	if err := json.Unmarshal(event, &in); err != nil {
		return nil, fmt.Errorf("the event is not {\"name\": …}: %w", err)
	}
	if in.Name == "" {
		return map[string]string{"error": "a name is missing"}, nil
	}
	return map[string]string{"greeting": greet(os.Getenv("GREETING"), in.Name)}, nil
}

// greet breaks the promise that the workflow checks, if the greeting leaves the name no room.
func greet(form, name string) string {
	if form == "" {
		form = "Hello, {name}!"
	}
	return strings.ReplaceAll(form, "{name}", name)
}
