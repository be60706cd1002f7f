// Command magn trains and cross-validates MAGN, a multi-view network with
// guided attention, on a cohort of patients, and reports the evidence.
package main

import (
	"os"

	"magn/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
