package codedeploy

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/headgate/headgate/internal/arn"
)

// Limits of a deployment group (FACTS §3).
const (
	maxAlarms      = 10
	maxTriggers    = 10
	maxDescription = 256
)

// checkRole checks the service role's form only: whether it exists and what it allows is not looked
// at, since deployments act in the name of whoever created them.
func checkRole(role *string) error {
	if aws.ToString(role) == "" {
		return &types.RoleRequiredException{Message: text("The service role ARN is required.")}
	}
	a, err := arn.Parse(*role)
	if err != nil || a.Service != "iam" || !strings.HasPrefix(a.Resource, "role/") {
		return &types.InvalidRoleException{Message: text("The service role %q is not the ARN of an IAM role.", *role)}
	}
	return nil
}

// checkAlarms checks an alarm configuration as CodeDeploy does: that the alarms exist is found out
// by the deployment.
func checkAlarms(c *types.AlarmConfiguration) error {
	if c == nil {
		return nil
	}
	if len(c.Alarms) > maxAlarms {
		return &types.AlarmsLimitExceededException{Message: text("At most %d alarms may be given, not %d.", maxAlarms, len(c.Alarms))}
	}
	invalid := func(format string, args ...any) error {
		return &types.InvalidAlarmConfigException{Message: text(format, args...)}
	}
	var seen []string
	for _, a := range c.Alarms {
		switch name := aws.ToString(a.Name); {
		case name == "":
			return invalid("An alarm's name is empty.")
		case utf8.RuneCountInString(name) > 255:
			return invalid("The alarm name %q has more than 255 characters.", name)
		case slices.Contains(seen, name):
			return invalid("The alarm %s is given twice.", name)
		default:
			seen = append(seen, name)
		}
	}
	if c.Enabled && len(seen) == 0 {
		return invalid("The alarm configuration is enabled, but its list of alarms is empty.")
	}
	return nil
}

// checkRollback takes events without alarms to stop on: SAM writes all three in any case.
func checkRollback(c *types.AutoRollbackConfiguration) error {
	if c == nil {
		return nil
	}
	for _, e := range c.Events {
		if !slices.Contains(e.Values(), e) {
			return &types.InvalidAutoRollbackConfigException{Message: text("%q is not an event of an automatic rollback.", e)}
		}
	}
	if c.Enabled && len(c.Events) == 0 {
		return &types.InvalidAutoRollbackConfigException{Message: text("Automatic rollback is enabled, but no events are listed.")}
	}
	return nil
}

// checkTriggers checks triggers though none is ever sent: a template that AWS refuses is refused.
func checkTriggers(all []types.TriggerConfig) error {
	if len(all) > maxTriggers {
		return &types.TriggerTargetsLimitExceededException{Message: text("At most %d triggers may be given, not %d.", maxTriggers, len(all))}
	}
	for _, t := range all {
		name := aws.ToString(t.TriggerName)
		if name == "" || len(t.TriggerEvents) == 0 {
			return &types.InvalidTriggerConfigException{Message: text("The trigger %q needs a name and at least one event.", name)}
		}
		if _, err := arn.Parse(aws.ToString(t.TriggerTargetArn)); err != nil {
			return &types.InvalidTriggerConfigException{Message: text("The target of trigger %s must be the ARN of an SNS topic: %v.", name, err)}
		}
		for _, e := range t.TriggerEvents {
			if !slices.Contains(e.Values(), e) {
				return &types.InvalidTriggerConfigException{Message: text("Trigger %s: %q is not an event.", name, e)}
			}
		}
	}
	return nil
}

// checkStyle takes the only style of the Lambda platform, or none.
func checkStyle(s *types.DeploymentStyle) error {
	if s == nil || s.DeploymentType == types.DeploymentTypeBlueGreen && s.DeploymentOption == types.DeploymentOptionWithTrafficControl {
		return nil
	}
	return &types.InvalidDeploymentStyleException{Message: text("The deployment style of the Lambda compute platform is BLUE_GREEN with WITH_TRAFFIC_CONTROL, not %q with %q.",
		s.DeploymentType, s.DeploymentOption)}
}

// elsewhere refuses settings of the other compute platforms, rather than to store them and do nothing.
func elsewhere(settings map[string]bool) error {
	for name, given := range settings {
		if given {
			return &types.InvalidInputException{Message: text("%s does not apply to the Lambda compute platform.", name)}
		}
	}
	return nil
}

// checkDescription counts characters, not bytes.
func checkDescription(d *string) error {
	if n := utf8.RuneCountInString(aws.ToString(d)); n > maxDescription {
		return &types.DescriptionTooLongException{Message: text("The description has %d characters: at most %d are allowed.", n, maxDescription)}
	}
	return nil
}
