// Package s3 keeps buckets and objects: what deploy tools put templates and packages into.
//
// The operations have the SDK's signatures, as in every service; S3's protocol, restXml, is spoken here
// alone, so handler.go and its neighbours map HTTP to them. Content goes to a blob.Store, everything else
// to the database; a blob that no row names any more is swept after a grace period, in which an upload of
// the same content may still be on its way to its row.
//
// Policies and access blocks of buckets are stored and answered, not enforced (docs/divergences.md).
package s3
