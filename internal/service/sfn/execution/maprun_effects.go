package execution

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
	"github.com/headgate/headgate/internal/service/sfn/integration"
)

// Arguments of a map run's effects.
type (
	readArgs struct {
		Call integration.Call `json:"call"`
		Read asl.ReadItems    `json:"read"`
	}
	startArgs struct {
		Caller   caller.Caller    `json:"caller"`
		Revision string           `json:"revision"`
		Path     []string         `json:"path"`
		Exact    bool             `json:"exact,omitempty"`
		Pins     integration.Pins `json:"pins,omitempty"`
		Info     asl.Info         `json:"info"`
		Items    int              `json:"items"`
		Round    int              `json:"round,omitempty"` // the run's redrives
		Child    asl.StartChild   `json:"child"`
	}
	writeArgs struct {
		Call   integration.Call   `json:"call"`
		Writer asl.ResultWriter   `json:"writer"`
		Run    integration.MapRun `json:"run"`
	}
)

// childIndex is the index in the id of a child's effect: see asl.StartChild.Key.
func childIndex(effect string) int {
	i, _ := strconv.Atoi(effect[strings.LastIndexByte(effect, '-')+1:])
	return i
}

func (s *Service) readItems(ctx context.Context, c durable.Call) (any, error) {
	var a readArgs
	if err := json.Unmarshal(c.Args, &a); err != nil {
		return nil, err
	}
	out, err := s.calls.ReadItems(caller.With(ctx, a.Call.Caller), a.Call, a.Read)
	if err != nil {
		return nil, durable.Retry(err, time.Second)
	}
	return out, nil
}

// writeResults writes a run's results, with the times that only the children's rows know.
func (s *Service) writeResults(ctx context.Context, c durable.Call) (any, error) {
	var a writeArgs
	if err := json.Unmarshal(c.Args, &a); err != nil {
		return nil, err
	}
	times := map[string][2]int64{}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		_, err := db.All(tx, func(r db.Row) (struct{}, error) {
			var name string
			var t [2]int64
			err := r.Scan(&name, &t[0], &t[1])
			times[name] = t
			return struct{}{}, err
		}, `SELECT name, started_at, stopped_at FROM sfn_execution WHERE map_run = $1 AND map_run <> ''`, a.Run.ARN)
		return err
	})
	if err != nil {
		return nil, durable.Retry(err, time.Second)
	}
	for i := range a.Run.Children {
		child := &a.Run.Children[i]
		if t, ok := times[child.Name]; ok {
			child.StartedAt = time.UnixMilli(t[0]).UTC()
			if t[1] != 0 {
				child.StoppedAt = time.UnixMilli(t[1]).UTC()
			}
		}
	}
	out, err := s.calls.WriteResults(caller.With(ctx, a.Call.Caller), a.Call, a.Writer, a.Run)
	if err != nil {
		return nil, durable.Retry(err, time.Second)
	}
	return out, nil
}

// startMapChild starts a child execution. An Express child runs here, to its end.
func (s *Service) startMapChild(ctx context.Context, c durable.Call) (any, error) {
	var a startArgs
	if err := json.Unmarshal(c.Args, &a); err != nil {
		return nil, err
	}
	if a.Child.Redrive {
		out, err := s.redriveChild(ctx, a)
		if !errors.Is(err, db.ErrNotFound) {
			return out, err
		}
		// It was given up before it began.
	}
	d, err := s.revision(ctx, a.Info.MachineARN, a.Revision)
	if err != nil {
		return nil, durable.Retry(err, time.Second)
	}
	m := d.child(a.Path)
	if m == nil {
		return nil, errors.New("the definition has no such distributed map")
	}
	x := asl.New(a.Info, a.Child.Input)
	if a.Info.Express {
		e := &express{s: s, x: x, def: d, m: m, caller: a.Caller, pins: a.Pins, exact: a.Exact, events: make(chan asl.Event, 64)}
		e.run(ctx)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return asl.ChildEnded{Index: a.Child.Index, Status: x.Status, Output: x.Output, Error: x.Error, Cause: x.Cause, Round: a.Round}, nil
	}
	p := &process{d: d, m: m, x: x, apart: map[int64]bool{}}
	p.facts = facts{ID: childID(c.Instance, a.Child.Name), Caller: a.Caller, Revision: a.Revision, Path: a.Path, Exact: a.Exact, Pins: a.Pins, Items: a.Items, Round: a.Round,
		Parent: &parent{Kind: kindMapRun, Instance: c.Instance, Index: a.Child.Index}}
	p.x.Refuse = s.refuse
	opening, err := s.open(p)
	if err != nil {
		return nil, err
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := rowTx(tx, x.ARN); !errors.Is(err, db.ErrNotFound) {
			return err // it was started before, or the store is in trouble
		}
		if err := insert(tx, p); err != nil {
			return err
		}
		return opening.Write(tx)
	})
	if err != nil {
		return nil, durable.Retry(err, time.Second)
	}
	return nil, nil
}
