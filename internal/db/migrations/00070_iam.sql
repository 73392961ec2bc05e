-- +goose Up
-- Roles with their inline policies, attachments and tags, and customer-managed policies with their
-- versions, each as one JSON document. IAM is global: no region.
CREATE TABLE iam_role (
    account  TEXT NOT NULL,
    name     TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, name)
);

CREATE TABLE iam_policy (
    account  TEXT NOT NULL,
    arn      TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, arn)
);
