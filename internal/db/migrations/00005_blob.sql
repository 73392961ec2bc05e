-- +goose Up
-- Content by its hash, where several nodes share the store and no folder. A space keeps packages and objects apart.
CREATE TABLE blob (
    space TEXT   NOT NULL,
    name  TEXT   NOT NULL, -- SHA-256, hexadecimal
    size  BIGINT NOT NULL,
    put   BIGINT NOT NULL, -- wall-clock milliseconds of the last Put
    PRIMARY KEY (space, name)
);

CREATE TABLE blob_part (
    space TEXT   NOT NULL,
    name  TEXT   NOT NULL,
    part  BIGINT NOT NULL, -- from 0; all but the last have the same length
    data  BYTEA  NOT NULL,
    PRIMARY KEY (space, name, part)
);
