-- +goose Up
-- Names may change (UpdateApplication, UpdateDeploymentGroup); ids do not, so all else refers to ids.
CREATE TABLE codedeploy_application (
    account    TEXT   NOT NULL,
    region     TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    id         TEXT   NOT NULL,
    tags       TEXT   NOT NULL, -- JSON object
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account, region, name)
);
CREATE UNIQUE INDEX codedeploy_application_id ON codedeploy_application (id);

CREATE TABLE codedeploy_group (
    account        TEXT NOT NULL,
    region         TEXT NOT NULL,
    application_id TEXT NOT NULL,
    name           TEXT NOT NULL,
    id             TEXT NOT NULL,
    config         TEXT NOT NULL, -- deployment configuration's name, '' if none
    doc            TEXT NOT NULL, -- JSON of types.DeploymentGroupInfo
    tags           TEXT NOT NULL,
    PRIMARY KEY (account, region, application_id, name)
);
CREATE UNIQUE INDEX codedeploy_group_id ON codedeploy_group (id);

-- Custom deployment configurations; the predefined ones are in the code.
CREATE TABLE codedeploy_config (
    account TEXT NOT NULL,
    region  TEXT NOT NULL,
    name    TEXT NOT NULL,
    doc     TEXT NOT NULL, -- JSON of types.DeploymentConfigInfo
    PRIMARY KEY (account, region, name)
);

CREATE TABLE codedeploy_revision (
    account        TEXT   NOT NULL,
    region         TEXT   NOT NULL,
    application_id TEXT   NOT NULL,
    location       TEXT   NOT NULL, -- sha256 of doc
    doc            TEXT   NOT NULL, -- JSON of types.RevisionLocation
    description    TEXT   NOT NULL,
    bucket         TEXT   NOT NULL, -- of an S3 location, else ''
    object_key     TEXT   NOT NULL,
    registered_at  BIGINT NOT NULL,
    first_used_at  BIGINT NOT NULL, -- 0: never deployed
    last_used_at   BIGINT NOT NULL,
    PRIMARY KEY (account, region, application_id, location)
);

CREATE TABLE codedeploy_deployment (
    account        TEXT   NOT NULL,
    region         TEXT   NOT NULL,
    id             TEXT   NOT NULL,
    instance       TEXT   NOT NULL, -- the durable instance that runs it: a rollback runs in the one it rolls back
    application_id TEXT   NOT NULL,
    group_id       TEXT   NOT NULL,
    external_id    TEXT   NOT NULL,
    status         TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    completed_at   BIGINT NOT NULL, -- 0: not yet
    revision       TEXT   NOT NULL, -- codedeploy_revision.location; '' for a rollback's
    doc            TEXT   NOT NULL, -- JSON of types.DeploymentInfo as it was created
    progress       TEXT   NOT NULL, -- JSON of what has become of it since
    PRIMARY KEY (account, region, id)
);
CREATE INDEX codedeploy_deployment_group ON codedeploy_deployment (account, region, group_id, created_at);
CREATE INDEX codedeploy_deployment_created ON codedeploy_deployment (account, region, created_at, id);

-- The one deployment that runs in a group: the row is the lock.
CREATE TABLE codedeploy_running (
    group_id      TEXT NOT NULL PRIMARY KEY,
    deployment_id TEXT NOT NULL
);

-- What hooks call back with; the first answer takes the row's status.
CREATE TABLE codedeploy_hook (
    account       TEXT NOT NULL,
    region        TEXT NOT NULL,
    deployment_id TEXT NOT NULL,
    lifecycle     TEXT NOT NULL,
    execution_id  TEXT NOT NULL,
    status        TEXT NOT NULL, -- '' until the callback
    PRIMARY KEY (account, region, deployment_id, lifecycle)
);

-- Alarms that running deployments watch.
CREATE TABLE codedeploy_watch (
    account  TEXT NOT NULL,
    region   TEXT NOT NULL,
    alarm    TEXT NOT NULL,
    instance TEXT NOT NULL,
    PRIMARY KEY (account, region, alarm, instance)
);
