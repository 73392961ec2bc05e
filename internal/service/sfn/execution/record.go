package execution

import (
	"time"

	"github.com/headgate/headgate/asl"
)

// after is what follows a commit and may be lost with the node: logs, metrics, word to who waits on this node. What it
// tells is taken down now: by then the execution may be further.
func (s *Service) after(p *process, history []asl.HistoryEvent) func() {
	record := s.record(p.d, p.x, history)
	ended, name := p.x.Status != asl.Running, p.x.ARN
	return func() {
		record()
		if ended {
			s.ended.told(name)
		}
	}
}

// record takes down what has happened; the function that it returns logs and counts it.
func (s *Service) record(d *definition, x *asl.Execution, history []asl.HistoryEvent) func() {
	var samples []sample
	base := sample{account: x.Account, region: x.Region, machine: x.MachineARN, version: x.VersionARN, alias: x.AliasARN}
	for i := range history {
		switch e := &history[i]; e.Type {
		case "ExecutionStarted":
			base.name, base.at, base.took = "ExecutionsStarted", e.Timestamp, 0
		case "ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted":
			base.name, base.at, base.took = endMetric(x.Status), e.Timestamp, max(time.Duration(0), e.Timestamp.Sub(x.StartedAt))
		default:
			continue
		}
		samples = append(samples, base)
	}
	arn, redrives := x.ARN, x.RedriveCount
	return func() {
		s.journal.add(d.Machine, arn, redrives, history)
		for _, m := range samples {
			s.metrics.put(m)
		}
	}
}
