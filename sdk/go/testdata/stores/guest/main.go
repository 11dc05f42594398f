// Command guest is package stores as a module.
package main

import _ "github.com/stackhost/stackhost/sdk/go/testdata/stores"

func main() {}
