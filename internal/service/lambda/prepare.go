package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/headgate/headgate/internal/blob"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/durable"
)

// kindPrepare is a durable instance for each change of a function's code or configuration: it ends
// the Pending or InProgress state.
const kindPrepare = "lambda.prepare"

type preparation struct {
	ID                    string // also the instance's; rows that carry it are waiting for it
	Account, Region, Name string
}

func (p preparation) key() key { return key{p.Account, p.Region, p.Name} }

// prepare starts the preparation named; the rows that wait for it carry its name.
func (s *Service) prepare(tx *db.Tx, name string, k key) error {
	return s.Engine.Create(tx, kindPrepare, name, preparation{name, k.account, k.region, k.name})
}

func (s *Service) preparation() durable.Machine[preparation] {
	return durable.Machine[preparation]{
		Kind: kindPrepare,
		Decide: func(p preparation, ev durable.Event, _ time.Time) durable.Decision[preparation] {
			if ev.Name == durable.Started {
				return durable.Decision[preparation]{State: p, Effects: []durable.Effect{{ID: "ready", Name: "ready", Args: p}}}
			}
			return durable.Decision[preparation]{State: p, Done: true} // ready has recorded its result itself
		},
		Effects: map[string]durable.EffectFunc{"ready": s.ready},
	}
}

// ready unpacks what the waiting rows show and lets them serve, in one transaction. Repeating it
// finds no row that waits.
func (s *Service) ready(ctx context.Context, call durable.Call) (any, error) {
	var p preparation
	if err := json.Unmarshal(call.Args, &p); err != nil {
		return nil, err
	}
	var waiting []versionRow
	err := s.DB.View(ctx, func(tx *db.Tx) (err error) {
		waiting, err = waitingRows(tx, p)
		return err
	})
	if err != nil {
		return nil, durable.Retry(err, time.Second)
	}
	var failed error
	for _, v := range waiting {
		for _, sha := range append([]string{v.shown.SHA}, v.shown.LayerSHA...) {
			if _, failed = s.packages.folder(ctx, sha); failed != nil {
				break
			}
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if failed != nil {
		s.log.Warn("function package cannot be readied", "function", p.key().arn(""), "error", failed)
	}
	if err := s.DB.Update(ctx, func(tx *db.Tx) error { return settle(tx, p, failed) }); err != nil {
		return nil, durable.Retry(err, time.Second)
	}
	return nil, nil
}

func waitingRows(tx *db.Tx, p preparation) ([]versionRow, error) {
	vs, err := db.All(tx, scanVersion, `SELECT `+versionColumns+` FROM lambda_version
		WHERE account = $1 AND region = $2 AND name = $3 AND preparation = $4 ORDER BY number`, p.Account, p.Region, p.Name, p.ID)
	return vs, wrap(err, "read versions")
}

// settle ends the waiting of p's rows: the new code serves or, after a failure, the old one stays.
func settle(tx *db.Tx, p preparation, failed error) error {
	vs, err := waitingRows(tx, p)
	if err != nil {
		return err
	}
	for _, v := range vs {
		v.preparation = ""
		if failed != nil {
			fail(&v, failed)
		} else {
			if err := releasePackages(tx, v); err != nil { // what served until now
				return err
			}
			succeed(&v)
		}
		if err := writeVersion(tx, v); err != nil {
			return err
		}
		changed(tx, v.key)
	}
	return nil
}

func succeed(v *versionRow) {
	c := &v.shown.Config
	c.State, c.StateReason, c.StateReasonCode = types.StateActive, nil, ""
	c.LastUpdateStatus, c.LastUpdateStatusReason, c.LastUpdateStatusReasonCode = types.LastUpdateStatusSuccessful, nil, ""
	v.serving = &v.shown
}

func fail(v *versionRow, cause error) {
	reason, code := "The package could not be stored on the function's host.", types.LastUpdateStatusReasonCodeInternalError
	if badZip(cause) {
		reason, code = cannotUnzip, types.LastUpdateStatusReasonCodeInvalidZipFileException
	} else if errors.Is(cause, blob.ErrNotFound) {
		reason = "The package is not in the package store any more."
	}
	if v.serving != nil { // an update: back to what serves
		v.shown = *v.serving
	} else {
		c := &v.shown.Config
		c.State, c.StateReason, c.StateReasonCode = types.StateFailed, aws.String(reason), types.StateReasonCode(code)
	}
	c := &v.shown.Config
	c.LastUpdateStatus, c.LastUpdateStatusReason, c.LastUpdateStatusReasonCode = types.LastUpdateStatusFailed, aws.String(reason), code
}
