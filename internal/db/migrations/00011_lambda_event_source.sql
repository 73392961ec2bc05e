-- +goose Up
CREATE TABLE lambda_event_source (
    account  TEXT NOT NULL,
    region   TEXT NOT NULL,
    id       TEXT NOT NULL, -- UUID
    function TEXT NOT NULL, -- ARN, qualified if it was so given
    source   TEXT NOT NULL, -- ARN of the queue
    config   TEXT NOT NULL, -- JSON, types.EventSourceMappingConfiguration
    tags     TEXT NOT NULL, -- JSON
    PRIMARY KEY (account, region, id)
);
