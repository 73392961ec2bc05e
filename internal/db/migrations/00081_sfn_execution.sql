-- +goose Up
-- The parts of a long-running instance's state that are kept apart from its row, since they change seldom or are many.
CREATE TABLE durable_part (
    kind     TEXT  NOT NULL,
    instance TEXT  NOT NULL,
    name     TEXT  NOT NULL,
    data     BYTEA NOT NULL,
    PRIMARY KEY (kind, instance, name)
);

-- Standard executions, running and ended.
CREATE TABLE sfn_execution (
    account     TEXT   NOT NULL,
    region      TEXT   NOT NULL,
    arn         TEXT   NOT NULL,
    id          TEXT   NOT NULL, -- of the durable instance and of the history
    machine     TEXT   NOT NULL, -- the state machine's ARN
    name        TEXT   NOT NULL,
    version     TEXT   NOT NULL, -- ARN, if it was started with a version or by an alias
    alias       TEXT   NOT NULL, -- ARN, if it was started by an alias
    revision    TEXT   NOT NULL,
    map_run     TEXT   NOT NULL, -- ARN, of a distributed map's child
    status      TEXT   NOT NULL, -- Step Functions', or DELETED while the sweep is at it
    started_at  BIGINT NOT NULL,
    stopped_at  BIGINT NOT NULL, -- 0: not yet
    redrives    BIGINT NOT NULL,
    redriven_at BIGINT NOT NULL,
    round       BIGINT NOT NULL, -- of a map run's child: the run's redrives when the child last began
    events      BIGINT NOT NULL, -- in its history, when it ended
    input       TEXT   NOT NULL,
    output      TEXT   NOT NULL,
    error       TEXT   NOT NULL,
    cause       TEXT   NOT NULL,
    doc         TEXT   NOT NULL, -- JSON: what nobody queries
    PRIMARY KEY (account, region, arn)
);
CREATE INDEX sfn_execution_machine ON sfn_execution (machine, started_at, id);
CREATE INDEX sfn_execution_map_run ON sfn_execution (map_run, started_at, id) WHERE map_run <> '';
CREATE INDEX sfn_execution_revision ON sfn_execution (revision);
CREATE INDEX sfn_execution_stopped ON sfn_execution (stopped_at) WHERE stopped_at > 0;
CREATE INDEX sfn_execution_deleted ON sfn_execution (id) WHERE status = 'DELETED';
CREATE INDEX sfn_execution_running ON sfn_execution (account, region, machine, revision) WHERE status = 'RUNNING';

-- Histories, in pieces: the events of one decision, as a JSON list.
CREATE TABLE sfn_history (
    execution TEXT   NOT NULL, -- sfn_execution.id
    first     BIGINT NOT NULL, -- id of the first event
    last      BIGINT NOT NULL,
    events    TEXT   NOT NULL,
    PRIMARY KEY (execution, first)
);

-- Where an execution or a map run that failed goes on if it is redriven.
CREATE TABLE sfn_redrive (
    execution  TEXT   NOT NULL PRIMARY KEY, -- or map run: the durable instance's id
    state      BYTEA  NOT NULL,
    stopped_at BIGINT NOT NULL
);
CREATE INDEX sfn_redrive_stopped ON sfn_redrive (stopped_at);

-- Task tokens: of activities' tasks and of .waitForTaskToken.
CREATE TABLE sfn_token (
    token     TEXT    NOT NULL PRIMARY KEY,
    execution TEXT    NOT NULL,
    task      TEXT    NOT NULL,
    ended     BOOLEAN NOT NULL -- nobody waits for the task any more
);
CREATE INDEX sfn_token_task ON sfn_token (execution, task);

-- Activities' tasks that no worker has taken, oldest id first.
CREATE TABLE sfn_activity_task (
    id        TEXT NOT NULL PRIMARY KEY,
    activity  TEXT NOT NULL, -- ARN
    execution TEXT NOT NULL,
    task      TEXT NOT NULL,
    token     TEXT NOT NULL,
    input     TEXT NOT NULL
);
CREATE INDEX sfn_activity_task_activity ON sfn_activity_task (activity, id);
CREATE INDEX sfn_activity_task_execution ON sfn_activity_task (execution, task);

-- The runs of distributed Map states.
CREATE TABLE sfn_map_run (
    account    TEXT   NOT NULL,
    region     TEXT   NOT NULL,
    arn        TEXT   NOT NULL,
    id         TEXT   NOT NULL, -- of the durable instance
    execution  TEXT   NOT NULL, -- ARN
    machine    TEXT   NOT NULL, -- ARN
    revision   TEXT   NOT NULL,
    status     TEXT   NOT NULL,
    started_at BIGINT NOT NULL,
    stopped_at BIGINT NOT NULL,
    doc        TEXT   NOT NULL, -- JSON: limits and counts
    PRIMARY KEY (account, region, arn)
);
CREATE INDEX sfn_map_run_execution ON sfn_map_run (execution, started_at, id);
CREATE INDEX sfn_map_run_revision ON sfn_map_run (revision);
CREATE INDEX sfn_map_run_stopped ON sfn_map_run (stopped_at) WHERE stopped_at > 0;
CREATE INDEX sfn_map_run_running ON sfn_map_run (machine) WHERE status = 'RUNNING';

-- Revisions of state machines that are gone. What was started with one is hidden at once, and swept in portions.
CREATE TABLE sfn_gone (
    revision TEXT NOT NULL PRIMARY KEY,
    machine  TEXT NOT NULL -- ARN
);

-- Function versions that executions need: written before the versions are looked at, so that whoever deletes one
-- sees either the need or no execution.
CREATE TABLE sfn_pin (
    execution TEXT   NOT NULL, -- ARN
    version   TEXT   NOT NULL, -- ARN of the function's version
    function  TEXT   NOT NULL, -- ARN as the definition means it
    since     BIGINT NOT NULL, -- wall-clock milliseconds: a need without an execution is swept after a while
    PRIMARY KEY (execution, function)
);
CREATE INDEX sfn_pin_version ON sfn_pin (version);
