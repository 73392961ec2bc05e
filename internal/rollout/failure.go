package rollout

import "strings"

// Error codes of CodeDeploy that a Lambda deployment ends with.
const (
	AlarmActive                = "ALARM_ACTIVE"
	ManualStop                 = "MANUAL_STOP"
	HookExecutionFailure       = "HOOK_EXECUTION_FAILURE"
	InvalidLambdaConfiguration = "INVALID_LAMBDA_CONFIGURATION"
	InvalidLambdaFunction      = "INVALID_LAMBDA_FUNCTION"
	Timeout                    = "TIMEOUT"
)

// Messages. The first two are AWS's own (FACTS §3); nobody has published the others.
const (
	aliasMismatch = "The Lambda function alias version does not match the current version in AppSpec file."
	alarmsActive  = "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, " +
		"and the affected deployments have been stopped. Activated alarms: "
	alarmsUnreadable = "The deployment was stopped because the state of one or more alarms could not be read: "
	manualStop       = "The deployment was stopped by a request."
	deploymentTooOld = "The deployment took longer than the 50 hours that a deployment to Lambda may take."
)

func alarmFailure(names []string) Failure {
	return Failure{AlarmActive, alarmsActive + strings.Join(names, " ")}
}

func hookFailed(l LifecycleName, hook, why string) Failure {
	return Failure{HookExecutionFailure, "The " + string(l) + " hook " + hook + " failed: " + why}
}
