# Images are pinned to their content.
package main

import rego.v1

deny contains message if {
	some change in input.resource_changes
	change.type == "image"
	"create" in change.change.actions
	not is_string(change.change.after.checksum)
	message := sprintf("%s: it has no checksum; run virtform image lock", [change.address])
}
