package asl

import "time"

// Inspection records a state's data on its way, for TestState's inspectionData.
type Inspection struct {
	Data         map[string]Text // afterInputPath, afterParameters, afterArguments, result, afterResultSelector, afterResultPath
	Numbers      map[string]float64
	CatchIndex   *int
	RetryIndex   *int
	RetryBackoff time.Duration

	failure *Failure // the last one
}

// set keeps the data as it is after a stage. Executions have no Inspection, and nothing is kept.
func (i *Inspection) set(stage string, v Text) {
	if i != nil {
		i.Data[stage] = v
	}
}

// note keeps a number that a Map state evaluated.
func (i *Inspection) note(name string, n float64) {
	if i != nil {
		i.Numbers[name] = n
	}
}

// caught keeps which of the catchers took the error.
func (i *Inspection) caught(index int) {
	if i != nil {
		i.CatchIndex = &index
	}
}

// retried keeps which of the retriers took the error, and when it would run the state again.
func (i *Inspection) retried(index int, backoff time.Duration) {
	if i != nil {
		i.RetryIndex, i.RetryBackoff = &index, backoff
	}
}
