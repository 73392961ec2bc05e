// Package id makes the identifiers that AWS's answers carry. All are random: nothing may be
// guessed from one about another.
package id

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Request returns a request id, revision id or any other UUID (version 4, lower case).
func Request() string { return uuid.NewString() }

// Deployment returns a CodeDeploy deployment id: "d-" and nine capital letters or digits.
func Deployment() string { return "d-" + text(9, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") }

// Suffix returns n characters for a generated physical name, as CloudFormation appends them
// (capital letters and digits).
func Suffix(n int) string { return text(n, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") }

// Hex returns n lower-case hexadecimal digits.
func Hex(n int) string {
	b := make([]byte, (n+1)/2)
	rand.Read(b) // never fails, see crypto/rand
	return hex.EncodeToString(b)[:n]
}

func text(n int, alphabet string) string {
	var b strings.Builder
	buf := make([]byte, n)
	rand.Read(buf)
	for _, c := range buf {
		b.WriteByte(alphabet[int(c)%len(alphabet)])
	}
	return b.String()
}

var order = struct {
	sync.Mutex
	last int64
}{}

// Ordered returns an id that sorts after every id that this process made before, and by wall time
// among processes.
func Ordered() string {
	order.Lock()
	now := max(time.Now().UnixNano(), order.last+1)
	order.last = now
	order.Unlock()
	return fmt.Sprintf("%016x%s", now, Hex(8))
}
