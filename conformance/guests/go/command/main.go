// Command command is the Go guest for tests of console commands.
package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/stackhost/stackhost/sdk/go/command"
)

func init() {
	command.Handle("echo", func(c *command.Context) error {
		_, err := fmt.Fprintln(c.Stdout, strings.Join(c.Args, " "))
		return err
	})
	command.Handle("cat", func(c *command.Context) error {
		_, err := io.Copy(c.Stdout, c.Stdin)
		return err
	})
	command.Handle("fail", func(c *command.Context) error {
		fmt.Fprintln(c.Stderr, "it failed")
		return command.Exit(3)
	})
	command.Handle("wrong", func(c *command.Context) error { return errors.New("something is wrong") })
	command.Handle("count", count)
}

func main() {}

func count(c *command.Context) error {
	if len(c.Args) != 1 {
		return errors.New("count takes a number")
	}
	total, err := strconv.Atoi(c.Args[0])
	if err != nil {
		return err
	}
	bar := c.Progress("numbers", total)
	for range total {
		bar.Add(1)
	}
	if err := bar.Finish(); err != nil {
		return err
	}
	var rows [][]string
	for n := 1; n <= min(total, 3); n++ {
		rows = append(rows, []string{strconv.Itoa(n), strconv.Itoa(n * n)})
	}
	return command.Table(c.Stdout, []string{"n", "square"}, rows)
}
