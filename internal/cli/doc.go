// Package cli is the command headgate: a file per command. Client commands speak to any endpoint
// through the AWS SDK alone — Headgate's own or a real AWS account; only serve and demo start the
// platform in this process.
//
// What a command prints for people goes to stdout as plain lines (a live view where stdout is a
// terminal), with --json as one JSON value or one a line; warnings and errors go to stderr.
package cli
