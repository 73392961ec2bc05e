// Package template understands CloudFormation templates: it reads them, checks them with
// CloudFormation's own error texts, evaluates intrinsic functions, and knows in which order
// resources are made and what a new template changes. It is pure: what lives outside the template
// (attributes of created resources, other stacks' exports) comes in through Resolver and Env.
//
//	text ──Parse──▶ Template          structure checked, nothing evaluated
//	                   │ Bind(Env)    parameters, conditions, references, cycles
//	                   ▼
//	                 Bound ──Levels──▶ what can be made at the same time
//	                   │
//	                   ├─Properties(id, Resolver)──▶ plain values for one resource
//	                   ├─Outputs(Resolver)
//	                   └─Diff(old, new, …)──▶ the changes of a change set
//
// A Template and a Bound never change once made, and are safe for concurrent use.
package template
