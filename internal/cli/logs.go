package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// followEvery is how often --follow asks for new lines.
const followEvery = 300 * time.Millisecond

// Logs is `headgate logs`.
type Logs struct {
	Function string        `arg:"" help:"Function name, or a log group that starts with /."`
	Follow   bool          `short:"f" help:"Go on with new lines until interrupted."`
	Since    time.Duration `default:"10m" help:"How far back to begin (platform time)."`
	All      bool          `help:"Begin with the first line that is kept."`
	Filter   string        `help:"CloudWatch Logs filter pattern."`
}

// Help is printed below the flags.
func (*Logs) Help() string {
	return `  headgate logs app --follow
  headgate logs app --since 1h --filter ERROR
  headgate logs /aws/lambda/app --all --json`
}

// Run implements the command.
func (c *Logs) Run(e *env) error {
	cfg, err := e.aws(e.ctx)
	if err != nil {
		return err
	}
	client := cloudwatchlogs.NewFromConfig(cfg)
	group := c.Function
	if !strings.HasPrefix(group, "/") {
		name, _, _ := strings.Cut(group[strings.LastIndex(group, "function:")+1:], ":")
		group = "/aws/lambda/" + strings.TrimPrefix(name, "unction:")
	}
	in := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group}
	if c.Filter != "" {
		in.FilterPattern = &c.Filter
	}
	if !c.All {
		now, err := platformNow(e)
		if err != nil {
			return err
		}
		in.StartTime = aws.Int64(now.Add(-c.Since).UnixMilli())
	}
	return c.print(e, client, in)
}

// print writes the events from in.StartTime on; each once, though events of one millisecond may come in
// two answers.
func (c *Logs) print(e *env, client *cloudwatchlogs.Client, in *cloudwatchlogs.FilterLogEventsInput) error {
	seen := map[string]bool{}
	for {
		last := aws.ToInt64(in.StartTime)
		pages := cloudwatchlogs.NewFilterLogEventsPaginator(client, in)
		for pages.HasMorePages() {
			out, err := pages.NextPage(e.ctx)
			var missing *types.ResourceNotFoundException
			if errors.As(err, &missing) {
				if !c.Follow {
					return failf("%s has no log yet: log group %s does not exist", c.Function, *in.LogGroupName)
				}
				break // it comes with the first invocation
			}
			if err != nil {
				return err
			}
			for _, ev := range out.Events {
				if seen[aws.ToString(ev.EventId)] {
					continue
				}
				seen[aws.ToString(ev.EventId)] = true
				last = max(last, aws.ToInt64(ev.Timestamp))
				if err := c.event(e, ev); err != nil {
					return err
				}
			}
		}
		if !c.Follow {
			return nil
		}
		in.StartTime = aws.Int64(max(last-2000, aws.ToInt64(in.StartTime))) // late lines of other environments
		select {
		case <-time.After(followEvery):
		case <-e.ctx.Done():
			return nil // how following ends
		}
	}
}

func (c *Logs) event(e *env, ev types.FilteredLogEvent) error {
	if e.json {
		return e.print(map[string]any{"timestamp": ev.Timestamp, "stream": ev.LogStreamName, "message": ev.Message})
	}
	at := time.UnixMilli(aws.ToInt64(ev.Timestamp)).UTC()
	_, err := fmt.Fprintf(e.stdout, "%s  %s\n", at.Format("15:04:05.000"), strings.TrimRight(aws.ToString(ev.Message), "\n"))
	return err
}
