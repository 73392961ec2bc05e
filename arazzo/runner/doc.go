// Package runner runs the workflows of Arazzo documents, versions 1.0 and 1.1, against HTTP APIs and AsyncAPI channels.
//
//	Document ── plan ──► workflows with their operations found and their conditions compiled; cycles of dependencies are refused
//	         ── run ───► for each workflow, when those it depends on have succeeded, a frame that goes from step to step
//
// A step:
//
//	          ┌────────────────────────── retry: wait, run what it refers to ──────────┐
//	          ▼                                                                        │
//	visit ─► attempt ─► successCriteria ─┬─ hold ─► outputs ─► first matching onSuccess │
//	          │                          │                       ├─ none ─► next step  │
//	          │ no answer, time is up    │                       ├─ goto ─► that step  │
//	          │                          │                       └─ end                │
//	          └──────────────────────────┴─ fail ─► first matching onFailure ──────────┤ (a retry that is used up is passed over)
//	                                                     ├─ none ─► the workflow fails
//	                                                     ├─ goto ─► that step; the workflow may still succeed
//	                                                     └─ end ──► the workflow fails
//
// Where the specification is silent:
//
//   - Without successCriteria a 2xx status is a success, so is a redirect that the description announces, and nothing else.
//   - Actions of which none matches leave the default: the next step, or to break off.
//   - A failed step has outputs too, as far as its answer has what they name. A failed workflow has the outputs that are set.
//   - After goto to another workflow, that one's success is needed for this one's; on failure this one has failed whatever the other does.
//   - What a workflow depends on, and what 1.0's goto runs, gets the inputs of the workflow that wants it, as far as it declares them.
//   - A receive holds the workflow up where it stands, except where a later step that is not the very next one waits for it by dependsOn:
//     then the steps between run meanwhile.
//   - A retry that refers to its own step is just a retry.
//
// Documents are not trusted. Limits bound what they can make a run do, link-local addresses and schemes other than http are not requested,
// redirects are not followed, and what observers get is masked.
package runner
