// Package cloudformation is AWS CloudFormation: stacks and change sets. A stack's template is
// translated (sam), read and evaluated (internal/template); what it describes is made by the
// handlers of package resource, which call the services that own the resources.
//
// # A stack operation: durable instance "cloudformation.stack" (operation.go, decide.go)
//
//	CREATE   forward ─▶ publish ─▶ CREATE_COMPLETE
//	            └─ a resource failed ─▶ undo (delete what was made) ─▶ ROLLBACK_COMPLETE
//
//	UPDATE   forward ─▶ publish ─▶ cleanup (replaced, removed) ─▶ UPDATE_COMPLETE
//	            └──────────┴─▶ restore (set back) ─▶ restoreCleanup (delete what was made) ─▶ UPDATE_ROLLBACK_COMPLETE
//	                              └─▶ UPDATE_ROLLBACK_FAILED ── ContinueUpdateRollback ─▶ restore
//
//	DELETE   delete ─▶ DELETE_COMPLETE | DELETE_FAILED
//
// Each phase walks a graph of tasks, as many at the same time as their dependencies allow. A
// task's steps are effects, and every decision between them is committed together with the stack's
// rows and events:
//
//	       evaluate ──▶ apply ──▶ check ──▶ … ──▶ done | failed
//	(properties, name)  (handler)  (handler, while it says Pending)
//
// The physical name is thus on disk before the effect that makes the resource runs, and a repeat
// after kill -9 recognises what it made. When a task fails, no new ones start; those under way end
// first ("Resource update cancelled"), so that nothing acts behind a rollback's back.
//
// # Change sets
//
//	CreateChangeSet ─▶ CREATE_COMPLETE/AVAILABLE ─ Execute ─▶ EXECUTE_IN_PROGRESS ─▶ EXECUTE_COMPLETE | EXECUTE_FAILED
//	        └────────▶ FAILED/UNAVAILABLE (no changes; transform failed)        others of the stack ─▶ OBSOLETE
package cloudformation
