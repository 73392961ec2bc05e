package lambda

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
)

// latest is the qualifier of the unpublished version.
const latest = "$LATEST"

// key names a function on the whole platform.
type key struct{ account, region, name string }

func (k key) String() string { return k.account + "/" + k.region + "/" + k.name }

func parseKey(s string) (key, bool) {
	p := strings.Split(s, "/")
	if len(p) != 3 {
		return key{}, false
	}
	return key{p[0], p[1], p[2]}, true
}

func (k key) arn(qualifier string) string {
	return arn.Function(caller.Caller{Partition: caller.PartitionOf(k.region), Region: k.region, Account: k.account}, k.name, qualifier)
}

// target is a function as a request names it; an empty qualifier means unqualified.
type target struct {
	key
	qualifier string
}

func (t target) arn() string { return t.key.arn(t.qualifier) }

const (
	namePattern      = `(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2,5}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?`
	qualifierPattern = `(|[a-zA-Z0-9$_-]+)`
)

var (
	nameRE      = regexp.MustCompile(`^(?:arn:(aws[a-zA-Z-]*)?:lambda:)?(?:([a-z]{2,5}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?(?:(\d{12}):)?(?:function:)?([a-zA-Z0-9-_]+)(?::(\$LATEST|[a-zA-Z0-9-_]+))?$`)
	qualifierRE = regexp.MustCompile(`^[a-zA-Z0-9$_-]+$`)
	versionRE   = regexp.MustCompile(`^[0-9]+$`)
	aliasRE     = regexp.MustCompile(`^[a-zA-Z0-9-_]+$`)
)

// parseTarget reads a function name in any of its forms — name, partial ARN, full ARN, each with or
// without :qualifier — together with the request's separate qualifier.
func parseTarget(ctx context.Context, name, qualifier *string) (target, error) {
	c := caller.From(ctx)
	if name == nil {
		return target{}, validationNull("functionName")
	}
	m := nameRE.FindStringSubmatch(*name)
	if m == nil || len(*name) > 170 {
		return target{}, validation(*name, "functionName", "Member must satisfy regular expression pattern: "+namePattern)
	}
	if len(m[4]) > 64 {
		return target{}, validation(m[4], "functionName", "Member must have length less than or equal to 64")
	}
	t := target{key{c.Account, c.Region, m[4]}, m[5]}
	if m[3] != "" {
		t.account = m[3]
	}
	if m[2] != "" && m[2] != c.Region {
		return target{}, notFound("Functions from '%s' are not reachable in this region ('%s')", m[2], c.Region)
	}
	if qualifier == nil || *qualifier == "" {
		return t, nil
	}
	if len(*qualifier) > 128 || !qualifierRE.MatchString(*qualifier) {
		return target{}, validation(*qualifier, "qualifier", "Member must satisfy regular expression pattern: "+qualifierPattern)
	}
	if t.qualifier != "" && t.qualifier != *qualifier {
		return target{}, invalid("The derived qualifier from the function name does not match the specified qualifier.")
	}
	t.qualifier = *qualifier
	return t, nil
}

// parseName is parseTarget for operations on whole functions, which take no qualifier.
func parseName(ctx context.Context, name *string) (key, error) {
	t, err := parseTarget(ctx, name, nil)
	return t.key, err
}

// versionNumber reads a qualifier that is a version: 0 for $LATEST or none. An alias gives false.
func versionNumber(qualifier string) (int64, bool) {
	if qualifier == "" || qualifier == latest {
		return 0, true
	}
	if !versionRE.MatchString(qualifier) {
		return 0, false
	}
	n, err := strconv.ParseInt(qualifier, 10, 64)
	if err != nil || n == 0 { // beyond every number, or "0", which is nobody's
		return -1, true
	}
	return n, true
}

func versionName(number int64) string {
	if number == 0 {
		return latest
	}
	return strconv.FormatInt(number, 10)
}
