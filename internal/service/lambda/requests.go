package lambda

import (
	"context"
	"sync"

	"github.com/google/uuid"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/id"
)

// requestIDs makes the ids of invocations: the id of the API request, which the client sees in its
// answer, but each only once, since one request may come to several invocations in this process. Ids that are made of a
// name (UUIDs of version 5), as executions have them, are idempotency tokens: who repeats one repeats the invocation.
type requestIDs struct {
	mu     sync.Mutex
	recent [256]string
	seen   map[string]bool
	next   int
}

func (r *requestIDs) take(ctx context.Context) string {
	request := caller.From(ctx).RequestID
	u, err := uuid.Parse(request)
	if err != nil {
		return id.Request()
	}
	if token(u) {
		return request
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[request] {
		return id.Request()
	}
	if r.seen == nil {
		r.seen = map[string]bool{}
	}
	delete(r.seen, r.recent[r.next])
	r.recent[r.next], r.seen[request] = request, true
	r.next = (r.next + 1) % len(r.recent)
	return request
}

// token tells a request id that is an idempotency token.
func token(u uuid.UUID) bool { return u.Version() == 5 }
