package chaos

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// sight is all that a world shows, with the random parts of names taken out.
type sight struct {
	Stack     string
	Resources []string // of the stack, as it says
	Events    []string // each as often as it happened
	Exists    []string // what the services say there is
}

// random matches what CloudFormation and CodeDeploy append to names, and ids.
var random = regexp.MustCompile(`-[A-Z0-9]{9,13}\b|[0-9a-f]{8}-[0-9a-f-]{27}|\bd-[A-Z0-9]{9}\b`)

func plain(format string, args ...any) string {
	return random.ReplaceAllString(fmt.Sprintf(format, args...), "-*")
}

// look reads everything. Events must be in order, newest first, and each must have an id of its own.
func (w *world) look() (s sight) {
	w.t.Helper()
	ctx := w.t.Context()
	stack, err := w.stack(ctx, w.stackID)
	must(w.t, 0, err)
	s.Stack = plain("%s %v", stack.StackStatus, len(stack.Outputs))
	r, err := w.cloudformation.ListStackResources(ctx, &cloudformation.ListStackResourcesInput{StackName: &w.stackID})
	must(w.t, 0, err)
	for _, x := range r.StackResourceSummaries {
		s.Resources = append(s.Resources, plain("%s %s %s", aws.ToString(x.LogicalResourceId), aws.ToString(x.PhysicalResourceId), x.ResourceStatus))
	}
	s.Events = w.events()
	s.Exists = w.inventory()
	slices.Sort(s.Resources)
	return s
}

func (w *world) events() (out []string) {
	w.t.Helper()
	var all []types.StackEvent
	for in := (&cloudformation.DescribeStackEventsInput{StackName: &w.stackID}); ; {
		page, err := w.cloudformation.DescribeStackEvents(w.t.Context(), in)
		must(w.t, 0, err)
		all = append(all, page.StackEvents...)
		if in.NextToken = page.NextToken; in.NextToken == nil {
			break
		}
	}
	ids := map[string]bool{}
	for i, e := range all {
		if ids[aws.ToString(e.EventId)] {
			w.t.Errorf("event %s is listed twice", aws.ToString(e.EventId))
		}
		ids[aws.ToString(e.EventId)] = true
		if i > 0 && e.Timestamp.After(*all[i-1].Timestamp) {
			w.t.Errorf("event %d is older than the one before it: %v, %v", i, all[i-1].Timestamp, e.Timestamp)
		}
		out = append(out, plain("%s %s", aws.ToString(e.LogicalResourceId), e.ResourceStatus))
	}
	slices.Sort(out)
	return out
}

// inventory lists what exists in every service that the stack uses.
func (w *world) inventory() []string {
	w.t.Helper()
	var out []string
	note := func(format string, args ...any) { out = append(out, plain(format, args...)) }
	ctx := w.t.Context()
	functions, err := w.lambda.ListFunctions(ctx, &lambda.ListFunctionsInput{})
	must(w.t, 0, err)
	for _, f := range functions.Functions {
		note("function %s: %s", *f.FunctionName, aws.ToString(f.Description))
		versions, err := w.lambda.ListVersionsByFunction(ctx, &lambda.ListVersionsByFunctionInput{FunctionName: f.FunctionName})
		must(w.t, 0, err)
		for _, v := range versions.Versions {
			note("version %s of %s: %s", *v.Version, *f.FunctionName, aws.ToString(v.Description))
		}
		aliases, err := w.lambda.ListAliases(ctx, &lambda.ListAliasesInput{FunctionName: f.FunctionName})
		must(w.t, 0, err)
		for _, a := range aliases.Aliases {
			note("alias %s of %s at %s: %v", *a.Name, *f.FunctionName, *a.FunctionVersion, a.RoutingConfig)
		}
	}
	roles, err := w.iam.ListRoles(ctx, &iam.ListRolesInput{})
	must(w.t, 0, err)
	for _, r := range roles.Roles {
		note("role %s: %s", *r.RoleName, aws.ToString(r.Description))
		policies, err := w.iam.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: r.RoleName})
		must(w.t, 0, err)
		note("policies of %s: %v", *r.RoleName, policies.PolicyNames)
	}
	alarms, err := w.cloudwatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{})
	must(w.t, 0, err)
	for _, a := range alarms.MetricAlarms {
		note("alarm %s: %v", *a.AlarmName, *a.Threshold)
	}
	groups, err := w.logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
	must(w.t, 0, err)
	for _, g := range groups.LogGroups {
		// A hook's own group is there once the hook has run.
		if name := *g.LogGroupName; !strings.HasSuffix(name, "/hook") && !strings.HasSuffix(name, "/unwell") {
			note("log group %s: %d", name, aws.ToInt32(g.RetentionInDays))
		}
	}
	out = append(out, w.deployments()...)
	slices.Sort(out)
	return out
}

// deployments lists applications, groups and deployments; of these also how they ended.
func (w *world) deployments() (out []string) {
	w.t.Helper()
	ctx := w.t.Context()
	applications, err := w.codedeploy.ListApplications(ctx, &codedeploy.ListApplicationsInput{})
	must(w.t, 0, err)
	for _, a := range applications.Applications {
		out = append(out, plain("application %s", a))
		groups, err := w.codedeploy.ListDeploymentGroups(ctx, &codedeploy.ListDeploymentGroupsInput{ApplicationName: &a})
		must(w.t, 0, err)
		for _, g := range groups.DeploymentGroups {
			out = append(out, plain("group %s of %s", g, a))
		}
	}
	list, err := w.codedeploy.ListDeployments(ctx, &codedeploy.ListDeploymentsInput{})
	must(w.t, 0, err)
	count := map[string]int{}
	for _, id := range list.Deployments {
		d, err := w.codedeploy.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: &id})
		must(w.t, 0, err)
		count[fmt.Sprintf("deployment by %s %s", d.DeploymentInfo.Creator, d.DeploymentInfo.Status)]++
	}
	for _, k := range slices.Sorted(maps.Keys(count)) {
		out = append(out, fmt.Sprint(k, " ×", count[k]))
	}
	return out
}
