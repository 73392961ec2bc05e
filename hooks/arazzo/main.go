// Command arazzo is a lifecycle hook for CodeDeploy on Lambda: it runs an Arazzo workflow against every function version that a
// deployment is about to ship, and lets the deployment go on only if the workflow succeeds. See README.md.
package main

import "github.com/headgate/headgate/hooks/arazzo/candidate"

func main() { candidate.Start() }
