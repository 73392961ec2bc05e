-- +goose Up
-- Stacks. A deleted stack stays readable by its id. Templates stand beside the definition (JSON),
-- since most readers do not want them; previous_* is what a rollback goes back to.
CREATE TABLE cfn_stack (
    account             TEXT    NOT NULL,
    region              TEXT    NOT NULL,
    id                  TEXT    NOT NULL, -- ARN
    name                TEXT    NOT NULL,
    status              TEXT    NOT NULL,
    reason              TEXT    NOT NULL,
    created_at          BIGINT  NOT NULL,
    updated_at          BIGINT  NOT NULL, -- 0: never
    deleted_at          BIGINT  NOT NULL, -- 0: not
    protected           BOOLEAN NOT NULL,
    operation           TEXT    NOT NULL, -- id of the durable instance that works on it, or ''
    seq                 BIGINT  NOT NULL, -- of its newest event
    outputs             TEXT    NOT NULL,
    definition          TEXT    NOT NULL,
    original            TEXT    NOT NULL,
    processed           TEXT    NOT NULL,
    previous_definition TEXT    NOT NULL,
    previous_original   TEXT    NOT NULL,
    previous_processed  TEXT    NOT NULL,
    PRIMARY KEY (account, region, id)
);
CREATE UNIQUE INDEX cfn_stack_name ON cfn_stack (account, region, name) WHERE deleted_at = 0;

-- A stack's resources. slot: 'current'; 'previous', as it was when the operation began; 'discarded',
-- a replacement that a rollback has to delete.
CREATE TABLE cfn_resource (
    stack_id    TEXT   NOT NULL,
    logical_id  TEXT   NOT NULL,
    slot        TEXT   NOT NULL,
    type        TEXT   NOT NULL,
    physical_id TEXT   NOT NULL,
    status      TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    updated_at  BIGINT NOT NULL,
    attributes  TEXT   NOT NULL,
    doc         TEXT   NOT NULL, -- evaluated properties, policies, dependencies
    PRIMARY KEY (stack_id, logical_id, slot)
);
CREATE INDEX cfn_resource_physical ON cfn_resource (physical_id);

CREATE TABLE cfn_event (
    stack_id TEXT   NOT NULL,
    seq      BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    doc      TEXT   NOT NULL,
    PRIMARY KEY (stack_id, seq)
);

CREATE TABLE cfn_change_set (
    account    TEXT   NOT NULL,
    region     TEXT   NOT NULL,
    id         TEXT   NOT NULL, -- ARN
    stack_id   TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    execution  TEXT   NOT NULL,
    doc        TEXT   NOT NULL,
    PRIMARY KEY (account, region, id)
);
CREATE UNIQUE INDEX cfn_change_set_name ON cfn_change_set (stack_id, name);

CREATE TABLE cfn_export (
    account  TEXT NOT NULL,
    region   TEXT NOT NULL,
    name     TEXT NOT NULL,
    stack_id TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (account, region, name)
);
CREATE INDEX cfn_export_stack ON cfn_export (stack_id);

CREATE TABLE cfn_import (
    account  TEXT NOT NULL,
    region   TEXT NOT NULL,
    name     TEXT NOT NULL,
    stack_id TEXT NOT NULL,
    PRIMARY KEY (account, region, name, stack_id)
);
CREATE INDEX cfn_import_stack ON cfn_import (stack_id);
