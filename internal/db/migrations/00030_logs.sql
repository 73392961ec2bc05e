-- +goose Up
CREATE TABLE logs_group (
    account    TEXT    NOT NULL,
    region     TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    id         TEXT    NOT NULL, -- of this group: one of the same name later has another
    class      TEXT    NOT NULL,
    kms_key    TEXT    NOT NULL,
    tags       TEXT    NOT NULL,
    retention  BIGINT  NOT NULL, -- days; 0: for ever
    protected  BOOLEAN NOT NULL,
    bytes      BIGINT  NOT NULL,
    created_at BIGINT  NOT NULL,
    PRIMARY KEY (account, region, name)
);

CREATE TABLE logs_stream (
    log_group   TEXT   NOT NULL, -- logs_group.id
    name        TEXT   NOT NULL,
    id          TEXT   NOT NULL, -- likewise
    created_at  BIGINT NOT NULL,
    first_at    BIGINT NOT NULL, -- times of events; 0: there is none
    last_at     BIGINT NOT NULL,
    ingested_at BIGINT NOT NULL,
    PRIMARY KEY (log_group, name)
);
CREATE UNIQUE INDEX logs_stream_id ON logs_stream (id);

-- Events: consecutive ones of one stream in a row, under the time and id of the first of them. No row spans more than ten seconds,
-- so those of a time are found by first_at; the key is the order in which a group is read.
CREATE TABLE logs_chunk (
    log_group TEXT   NOT NULL,
    first_at  BIGINT NOT NULL,
    id        TEXT   NOT NULL,
    stream    TEXT   NOT NULL, -- logs_stream.id
    last_at   BIGINT NOT NULL,
    data      BYTEA  NOT NULL, -- last: what is not looked into is not read
    PRIMARY KEY (log_group, first_at, id)
);
CREATE INDEX logs_chunk_stream ON logs_chunk (stream, first_at, id);

-- Groups (stream empty) and streams that are gone and whose events still are to be removed.
CREATE TABLE logs_garbage (
    log_group TEXT NOT NULL,
    stream    TEXT NOT NULL,
    gone_at   BIGINT NOT NULL,
    PRIMARY KEY (log_group, stream)
);
