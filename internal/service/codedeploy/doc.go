// Package codedeploy is CodeDeploy for the Lambda compute platform: applications, deployment
// groups, configurations, revisions, and deployments that shift an alias to a new version.
//
// What a deployment does next is decided by package rollout, which is pure. This package runs it
// as a durable instance: events go in, rollout's actions come out as effects on the peers Lambda,
// CloudWatch and S3, and every decision is committed with the rows that the operations read.
//
//	CreateDeployment ─▶ instance ── inspect ──▶ revision, alias and alarms read
//	                        │       invokeHook ─▶ Lambda Invoke          PutLifecycleEvent…Status ─┐
//	                        │       setAlias ───▶ Lambda UpdateAlias                    callback ◀─┘
//	                        │       watch ──────▶ CloudWatch DescribeAlarms, every 10 s
//	                        ◀── alarm ── notice "cloudwatch.alarm"       stop ◀── StopDeployment
//
// # One instance for a deployment and its rollback
//
// The rollback is a deployment with an id and rows of its own, but the instance of the deployment
// that it rolls back decides for it too. So the decision that ends a deployment is also the first
// one of its rollback: between an alarm and the restored alias stand two commits (the alarm's
// signal and that decision), and there is no moment at which a crash could leave a failed
// deployment without the rollback it was promised.
//
//	main:      Created ─▶ InProgress ─▶ Succeeded                        instance ends
//	                          └───────▶ Failed | Stopped ── no rollback ─▶ instance ends
//	                                          │ rollback
//	rollback:                                 └─▶ Created ─▶ InProgress ─▶ Succeeded | Failed | Stopped ─▶ instance ends
//
// # One deployment a group
//
// The row of codedeploy_running is the group's lock. CreateDeployment inserts it, the decision that
// starts a rollback hands it over, and the decision that ends the last of the two removes it.
//
// # Effects that run twice
//
// An effect whose result was not recorded runs again after a crash. setAlias reads the alias
// first: what it wants may stand there already; what it expects is replaced, with the revision id
// it saw; anything else is somebody's change, and the deployment fails rather than overwrite it.
// A hook may be invoked twice, with the same callback id: the first answer counts.
package codedeploy
