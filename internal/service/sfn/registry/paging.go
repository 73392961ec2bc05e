package registry

import (
	"encoding/base64"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// page is what part of a list is asked for. Its scope is what the list is of: a token of another list is invalid.
type page struct {
	scope string
	limit int
	after string // the key of the last item that was answered; "" at the start
}

// newPage reads maxResults (0: 100) and nextToken.
func newPage(scope string, maxResults int32, token *string) (page, error) {
	p := page{scope: scope, limit: int(maxResults)}
	if p.limit <= 0 {
		p.limit = 100
	}
	if token == nil {
		return p, nil
	}
	// Tokens are not signed: to make one up leads nowhere that the caller could not ask for.
	b, err := base64.RawURLEncoding.DecodeString(*token)
	key, ok := strings.CutPrefix(string(b), scope+"\x00")
	if err != nil || !ok || key == "" {
		return p, &types.InvalidToken{Message: text("Invalid Token: '%s'", *token)}
	}
	p.after = key
	return p, nil
}

// cut takes what belongs on the page from items, of which one more than the limit may have been read, and makes the
// token to go on with. No items are an empty list, not an absent one.
func cut[T any](p page, items []T, key func(T) string) ([]T, *string) {
	if items == nil {
		items = []T{}
	}
	if len(items) <= p.limit {
		return items, nil
	}
	items = items[:p.limit]
	t := base64.RawURLEncoding.EncodeToString([]byte(p.scope + "\x00" + key(items[p.limit-1])))
	return items, &t
}
