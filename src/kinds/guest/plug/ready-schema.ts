import { bridgeName } from "../../schema-parts.ts";

/** What an interface has to be before the guest runs. */
const readyState = {
  type: "string",
  description: "State of the device of the interface on the host.",
  enum: ["link", "bridge"],
  meanings: {
    link: "The device is up and has a carrier; of a macvtap: the device below it.",
    bridge: "The device is a port of the bridge that the interface is connected to.",
  },
  refusedValues: Object.fromEntries(
    ["address", "agent", "ssh", "cloud_init"].map((what) => [
      what,
      `It comes only when the guest runs: wait_for: ${what} of the instance.`,
    ]),
  ),
  examples: ["link"],
} as const;

/** Another bridge, or what a program of the host says. */
const readyOther = {
  type: "object",
  description: "Another bridge, or what a program of the host says.",
  additionalProperties: false,
  oneOf: [{ required: ["bridge"] }, { required: ["command"] }],
  expects: "{ bridge: NAME } or { command: [PROGRAM, …] }",
  examples: [{ bridge: "br-int" }],
  properties: {
    bridge: {
      type: "string",
      description: "Name of the bridge (Linux or Open vSwitch) that the device has to be a port of.",
      ...bridgeName,
      examples: ["br-int"],
    },
    command: {
      type: "array",
      description:
        "A program of the host that runs the guest, with its arguments; no shell. It exits with 0 when the interface is ready, with 1 when it is not yet, then it is run again a second later; any other exit code means that it will not be. It may also wait itself. VIRTFORM_INTERFACE in its environment is the device on the host, VIRTFORM_MAC the MAC address, VIRTFORM_NIC the name of the interface, VIRTFORM_INSTANCE and VIRTFORM_UUID the instance.",
      items: { type: "string", minLength: 1 },
      minItems: 1,
      maxItems: 32,
      examples: [["/usr/local/bin/port-up", "dmz"]],
    },
  },
} as const;

/** `ready` of an interface. */
export const readySchema = {
  description:
    "What must be true before the guest runs: an apply starts it paused, waits for all its interfaces for at most vif_plugging_timeout of host, and resumes it. Default: nothing, the guest runs at once.",
  anyOf: [readyState, readyOther, { type: "array", minItems: 1, maxItems: 8, items: { anyOf: [readyState, readyOther] } }],
  expects: "link, bridge, { bridge: NAME }, { command: [PROGRAM, …] } or a list of these",
  examples: ["bridge", ["link", { command: ["/usr/local/bin/port-up"] }]],
} as const;
