package sandbox

import (
	"errors"
	"fmt"
	"net"
	"sync"
)

// The host's user ids for environments: above every distribution's own ranges for people and
// services. A server claims a block, so that two servers on a host never share an id.
const (
	firstUID  = 200000
	uidBlock  = 2048
	uidBlocks = 64
)

// uids hands out the ids of one block.
type uids struct {
	base  int
	claim net.Listener // an abstract socket: the kernel frees it with the process

	mu   sync.Mutex
	used [uidBlock]bool
	next int
}

func claimUIDs() (*uids, error) {
	for b := range uidBlocks {
		ln, err := net.Listen("unix", fmt.Sprintf("@headgate-uids-%d", b))
		if err == nil {
			return &uids{base: firstUID + b*uidBlock, claim: ln}, nil
		}
	}
	return nil, errors.New("sandbox: all blocks of user ids are claimed by other servers")
}

// take returns an unused id, the longest unused first.
func (u *uids) take() (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for range uidBlock {
		i := u.next
		u.next = (u.next + 1) % uidBlock
		if !u.used[i] {
			u.used[i] = true
			return u.base + i, nil
		}
	}
	return 0, fmt.Errorf("sandbox: %d environments are running, no more user ids", uidBlock)
}

func (u *uids) free(uid int) {
	u.mu.Lock()
	u.used[uid-u.base] = false
	u.mu.Unlock()
}

func (u *uids) close() {
	if u != nil {
		u.claim.Close()
	}
}
