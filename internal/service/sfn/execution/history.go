package execution

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/internal/db"
)

// GetExecutionHistory lists an execution's events.
func (s *Service) GetExecutionHistory(ctx context.Context, in *sfn.GetExecutionHistoryInput, _ ...func(*sfn.Options)) (*sfn.GetExecutionHistoryOutput, error) {
	limit, err := pageSize(in.MaxResults, 100)
	if err != nil {
		return nil, err
	}
	var p historyPage
	if err := p.token.read(in.NextToken, aws.ToString(in.ExecutionArn)); err != nil {
		return nil, err
	}
	p.limit, p.reverse = limit, in.ReverseOrder
	if err := s.db.View(ctx, func(tx *db.Tx) error {
		x, err := find(tx, aws.ToString(in.ExecutionArn))
		if err != nil {
			return err
		}
		return p.read(tx, x.ID)
	}); err != nil {
		return nil, err
	}
	out := &sfn.GetExecutionHistoryOutput{Events: make([]types.HistoryEvent, 0, len(p.events))}
	for i := range p.events {
		e := p.events[i]
		if in.IncludeExecutionData != nil && !*in.IncludeExecutionData {
			e.Input, e.Output, e.Parameters = nil, nil, nil
		}
		out.Events = append(out.Events, e.SDK())
	}
	if p.more {
		last := p.events[len(p.events)-1].ID
		out.NextToken = pageToken{Of: aws.ToString(in.ExecutionArn), ID: last}.String()
	}
	return out, nil
}

// historyPage reads events from where a token left off.
type historyPage struct {
	token   pageToken
	limit   int
	reverse bool
	events  []asl.HistoryEvent
	more    bool
}

type historyChunkRow struct {
	first, last int64
	events      []asl.HistoryEvent
}

func scanHistory(r db.Row) (c historyChunkRow, err error) {
	var events string
	if err := r.Scan(&c.first, &c.last, &events); err != nil {
		return c, err
	}
	return c, json.Unmarshal([]byte(events), &c.events)
}

// read fills the page; chunks are read a few at a time, since a chunk may hold few events or many.
func (p *historyPage) read(tx *db.Tx, execution string) error {
	const some = 20
	at := p.token.ID // the last event told, or 0
	for {
		q := `SELECT first, last, events FROM sfn_history WHERE execution = $1 AND last > $2 ORDER BY first LIMIT $3`
		if p.reverse {
			q = `SELECT first, last, events FROM sfn_history WHERE execution = $1 AND ($2 = 0 OR first < $2) ORDER BY first DESC LIMIT $3`
		}
		chunks, err := db.All(tx, scanHistory, q, execution, at, some)
		if err != nil {
			return err
		}
		for _, c := range chunks {
			for i := range c.events {
				e := c.events[i]
				if p.reverse {
					e = c.events[len(c.events)-1-i]
				}
				if at != 0 && (!p.reverse && e.ID <= at || p.reverse && e.ID >= at) {
					continue
				}
				if len(p.events) == p.limit {
					p.more = true
					return nil
				}
				p.events = append(p.events, e)
			}
		}
		if len(chunks) < some {
			return nil
		}
		at = p.events[len(p.events)-1].ID
	}
}
