import { switching } from "./switching.ts";

/** `virtform stop`: shuts guests down. */
export const stop = switching("stop", "stopped", {
  summary: "Shut guests down",
  description:
    "Shuts guests of this project down. A guest that does not shut down in time is powered off, if its configuration allows that. Nothing else is changed, not even the configuration: with `power_state: running`, the next apply starts the guest again.",
  examples: [["virtform stop web-0 web-1", "Shows the plan, asks, shuts down two guests."]],
});
