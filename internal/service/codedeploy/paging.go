package codedeploy

import (
	"encoding/base64"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

// pageSize is how many items a list answers at once.
const pageSize = 100

// after decodes a nextToken: the key of the last item that was answered.
func after(token *string) (string, error) {
	if token == nil || *token == "" {
		return "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(*token)
	key, ok := strings.CutPrefix(string(b), "after:")
	if err != nil || !ok {
		return "", &types.InvalidNextTokenException{Message: text("The next token %q is not one that this service gave out.", *token)}
	}
	return key, nil
}

// page cuts items, of which one more than pageSize was read, and makes the token to go on with. No items are an empty
// list, not an absent one, which clients that index the answer would stumble over.
func page[T any](items []T, key func(T) string) ([]T, *string) {
	if items == nil {
		items = []T{}
	}
	if len(items) <= pageSize {
		return items, nil
	}
	items = items[:pageSize]
	t := base64.RawURLEncoding.EncodeToString([]byte("after:" + key(items[pageSize-1])))
	return items, &t
}

func itself(s string) string { return s }
