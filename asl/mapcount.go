package asl

// MapRunCount counts a map run's children, or their items, by how they are.
type MapRunCount struct {
	Pending   int `json:"pending"`
	Running   int `json:"running"`
	Succeeded int `json:"succeeded"`
	Failed    int `json:"failed"`
	TimedOut  int `json:"timedOut"`
	Aborted   int `json:"aborted"`
	Total     int `json:"total"`
	Written   int `json:"written"`
	// Of a redriven run: what waits for its turn, and what failed for good.
	PendingRedrive        int `json:"pendingRedrive,omitempty"`
	FailuresNotRedrivable int `json:"failuresNotRedrivable,omitempty"`
}

// MapRunCounts are a run's counts, as DescribeMapRun answers them.
type MapRunCounts struct {
	Executions MapRunCount `json:"executions"`
	Items      MapRunCount `json:"items"`
}

// Counts counts the run's children.
func (r *MapRun) Counts() MapRunCounts {
	var out MapRunCounts
	for i := range r.Children {
		c := &r.Children[i]
		out.Executions.add(c.Status, 1)
		out.Items.add(c.Status, c.Items)
		if c.Final {
			out.Executions.FailuresNotRedrivable++
			out.Items.FailuresNotRedrivable += c.Items
		}
	}
	if r.Result != nil && !r.Result.Failed && r.Spec.Writer != nil && r.Spec.Writer.Resource.ARN != "" {
		out.Executions.Written, out.Items.Written = out.Executions.Total, out.Items.Total
	}
	return out
}

func (c *MapRunCount) add(s Status, n int) {
	c.Total += n
	switch s {
	case Running:
		c.Running += n
	case Succeeded:
		c.Succeeded += n
	case Failed:
		c.Failed += n
	case TimedOut:
		c.TimedOut += n
	case Aborted:
		c.Aborted += n
	case PendingRedrive:
		c.PendingRedrive += n
	default:
		c.Pending += n
	}
}
