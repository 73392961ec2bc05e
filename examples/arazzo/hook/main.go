// Command hook lets a deployment go on only if the workflow in workflow.arazzo.yaml succeeds for the new version.
package main

import "github.com/headgate/headgate/hooks/arazzo/candidate"

func main() { candidate.Start() }
