-- +goose Up
-- Settings of the whole store: the clock's anchor, the platform's own secrets.
CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- Nodes that share the store. Times here are wall-clock milliseconds: a lease is about machines.
CREATE TABLE durable_node (
    node       TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

-- Long-running instances; a row goes when its instance is done.
CREATE TABLE durable_instance (
    kind    TEXT    NOT NULL,
    id      TEXT    NOT NULL,
    state   BYTEA   NOT NULL,
    step    BIGINT  NOT NULL, -- decisions taken so far
    wake_at BIGINT,           -- platform milliseconds; null: nothing to wake for
    node    TEXT    NOT NULL, -- who may decide
    fence   BIGINT  NOT NULL, -- grows with every change of node
    PRIMARY KEY (kind, id)
);
CREATE INDEX durable_instance_wake ON durable_instance (node, wake_at);

-- Events that an instance has not decided on yet, oldest id first.
CREATE TABLE durable_event (
    id       TEXT NOT NULL PRIMARY KEY,
    kind     TEXT NOT NULL,
    instance TEXT NOT NULL,
    name     TEXT NOT NULL,
    data     BYTEA NOT NULL
);
CREATE INDEX durable_event_instance ON durable_event (kind, instance, id);

-- Effects that were decided and whose result has not been decided on yet.
CREATE TABLE durable_effect (
    kind     TEXT NOT NULL,
    instance TEXT NOT NULL,
    id       TEXT NOT NULL,
    name     TEXT NOT NULL,
    args     BYTEA NOT NULL,
    PRIMARY KEY (kind, instance, id)
);
