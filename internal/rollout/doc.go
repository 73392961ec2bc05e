// Package rollout holds the decisions of a CodeDeploy deployment on the Lambda compute platform:
// how much traffic goes to the new version at a given time, and what happens next when a hook
// answers, an alarm fires, somebody stops the deployment or time passes. It is pure: it reads no
// clock, keeps nothing and calls nobody. Decide maps (state, event, now) to (state, actions, wake
// time); the caller commits the state, runs the actions and brings their results back as events.
//
//	New ──Started──▶ Created → InProgress
//	                              │ Inspect: alias at CurrentVersion without weights? alarms quiet?
//	                              ▼
//	                     BeforeAllowTraffic ── hook Failed / not invoked / 3,600 s ──▶ Failed
//	                              │ no hook, or callback Succeeded
//	                              ▼
//	                        AllowTraffic ── SetAlias at the start of every increment
//	                              │ weight 100 and the alias says so
//	                              ▼
//	                      AfterAllowTraffic ── hook Failed … ──▶ Failed
//	                              │
//	                              ▼
//	                          Succeeded
//
//	In any of the three:  an alarm in ALARM ──▶ Stopped, ALARM_ACTIVE
//	                      stop requested    ──▶ Stopped, MANUAL_STOP
//	                      alias not updated ──▶ Failed, the updater's code
//	                      50 hours          ──▶ Failed, TIMEOUT
//
// The event that runs becomes Failed then and those after it Skipped. If the deployment group
// rolls back on that ending, a StartRollback action comes with the Finish action. The rollback is
// a deployment of its own (RollbackSpec): it runs no hooks, watches no alarm and puts the alias
// back on the previous version without weights (FACTS trap 16, LAB and LAB2).
//
// # Why an ending may wait
//
// Effects run at least once. Were a rollback started while a SetAlias is under way, that effect
// could run again after the rollback and undo it. So an ending decided while a SetAlias is
// unanswered (State.Ending) waits for the answer; only then come StartRollback and Finish.
package rollout
