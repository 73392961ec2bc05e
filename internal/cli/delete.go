package cli

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

// Delete is `headgate delete`.
type Delete struct {
	Stack string `arg:"" help:"Stack name."`
}

// Help is printed below the flags.
func (*Delete) Help() string {
	return `Deletes a stack with all its resources but those that its template retains.

  headgate delete demo`
}

// Run implements the command.
func (c *Delete) Run(e *env) error {
	cfg, err := e.aws(e.ctx)
	if err != nil {
		return err
	}
	client := cloudformation.NewFromConfig(cfg)
	out, err := client.DescribeStacks(e.ctx, &cloudformation.DescribeStacksInput{StackName: &c.Stack})
	if err != nil {
		return err
	}
	stackID := aws.ToString(out.Stacks[0].StackId) // by name a deleted stack is not found any more
	if _, err := client.DeleteStack(e.ctx, &cloudformation.DeleteStackInput{StackName: &stackID}); err != nil {
		return err
	}
	return follow(e, cfg, stackID)
}
