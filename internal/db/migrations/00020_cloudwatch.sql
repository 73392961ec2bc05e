-- +goose Up
-- Metrics that were published; series is a hash of everything that names one.
CREATE TABLE cloudwatch_metric (
    series     TEXT   NOT NULL PRIMARY KEY,
    account    TEXT   NOT NULL,
    region     TEXT   NOT NULL,
    namespace  TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    dimensions TEXT   NOT NULL, -- JSON, sorted by name
    seen_at    BIGINT NOT NULL  -- last datum, to the hour
);
CREATE INDEX cloudwatch_metric_name ON cloudwatch_metric (account, region, namespace, name, series);

-- Aggregates. Every process writes rows of its own (part), with running totals: a flush replaces
-- and never adds, so repeating one is harmless. Readers add the parts up.
CREATE TABLE cloudwatch_bucket (
    series       TEXT             NOT NULL,
    start        BIGINT           NOT NULL,
    width        BIGINT           NOT NULL, -- milliseconds: 1 s, 60 s, 300 s, 3600 s
    unit         TEXT             NOT NULL,
    part         TEXT             NOT NULL,
    samples      DOUBLE PRECISION NOT NULL,
    total        DOUBLE PRECISION NOT NULL,
    low          DOUBLE PRECISION NOT NULL,
    high         DOUBLE PRECISION NOT NULL,
    distribution BYTEA            NOT NULL,
    PRIMARY KEY (series, start, width, unit, part)
);
CREATE INDEX cloudwatch_bucket_age ON cloudwatch_bucket (width, start);

CREATE TABLE cloudwatch_alarm (
    account         TEXT   NOT NULL,
    region          TEXT   NOT NULL,
    name            TEXT   NOT NULL,
    definition      TEXT   NOT NULL, -- types.MetricAlarm without its state
    tags            TEXT   NOT NULL,
    revision        TEXT   NOT NULL, -- new with every PutMetricAlarm
    state           TEXT   NOT NULL,
    reason          TEXT   NOT NULL,
    reason_data     TEXT   NOT NULL,
    updated_at      BIGINT NOT NULL, -- the state, or its reason
    transitioned_at BIGINT NOT NULL, -- the state's value
    decided_to      BIGINT NOT NULL, -- end of the last period that the state takes account of
    PRIMARY KEY (account, region, name)
);

CREATE TABLE cloudwatch_history (
    account TEXT   NOT NULL,
    region  TEXT   NOT NULL,
    id      TEXT   NOT NULL, -- ordered
    name    TEXT   NOT NULL,
    kind    TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    summary TEXT   NOT NULL,
    data    TEXT   NOT NULL,
    PRIMARY KEY (account, region, id)
);
CREATE INDEX cloudwatch_history_alarm ON cloudwatch_history (account, region, name, id);
CREATE INDEX cloudwatch_history_age ON cloudwatch_history (at);

-- Actions of committed state changes that have not been carried out yet.
CREATE TABLE cloudwatch_action (
    id      TEXT   NOT NULL PRIMARY KEY,
    due_at  BIGINT NOT NULL, -- whoever moves it on carries the action out
    account TEXT   NOT NULL,
    region  TEXT   NOT NULL,
    name    TEXT   NOT NULL,
    target  TEXT   NOT NULL, -- ARN
    payload TEXT   NOT NULL
);
