package iam

import (
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/headgate/headgate/internal/clock"
	"github.com/headgate/headgate/internal/db"
)

// Service implements IAM. Its exported methods are the operations.
type Service struct {
	db    *db.DB
	clock clock.Clock
}

// New returns the IAM service over d.
func New(d *db.DB, c clock.Clock) *Service { return &Service{db: d, clock: c} }

// role is a role as it is stored.
type role struct {
	Role     types.Role
	Inline   map[string]string // policy name → document
	Attached []string          // policy ARNs, in the order of attachment
}

// policy is a customer-managed policy as it is stored. Versions are in the order of creation.
type policy struct {
	Policy   types.Policy
	Versions []types.PolicyVersion
	Next     int // number of the next version
}

// escaped is a policy document as IAM answers it: percent-encoded by RFC 3986. A space as "+" would reach boto3's users as
// text, since it decodes no plus sign.
func escaped(document string) string {
	return strings.ReplaceAll(url.QueryEscape(document), "+", "%20")
}
