package cloudwatch

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/headgate/headgate/internal/arn"
	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

// storedAlarm is a row of cloudwatch_alarm.
type storedAlarm struct {
	key
	revision string
	def      types.MetricAlarm // without state
	tags     map[string]string
	alarmState
}

const selectAlarm = `SELECT account, region, name, definition, tags, revision, state, reason, reason_data, updated_at, transitioned_at, decided_to FROM cloudwatch_alarm`

func scanAlarm(r db.Row) (st storedAlarm, err error) {
	var def, tags, state string
	if err := r.Scan(&st.Account, &st.Region, &st.Name, &def, &tags, &st.revision, &state, &st.reason, &st.data, &st.updated, &st.transitioned, &st.decided); err != nil {
		return st, err
	}
	st.value = types.StateValue(state)
	if err := json.Unmarshal([]byte(def), &st.def); err != nil {
		return st, fmt.Errorf("alarm %s: %w", st.Name, err)
	}
	return st, json.Unmarshal([]byte(tags), &st.tags)
}

func readAlarm(tx *db.Tx, k key) (storedAlarm, error) {
	return db.One(tx, scanAlarm, selectAlarm+` WHERE account = $1 AND region = $2 AND name = $3`, k.Account, k.Region, k.Name)
}

func readState(tx *db.Tx, k key) (st alarmState, revision string, err error) {
	_, err = db.One(tx, func(r db.Row) (struct{}, error) {
		return struct{}{}, r.Scan(&revision, (*string)(&st.value), &st.reason, &st.data, &st.updated, &st.transitioned, &st.decided)
	}, `SELECT revision, state, reason, reason_data, updated_at, transitioned_at, decided_to FROM cloudwatch_alarm
		WHERE account = $1 AND region = $2 AND name = $3`, k.Account, k.Region, k.Name)
	return st, revision, err
}

// output is the alarm as AWS describes it.
func (st storedAlarm) output() types.MetricAlarm {
	a := st.def
	a.StateValue = st.value
	a.StateReason = aws.String(st.reason)
	if st.data != "" {
		a.StateReasonData = aws.String(st.data)
	}
	a.StateUpdatedTimestamp = at(st.updated)
	a.StateTransitionedTimestamp = at(st.transitioned)
	return a
}

// write inserts the alarm or replaces its definition, tags and revision; the state of an existing
// one is left alone.
func (st storedAlarm) write(tx *db.Tx) error {
	_, err := tx.Exec(`INSERT INTO cloudwatch_alarm (account, region, name, definition, tags, revision, state, reason, reason_data, updated_at, transitioned_at, decided_to)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (account, region, name) DO UPDATE SET definition = excluded.definition, tags = excluded.tags, revision = excluded.revision`,
		st.Account, st.Region, st.Name, mustJSON(st.def), mustJSON(st.tags), st.revision,
		string(st.value), st.reason, st.data, st.updated, st.transitioned, st.decided)
	return err
}

func keyOf(c caller.Caller, name string) key { return key{c.Account, c.Region, name} }

func alarmARN(c caller.Caller, name string) string { return arn.For(c, "cloudwatch", "alarm:"+name) }
