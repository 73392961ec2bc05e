// Package app is the only wiring: it opens the store, makes every service with the peers that it needs, joins them
// behind the gateway, starts them in order and stops them in the reverse one.
//
//	folder ─ db ─ clock ─ durable ─┬─ s3 ─ iam ─ logs
//	                               ├─ lambda ⇄ cloudwatch     (functions' metrics; alarms' actions)
//	                               ├─ codedeploy → lambda, cloudwatch, s3
//	                               └─ cloudformation → all of them
//	                                        gateway → all of them
package app
