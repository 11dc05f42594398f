//go:build ignore

// Prints the golden vectors in a form that needs no JSON reader: one case a line, with tabs between record, bytes in hex, the code
// that refuses them or "-", the code that may refuse them or "-", the shortest encoding of the value or "-", and whether
// every shorter beginning is refused. Run: go run vectors.go ../../../abi/testdata/vectors.json
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
)

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Record, Hex, End, Error string
			Repeat                  struct {
				Hex   string
				Times int
			}
			Value       json.RawMessage
			Encodes     bool
			Truncations string
			MayRefuse   string `json:"may_refuse"`
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		log.Fatal(err)
	}
	shortest := map[string]string{}
	for _, c := range file.Cases {
		if c.Encodes {
			shortest[c.Record+string(c.Value)] = c.Hex
		}
	}
	or := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	for _, c := range file.Cases {
		bytes := c.Hex + strings.Repeat(c.Repeat.Hex, c.Repeat.Times) + c.End
		fmt.Printf("%s\t%s\t%s\t%s\t%s\t%s\n", c.Record, bytes, or(c.Error), or(c.MayRefuse), or(shortest[c.Record+string(c.Value)]), or(c.Truncations))
	}
}
