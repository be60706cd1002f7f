package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"magn/internal/fault"
)

// meaning of the exit codes, for --help.
var meaning = map[int]string{
	0:                     "done",
	fault.CodeFailed:      "failed, as where an output cannot be written",
	fault.CodeInput:       "input not readable or not usable; the message names the file, the field and the reason",
	fault.CodeMissing:     "a native library or package is missing; the message has the line that installs it",
	fault.CodePartial:     "part of it done, the rest listed",
	fault.CodeUsage:       "wrong usage",
	fault.CodeInterrupted: "interrupted; the same command goes on from there",
}

// exits notes with which codes a command can end besides 0, 1 and 64, which
// every one has; its --help lists them.
func exits(c *cobra.Command, codes ...int) *cobra.Command {
	if c.Annotations == nil {
		c.Annotations = map[string]string{}
	}
	all := append([]int{0, fault.CodeFailed, fault.CodeUsage}, codes...)
	slices.Sort(all)
	words := make([]string, 0, len(all))
	for _, code := range slices.Compact(all) {
		words = append(words, strconv.Itoa(code))
	}
	c.Annotations["exits"] = strings.Join(words, " ")
	return c
}

// printHelp writes it to standard output; cobra's own way cannot fail.
func printHelp(c *cobra.Command) error {
	c.InitDefaultHelpFlag() // so that it is listed whichever way help was asked for
	_, err := io.WriteString(c.OutOrStdout(), help(c))
	return err
}

// help is the text of --help: what the command does, how it is called, what it
// holds, and how it ends.
func help(c *cobra.Command) string {
	var b strings.Builder
	text := c.Long
	if text == "" {
		text = c.Short
	}
	fmt.Fprintf(&b, "%s\n\nUsage:\n", strings.TrimSpace(text))
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "  %s COMMAND [flags]\n\nCommands:\n", c.CommandPath())
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				fmt.Fprintf(&b, "  %-12s %s\n", sub.Name(), sub.Short)
			}
		}
	} else {
		fmt.Fprintf(&b, "  %s\n", c.UseLine())
	}
	if f := c.LocalFlags(); f.HasAvailableFlags() {
		fmt.Fprintf(&b, "\nFlags:\n%s", f.FlagUsages())
	}
	if f := c.InheritedFlags(); f.HasAvailableFlags() {
		fmt.Fprintf(&b, "\nGlobal flags:\n%s", f.FlagUsages())
	}
	fmt.Fprintf(&b, "\nExamples:\n%s\n\nExit codes:\n%s", strings.Trim(c.Example, "\n"), exitCodes(c))
	return b.String()
}

// exitCodes is the list in a command's help; a command that only holds others
// ends with the codes of those, so it shows them all.
func exitCodes(c *cobra.Command) string {
	codes := slices.Sorted(maps.Keys(meaning))
	if own, ok := c.Annotations["exits"]; ok {
		codes = codes[:0]
		for _, w := range strings.Fields(own) {
			code, _ := strconv.Atoi(w)
			codes = append(codes, code)
		}
	}
	var b strings.Builder
	for _, code := range codes {
		fmt.Fprintf(&b, "  %3d  %s\n", code, meaning[code])
	}
	return b.String()
}

// newHelpCommand replaces cobra's, which takes a wrong name for success.
func newHelpCommand() *cobra.Command {
	return exits(&cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Explain a command",
		Example: `  magn help
  magn help version`,
		RunE: func(c *cobra.Command, args []string) error {
			target, rest, err := c.Root().Find(args)
			if err == nil && len(rest) > 0 {
				err = target.ValidateArgs(rest)
			}
			if err != nil {
				return err
			}
			return printHelp(target)
		},
	})
}
