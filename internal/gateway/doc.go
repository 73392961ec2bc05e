// Package gateway is HTTP in: it finds the service a request is for, says who calls, checks the
// signature, and hands over.
//
//	request id ─► page guard ─► service ─► caller (account, region) ─► SigV4 ─► operation ─► access log
//
// The service is told, in this order, by: /_headgate/ (the platform's own pages), an rpc-v2-cbor
// path, the X-Amz-Target prefix, the service in the SigV4 credential scope, a form's Version, a
// REST path of Lambda's. Whatever is left is S3's, in path or virtual-host style.
//
// Without Verify any credentials or none are fine: that is for loopback alone. What then keeps
// web pages out is the page guard (guard.go), since a browser on the same machine reaches
// loopback too.
package gateway
