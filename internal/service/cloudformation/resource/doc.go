// Package resource holds what a stack can contain: one file for each AWS::Service::Type, each a
// Handler that turns a template's properties into calls of the service that owns the resource.
//
//	                 ┌────────────── Pending{Token} ◀───┐
//	                 ▼                                  │ not done yet
//	Create ─┬──▶ committed by the stack ──▶ Check ──────┤
//	Update ─┤                                           │
//	Delete ─┘                                           ▼
//	        └──────────────────────────────────▶ Result or error
//
// A stack operation survives a kill at any moment, so every method is called at least once for
// what it is asked to do and must recognise what an earlier call has made. What lets it do so is
// decided and committed before the first call: Request.Name, the physical name, and Request.Token.
//
// Properties come as the template gives them, where 128 and "128", true and "true" mean the same.
// Decode puts them into the SDK's own input structs.
package resource
