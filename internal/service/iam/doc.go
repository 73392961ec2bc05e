// Package iam keeps what a deployment touches of AWS's identity services: IAM roles and policies, and
// STS, which tells callers who they are and hands out session credentials.
//
// Policies are stored and answered, not enforced: whoever may speak to the platform may do everything
// (docs/divergences.md). Session credentials are derived from the platform's own key (session.go), so
// checking one reads no table.
package iam
