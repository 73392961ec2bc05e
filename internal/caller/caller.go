// Package caller carries who makes a request through a context: the account and region that
// select the resources, and the identity that logs and answers name.
package caller

import "context"

// Defaults of a platform that nobody configured (what the local-cloud tools expect).
const (
	DefaultPartition = "aws"
	DefaultRegion    = "us-east-1"
	DefaultAccount   = "000000000000"
)

// Caller is the identity behind one request. Account and Region are never empty when it comes
// from From.
type Caller struct {
	Partition   string `json:"partition"`
	Region      string `json:"region"`
	Account     string `json:"account"`
	ARN         string `json:"arn,omitempty"`           // principal, as STS GetCallerIdentity answers it
	AccessKeyID string `json:"access_key_id,omitempty"` // as signed; never the secret
	RequestID   string `json:"request_id,omitempty"`
}

type key struct{}

// With returns a context that carries c.
func With(ctx context.Context, c Caller) context.Context { return context.WithValue(ctx, key{}, c) }

// From returns the caller of ctx, with the defaults where nothing was said.
func From(ctx context.Context) Caller {
	c, _ := ctx.Value(key{}).(Caller)
	if c.Partition == "" {
		c.Partition = PartitionOf(c.Region)
	}
	if c.Region == "" {
		c.Region = DefaultRegion
	}
	if c.Account == "" {
		c.Account = DefaultAccount
	}
	if c.ARN == "" {
		c.ARN = "arn:" + c.Partition + ":iam::" + c.Account + ":root"
	}
	return c
}

// PartitionOf names the partition of a region by its prefix.
func PartitionOf(region string) string {
	for _, p := range []struct{ prefix, partition string }{
		{"cn-", "aws-cn"}, {"us-gov-", "aws-us-gov"}, {"us-iso-", "aws-iso"}, {"us-isob-", "aws-iso-b"},
		{"eu-isoe-", "aws-iso-e"}, {"us-isof-", "aws-iso-f"}, {"eusc-", "aws-eusc"},
	} {
		if len(region) >= len(p.prefix) && region[:len(p.prefix)] == p.prefix {
			return p.partition
		}
	}
	return DefaultPartition
}
