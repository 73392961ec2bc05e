package registry

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/internal/arn"
)

// machineRef is a state machine's ARN taken apart. At most one of version and alias is set.
type machineRef struct {
	arn.ARN
	name    string
	version int64
	alias   string
}

// digits are the qualifiers that are versions; an alias's name has a letter, a dash, a dot or an underscore.
var digits = regexp.MustCompile(`^[1-9][0-9]{0,17}$`)

// parseMachineARN reads the three forms stateMachine:NAME, stateMachine:NAME:7 and stateMachine:NAME:ALIAS.
func parseMachineARN(s string) (machineRef, error) {
	a, err := arn.Parse(s)
	if err != nil {
		return machineRef{}, invalidARN("Invalid ARN prefix: %s", s)
	}
	// A distributed Map state's ARN (stateMachine:NAME/LABEL) is taken as a name that no machine has.
	p := strings.Split(a.Resource, ":")
	if a.Service != "states" || p[0] != "stateMachine" || len(p) < 2 || len(p) > 3 || p[1] == "" {
		return machineRef{}, invalidARN("Resource type not valid in this context: %s", p[0])
	}
	q := machineRef{ARN: a, name: p[1]}
	if len(p) == 3 {
		if digits.MatchString(p[2]) {
			q.version, _ = strconv.ParseInt(p[2], 10, 64)
		} else {
			q.alias = p[2]
		}
	}
	return q, nil
}

// invalidARN quotes what is wrong, as AWS does.
func invalidARN(format string, args ...any) error {
	return &types.InvalidArn{Message: text("Invalid Arn: '"+format+"'", args...)}
}

// machineARN is the ARN without a qualifier.
func (q machineRef) machineARN() string {
	a := q.ARN
	a.Resource = "stateMachine:" + q.name
	return a.String()
}

// versionARN is that of a version of the same machine; aliasARN that of an alias.
func (q machineRef) versionARN(version int64) string {
	return q.machineARN() + ":" + strconv.FormatInt(version, 10)
}

func (q machineRef) aliasARN(alias string) string { return q.machineARN() + ":" + alias }

// qualified tells whether the ARN names a version or an alias.
func (q machineRef) qualified() bool { return q.version != 0 || q.alias != "" }

// versionOf is the number at the end of a version's ARN, which has been checked.
func versionOf(versionARN string) int64 {
	n, _ := strconv.ParseInt(versionARN[strings.LastIndexByte(versionARN, ':')+1:], 10, 64)
	return n
}

// kind names the sort of ARN as error texts do.
func (q machineRef) kind() string {
	switch {
	case q.version != 0:
		return "stateMachineVersion"
	case q.alias != "":
		return "stateMachineAlias"
	}
	return "stateMachine"
}
