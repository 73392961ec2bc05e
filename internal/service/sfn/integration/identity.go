package integration

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/google/uuid"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
)

// requestID is the id of the request that a call makes. It follows from the call's key, so that what is repeated after a
// crash carries the same: an idempotency token (a name-based UUID, which package lambda knows as such).
func (c Call) requestID() string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("headgate:"+c.Key)).String()
}

// extendedID is S3's second id of a request.
func extendedID(requestID string) string {
	sum := sha256.Sum256([]byte(requestID))
	return base64.StdEncoding.EncodeToString(append(sum[:], sum[:24]...))
}

// with makes ctx that of a call: the role that the execution has, or the one that the task's Credentials name. A role of
// another account acts there.
func (c Call) with(ctx context.Context) context.Context {
	who := c.Caller
	role := c.Role
	if c.Credentials != "" {
		role = c.Credentials
		if a, err := arn.Parse(role); err == nil && a.Account != "" {
			who.Account = a.Account
		}
	}
	if a, err := arn.Parse(role); err == nil {
		session := c.Execution[strings.LastIndexByte(c.Execution, ':')+1:]
		who.ARN = arn.ARN{Partition: a.Partition, Service: "sts", Account: a.Account,
			Resource: "assumed-role/" + a.Resource[strings.LastIndexByte(a.Resource, '/')+1:] + "/" + session}.String()
	}
	who.AccessKeyID, who.RequestID = "", c.requestID()
	return caller.With(ctx, who)
}
