import { switching } from "./switching.ts";

/** `virtform start`: starts guests that are off. */
export const start = switching("start", "running", {
  summary: "Start guests",
  description:
    "Starts guests of this project that are off, each with its stored definition. Nothing else is changed, not even the configuration: with `power_state: stopped`, the next apply shuts the guest down again.",
  examples: [["virtform start web-0", "Shows the plan, asks, starts one guest."]],
});
