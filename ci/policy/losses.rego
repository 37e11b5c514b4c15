# No plan of a pull request deletes or recreates a disk or a volume that holds data.
package main

import rego.v1

deny contains message if {
	some change in input.resource_changes
	change.type in {"disk", "volume"}
	"delete" in change.change.actions
	message := sprintf("%s: its data would be lost", [change.address])
}

# A restart or stop is for a person to look at.
warn contains message if {
	some change in input.resource_changes
	change.change.virtform.effect == "restart"
	message := sprintf("%s: the guest would be restarted or stopped", [change.address])
}
