package lambda

import (
	"context"
	"sync"

	"github.com/google/uuid"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/id"
)

// requestIDs makes the ids of invocations: the id of the API request, which the client sees in its
// answer, but each only once, since one request may come to several invocations in this process.
type requestIDs struct {
	mu     sync.Mutex
	recent [256]string
	seen   map[string]bool
	next   int
}

func (r *requestIDs) take(ctx context.Context) string {
	request := caller.From(ctx).RequestID
	if _, err := uuid.Parse(request); err != nil {
		return id.Request()
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
