-- +goose Up
CREATE TABLE s3_bucket (
    name       TEXT PRIMARY KEY, -- global, as on AWS
    account    TEXT NOT NULL,
    region     TEXT NOT NULL,
    created    BIGINT NOT NULL,
    versioning TEXT NOT NULL     -- '', 'Enabled', 'Suspended'
);

-- Documents that clients put on a bucket and get back: its policy, its tags …
CREATE TABLE s3_bucket_document (
    bucket   TEXT NOT NULL,
    kind     TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (bucket, kind)
);

-- Versions of objects; the newest seq of a key is its current one.
CREATE TABLE s3_object (
    bucket   TEXT    NOT NULL,
    key      TEXT    NOT NULL,
    seq      TEXT    NOT NULL, -- ordered
    version  TEXT    NOT NULL, -- what clients call it; 'null' without versioning
    deleted  BOOLEAN NOT NULL, -- a delete marker
    blob     TEXT    NOT NULL,
    size     BIGINT  NOT NULL,
    etag     TEXT    NOT NULL,
    modified BIGINT  NOT NULL,
    headers  TEXT    NOT NULL, -- JSON: content type, metadata …
    PRIMARY KEY (bucket, key, seq)
);
CREATE INDEX s3_object_blob ON s3_object (blob);

CREATE TABLE s3_upload (
    id      TEXT PRIMARY KEY,
    bucket  TEXT   NOT NULL,
    key     TEXT   NOT NULL,
    started BIGINT NOT NULL,
    headers TEXT   NOT NULL
);

CREATE TABLE s3_part (
    upload   TEXT   NOT NULL,
    number   BIGINT NOT NULL,
    blob     TEXT   NOT NULL,
    size     BIGINT NOT NULL,
    etag     TEXT   NOT NULL,
    modified BIGINT NOT NULL,
    PRIMARY KEY (upload, number)
);
CREATE INDEX s3_part_blob ON s3_part (blob);
