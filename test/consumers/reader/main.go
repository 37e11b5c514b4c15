// Reads a plan in Terraform's JSON from standard input and prints each resource change: address, type, name, index and actions.
package main

import (
	"fmt"
	"io"
	"os"

	tfjson "github.com/hashicorp/terraform-json"
)

func main() {
	text, err := io.ReadAll(io.LimitReader(os.Stdin, 64<<20))
	if err == nil {
		var plan tfjson.Plan
		if err = plan.UnmarshalJSON(text); err == nil {
			err = plan.Validate()
		}
		for _, change := range plan.ResourceChanges {
			fmt.Println(change.Address, change.Type, change.Name, change.Index, change.Change.Actions)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
