// Package sam turns AWS SAM templates into CloudFormation templates, as AWS's own transform
// AWS::Serverless-2016-10-31 does: the same logical ids, the same hashes in them, the same refusals.
// It is pure and does no input or output.
//
//	template ─▶ paths of API events entered into their APIs, globals merged into each resource
//	         ─▶ functions, then state machines, then APIs, then the others, each expanded by its type's file
//	         ─▶ CodeDeploy's application, role and deployment groups
//	         ─▶ references to what was expanded rewritten (Fn.Alias, Fn.Version, renamed layers)
//	         ─▶ Transform and Globals dropped
//
// What is not expanded yet (connectors, GraphQLApi, Application, MergeDefinitions)
// is refused by name, never left out. Hashes of APIs depend on the order of members in
// a Python 2.7 dictionary, where the recorded ones come from: see python_dict.go.
package sam
