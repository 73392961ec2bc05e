package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/headgate/headgate/sam"
)

// SAM is `headgate sam`.
type SAM struct {
	Translate SAMTranslate `cmd:"" help:"Print the CloudFormation template that a SAM template stands for."`
}

// SAMTranslate is `headgate sam translate`.
type SAMTranslate struct {
	Template  string            `arg:"" default:"-" help:"SAM template; - is standard input."`
	Parameter map[string]string `short:"P" help:"Template parameter, NAME=VALUE; repeat for more." placeholder:"NAME=VALUE"`
	Partition string            `env:"SAM_PARTITION" help:"aws, aws-cn, aws-us-gov … (default: the region's)."`

	Parameters      string `env:"SAM_PARAMETERS" help:"Parameters as a JSON object." placeholder:"JSON"`
	ManagedPolicies string `env:"SAM_MANAGED_POLICIES" help:"ARNs of managed policies by name, as a JSON object." placeholder:"JSON"`
	Metadata        string `env:"SAM_PASSTHROUGH_METADATA" help:"1 copies the resources' Metadata." placeholder:"0|1"`
}

// Help is printed below the flags.
func (*SAMTranslate) Help() string {
	return `What headgate deploy does to a template that names the transform AWS::Serverless-2016-10-31, without a platform. Exits 2
if the template is wrong.

  headgate sam translate template.yaml
  headgate sam translate template.yaml --region eu-central-1 -P Stage=test`
}

// Run implements the command.
func (c *SAMTranslate) Run(e *env) error {
	text, err := c.read(e)
	if err != nil {
		return usage{err}
	}
	o := sam.Options{Region: e.region, Partition: c.Partition, Parameters: map[string]string{}, PassthroughMetadata: c.Metadata == "1" || c.Metadata == "true"}
	if err := object(c.Parameters, &o.Parameters); err != nil {
		return usagef("--parameters: %w", err)
	}
	if err := object(c.ManagedPolicies, &o.ManagedPolicies); err != nil {
		return usagef("--managed-policies: %w", err)
	}
	for k, v := range c.Parameter {
		o.Parameters[k] = v
	}
	out, err := sam.Translate(text, o)
	if err != nil {
		return usage{err}
	}
	_, err = fmt.Fprintf(e.stdout, "%s\n", out.JSON())
	return err
}

func (c *SAMTranslate) read(e *env) ([]byte, error) {
	if c.Template == "-" {
		return io.ReadAll(e.stdin)
	}
	return os.ReadFile(c.Template)
}

// object reads a JSON object of texts; nothing is none.
func object(text string, into *map[string]string) error {
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), into)
}
