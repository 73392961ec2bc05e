-- +goose Up
CREATE TABLE sqs_queue (
    account    TEXT   NOT NULL,
    region     TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    attributes TEXT   NOT NULL, -- JSON: what was set, by name
    tags       TEXT   NOT NULL, -- JSON
    created    BIGINT NOT NULL,
    modified   BIGINT NOT NULL,
    PRIMARY KEY (account, region, name)
);

CREATE TABLE sqs_message (
    account  TEXT   NOT NULL,
    region   TEXT   NOT NULL,
    queue    TEXT   NOT NULL,
    id       TEXT   NOT NULL, -- ordered: sending order
    message  TEXT   NOT NULL, -- its public id
    content  TEXT   NOT NULL, -- JSON: body, attributes
    sent     BIGINT NOT NULL,
    expires  BIGINT NOT NULL,
    visible  BIGINT NOT NULL, -- from then on it may be received
    received BIGINT NOT NULL, -- how often
    first    BIGINT NOT NULL, -- received; 0: never
    receipt  TEXT   NOT NULL, -- of the last time
    PRIMARY KEY (account, region, queue, id)
);
CREATE INDEX sqs_message_due ON sqs_message (account, region, queue, visible, id);
