// Package arazzo is the model of the Arazzo Specification, versions 1.0 and
// 1.1: workflows over the operations of OpenAPI and AsyncAPI descriptions.
//
// Parse reads YAML or JSON within bounds and answers a Document of which every
// object knows its line and column, together with what is wrong with the
// text. Validate then checks what the specification demands. Both answer
// Findings:
//
//	bytes ── Parse ──► Document + findings about form (keys, types, bounds)
//	Document ── Validate ──► findings about meaning (ids, references, criteria)
//
// By default documents are read as the world writes them: a departure that can
// be understood is a warning with the rule's id, and in Strict an error.
//
// A Document is immutable after Parse and may be shared by goroutines.
package arazzo
