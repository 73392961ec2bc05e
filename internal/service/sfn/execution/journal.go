package execution

import (
	"github.com/headgate/headgate/asl"
)

// journal writes executions' events to CloudWatch Logs, as logging configurations want.
type journal struct{ to Logs }

// after is what follows a commit and may be lost with the node: logs, metrics, word to who waits on this node.
func (s *Service) after(p *process, history []asl.HistoryEvent) func() {
	x := p.x
	status, name := x.Status, x.ARN
	return func() {
		s.record(p.d, x, history)
		if status != asl.Running {
			s.ended.told(name)
		}
	}
}

// record logs and counts what has happened.
func (s *Service) record(d *definition, x *asl.Execution, history []asl.HistoryEvent) {
}
