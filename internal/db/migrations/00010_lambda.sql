-- +goose Up
-- Functions, and what belongs to a function rather than to one of its versions.
CREATE TABLE lambda_function (
    account        TEXT   NOT NULL,
    region         TEXT   NOT NULL,
    name           TEXT   NOT NULL,
    last_version   BIGINT NOT NULL, -- the highest number ever published
    published_hash TEXT   NOT NULL, -- of $LATEST when last_version was published
    reserved       BIGINT,          -- reserved concurrency; null: none
    tags           TEXT   NOT NULL, -- JSON object
    PRIMARY KEY (account, region, name)
);

-- Versions; number 0 is $LATEST. Documents are JSON snapshots (package lambda, snapshot).
CREATE TABLE lambda_version (
    account     TEXT   NOT NULL,
    region      TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    number      BIGINT NOT NULL,
    shown       TEXT   NOT NULL, -- what the API answers
    serving     TEXT,            -- what invocations run; null until the first code is ready
    sha         TEXT   NOT NULL, -- package of shown
    serving_sha TEXT   NOT NULL, -- package of serving, or ''
    size        BIGINT NOT NULL, -- bytes of shown's package
    preparation TEXT   NOT NULL, -- the durable instance that readies shown, or ''
    PRIMARY KEY (account, region, name, number)
);
CREATE INDEX lambda_version_sha ON lambda_version (sha);
CREATE INDEX lambda_version_serving ON lambda_version (serving_sha);

CREATE TABLE lambda_alias (
    account TEXT   NOT NULL,
    region  TEXT   NOT NULL,
    name    TEXT   NOT NULL,
    alias   TEXT   NOT NULL,
    config  TEXT   NOT NULL, -- JSON, types.AliasConfiguration
    PRIMARY KEY (account, region, name, alias)
);

-- Resource policies; qualifier '' is the function itself.
CREATE TABLE lambda_policy (
    account    TEXT NOT NULL,
    region     TEXT NOT NULL,
    name       TEXT NOT NULL,
    qualifier  TEXT NOT NULL,
    revision   TEXT NOT NULL,
    statements TEXT NOT NULL, -- JSON array
    PRIMARY KEY (account, region, name, qualifier)
);

-- Settings of asynchronous invocations; qualifier '$LATEST', a number or an alias.
CREATE TABLE lambda_event_config (
    account   TEXT NOT NULL,
    region    TEXT NOT NULL,
    name      TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    config    TEXT NOT NULL, -- JSON, types.FunctionEventInvokeConfig
    PRIMARY KEY (account, region, name, qualifier)
);

-- Layer versions. A deleted one stays for the functions that use it.
CREATE TABLE lambda_layer_version (
    account TEXT    NOT NULL,
    region  TEXT    NOT NULL,
    layer   TEXT    NOT NULL,
    number  BIGINT  NOT NULL,
    sha     TEXT    NOT NULL,
    size    BIGINT  NOT NULL,
    deleted BOOLEAN NOT NULL,
    config  TEXT    NOT NULL, -- JSON, package lambda, layerVersion
    PRIMARY KEY (account, region, layer, number)
);
CREATE INDEX lambda_layer_version_sha ON lambda_layer_version (sha);

-- Stored packages, for collecting those that nothing needs any more.
CREATE TABLE lambda_package (
    sha     TEXT   NOT NULL PRIMARY KEY,
    used_at BIGINT NOT NULL -- wall-clock milliseconds of the last upload: grace before collection
);

-- Events of asynchronous invocations that have not ended (durable instances "lambda.async").
CREATE TABLE lambda_async_event (
    id      TEXT  NOT NULL PRIMARY KEY,
    payload BYTEA NOT NULL
);
