// Command headgate is the platform and its client: see headgate --help.
package main

import (
	"os"

	"github.com/headgate/headgate/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
