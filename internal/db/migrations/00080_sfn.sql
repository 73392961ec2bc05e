-- +goose Up

-- A state machine. Its definition and configuration are those of the revision it names.
CREATE TABLE sfn_machine (
    account      TEXT NOT NULL,
    region       TEXT NOT NULL,
    name         TEXT NOT NULL,
    arn          TEXT NOT NULL,
    type         TEXT NOT NULL,
    status       TEXT NOT NULL,   -- ACTIVE, or DELETING while executions run
    revision     TEXT NOT NULL,   -- sfn_revision.id
    next_version BIGINT NOT NULL, -- numbers of versions are never given twice
    tags         TEXT NOT NULL,   -- JSON object
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (account, region, name)
);

-- What a state machine was between two updates. Its id is unique over all machines and their namesakes before them.
CREATE TABLE sfn_revision (
    id         TEXT NOT NULL PRIMARY KEY,
    machine    TEXT NOT NULL,   -- ARN; the machine may be gone while an execution refers to the revision
    type       TEXT NOT NULL,
    initial    BOOLEAN NOT NULL,
    definition TEXT NOT NULL,
    role       TEXT NOT NULL,
    config     TEXT NOT NULL,   -- JSON: logging, tracing and encryption configuration
    created_at BIGINT NOT NULL
);
CREATE INDEX sfn_revision_machine ON sfn_revision (machine);

CREATE TABLE sfn_version (
    account     TEXT NOT NULL,
    region      TEXT NOT NULL,
    machine     TEXT NOT NULL,   -- name
    version     BIGINT NOT NULL,
    revision    TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (account, region, machine, version)
);

CREATE TABLE sfn_alias (
    account     TEXT NOT NULL,
    region      TEXT NOT NULL,
    machine     TEXT NOT NULL,   -- name
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    routing     TEXT NOT NULL,   -- JSON list of {stateMachineVersionArn, weight}
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (account, region, machine, name)
);

CREATE TABLE sfn_activity (
    account    TEXT NOT NULL,
    region     TEXT NOT NULL,
    name       TEXT NOT NULL,
    arn        TEXT NOT NULL,
    encryption TEXT NOT NULL,   -- JSON
    tags       TEXT NOT NULL,   -- JSON object
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account, region, name)
);
