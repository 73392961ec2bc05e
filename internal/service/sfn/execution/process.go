package execution

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

// process is a Standard execution as durable keeps it.
type process struct {
	facts
	x *asl.Execution
	m *asl.StateMachine
	d *definition

	runs    map[string]storedMapRun // by ARN: what a redrive may go on with
	opening bool                    // its row is not written yet: that is up to who opens it
	apart   map[int64]bool          // frames that are stored in parts of their own
}

// facts are what the service knows of an execution beside what the language does.
type facts struct {
	ID       string           `json:"id"`
	Caller   caller.Caller    `json:"caller"`
	Revision string           `json:"revision"`
	Path     []string         `json:"path,omitempty"` // the distributed Map state whose child it is; see asl.StateMachine.Child
	Parent   *parent          `json:"parent,omitempty"`
	Held     map[string]held  `json:"held,omitempty"` // ends of nested executions, by task
	Exact    bool             `json:"exact,omitempty"`
	Pins     integration.Pins `json:"pins,omitempty"`
	Trace    string           `json:"trace,omitempty"`
	Items    int              `json:"items,omitempty"`   // of a map run's child
	Round    int              `json:"round,omitempty"`   // the map run's redrives when it began
	Redrive  bool             `json:"redrive,omitempty"` // its first event is a redrive
}

// parent is who is told of an execution's end.
type parent struct {
	Kind     string      `json:"kind"`
	Instance string      `json:"instance"`
	Task     string      `json:"task,omitempty"` // of an execution
	Pattern  asl.Pattern `json:"pattern,omitempty"`
	Index    int         `json:"index,omitempty"` // of a map run
}

// held is an event that waits for an earlier one.
type held struct {
	Event string          `json:"event"`
	Data  json.RawMessage `json:"data"`
}

// Parts of the state beside the instance's own row: the input, which never changes, and the frames below the main
// flow. The main flow is in the row, but while it waits for frames of its own: then it does not change, however big
// its input and its items, and the row is written with every step.
const (
	partInput = "input"
	partFrame = "frame-"
)

// stored is the part in the instance's row.
type stored struct {
	facts
	Execution *asl.Execution `json:"execution"`
}

// parts encodes what changed.
func (p *process) parts(first bool, changed, removed map[int64]bool) map[string][]byte {
	out := map[string][]byte{}
	row := stored{facts: p.facts, Execution: &asl.Execution{}}
	*row.Execution = *p.x
	row.Execution.Input, row.Execution.Frames = asl.Text{}, map[int64]*asl.Frame{}
	if first {
		out[partInput] = []byte(p.x.Input.String())
	}
	for id := range removed {
		if p.apart[id] {
			out[partName(id)] = nil
			delete(p.apart, id)
		}
	}
	for id, f := range p.x.Frames {
		if f.Parent == 0 && f.Group == nil {
			row.Execution.Frames[id] = f
			if p.apart[id] {
				out[partName(id)] = nil
				delete(p.apart, id)
			}
			continue
		}
		if changed[id] || !p.apart[id] {
			out[partName(id)] = encode(f.Apart())
			p.apart[id] = true
		}
	}
	out[""] = encode(row)
	return out
}

func partName(id int64) string { return partFrame + strconv.FormatInt(id, 10) }

// load decodes what parts encoded.
func (s *Service) load(parts map[string][]byte) (*process, error) {
	var row stored
	if err := json.Unmarshal(parts[""], &row); err != nil {
		return nil, err
	}
	p := &process{facts: row.facts, x: row.Execution, apart: map[int64]bool{}}
	input, err := jsonvalue.FromText(string(parts[partInput]))
	if err != nil {
		return nil, err
	}
	p.x.Input = input
	if p.x.Frames == nil {
		p.x.Frames = map[int64]*asl.Frame{}
	}
	for name, data := range parts {
		if !strings.HasPrefix(name, partFrame) {
			continue
		}
		f := &asl.Frame{}
		if err := json.Unmarshal(data, f); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		p.x.Frames[f.ID], p.apart[f.ID] = f, true
	}
	p.x.Join()
	if err := s.attach(p); err != nil {
		return nil, durable.Retry(err, time.Second)
	}
	return p, nil
}

// attach gives a process its definition.
func (s *Service) attach(p *process) error {
	d, err := s.revision(s.ctx, p.x.MachineARN, p.Revision)
	if err != nil {
		return err
	}
	p.d, p.m = d, d.child(p.Path)
	if p.m == nil {
		return fmt.Errorf("%s: no distributed map at %v", p.x.ARN, p.Path)
	}
	p.x.Refuse = s.refuse
	return nil
}

// encode writes a document of ours, which always can be written.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// open has a new execution decide on its start. Its row is written, or changed, by who opens it.
func (s *Service) open(p *process) (*durable.Opening, error) {
	p.opening = true
	defer func() { p.opening = false }()
	return s.engine.Open(kind, p.ID, p)
}
