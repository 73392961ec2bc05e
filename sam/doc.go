// Package sam turns AWS SAM templates into CloudFormation templates, as AWS's own transform
// AWS::Serverless-2016-10-31 does: the same logical ids, the same hashes in them, the same refusals.
// It is pure and does no input or output.
//
//	template ─▶ globals merged into each resource
//	         ─▶ functions, then state machines, then the others, each expanded by its type's file
//	         ─▶ CodeDeploy's application, role and deployment groups
//	         ─▶ references to what was expanded rewritten (Fn.Alias, Fn.Version, renamed layers)
//	         ─▶ Transform and Globals dropped
//
// A type or event that is not expanded yet is refused by name, never left out.
package sam
