// Package arn builds and reads Amazon Resource Names.
package arn

import (
	"fmt"
	"strings"

	"github.com/headgate/headgate/internal/caller"
)

// ARN is one name, taken apart: arn:Partition:Service:Region:Account:Resource.
type ARN struct{ Partition, Service, Region, Account, Resource string }

// String puts the name together.
func (a ARN) String() string {
	return "arn:" + a.Partition + ":" + a.Service + ":" + a.Region + ":" + a.Account + ":" + a.Resource
}

// Parse takes s apart. The resource keeps its own colons and slashes.
func Parse(s string) (ARN, error) {
	p := strings.SplitN(s, ":", 6)
	if len(p) != 6 || p[0] != "arn" {
		return ARN{}, fmt.Errorf("%q is not an ARN (arn:partition:service:region:account:resource)", s)
	}
	return ARN{p[1], p[2], p[3], p[4], p[5]}, nil
}

// For returns the name of a resource in the caller's partition, region and account.
func For(c caller.Caller, service, resource string) string {
	return ARN{c.Partition, service, c.Region, c.Account, resource}.String()
}

// Global is For without a region, as IAM's and STS's names have it.
func Global(c caller.Caller, service, resource string) string {
	return ARN{c.Partition, service, "", c.Account, resource}.String()
}

// Function is a Lambda function's ARN; an empty qualifier gives the unqualified one.
func Function(c caller.Caller, name, qualifier string) string {
	if qualifier != "" {
		name += ":" + qualifier
	}
	return For(c, "lambda", "function:"+name)
}
