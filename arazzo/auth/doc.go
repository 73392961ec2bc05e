// Package auth signs requests as the security requirements of an API description ask: API keys, HTTP basic and bearer, OAuth2 (client
// credentials and password) with cached tokens, OpenID Connect discovery, client certificates, and AWS Signature Version 4.
//
//	Security (alternatives) ─► the first whose schemes all have credentials ─► apply each ─► SigV4 last, over the finished request
//
// Where credentials come from is the caller's business (Credentials). A Masker knows every secret that passed through, so that reports
// show none.
package auth
