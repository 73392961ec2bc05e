package execution

// metrics counts executions in the namespace AWS/States.
type metrics struct{ to Metrics }
