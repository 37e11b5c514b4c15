import { usualWait } from "../../terms/guest-wait.ts";

/** What an apply can wait for after it started a guest. */
const waitedFor = {
  type: "string",
  description: "What is waited for.",
  enum: ["agent", "address", "ssh", "cloud_init"],
  meanings: {
    agent: "The guest agent is connected.",
    address: "An IP address of the guest is known: leased by a network of libvirt, seen by the host, or told by the guest agent.",
    ssh: "The ssh server of the guest answers on port 22 of such an address or of a fixed one. The host that runs the guest connects to it.",
    cloud_init: "cloud-init has ended without errors, as its result or the console log says.",
  },
  examples: ["cloud_init"],
} as const;

/** `wait_for` of an instance. */
export const waitSchema = {
  description:
    "What an apply waits for after it started the guest, for at most timeout. If it does not come, or cloud-init reports errors, the apply fails with the end of the console log, the guest keeps running, and the next apply waits again. Other instances do not wait for it.",
  anyOf: [
    waitedFor,
    {
      type: "object",
      additionalProperties: false,
      required: ["what"],
      properties: {
        what: { type: "string", description: "What is waited for, as above.", enum: waitedFor.enum, examples: ["cloud_init"] },
        timeout: {
          type: "string",
          description: "How long it is waited for.",
          pattern: "^[1-9][0-9]{0,4}(s|m|h)$",
          expects: "a whole number and a unit, such as 90s, 5m or 1h",
          default: usualWait,
          examples: ["15m"],
        },
      },
    },
  ],
  expects: "agent, address, ssh, cloud_init or { what: cloud_init, timeout: 15m }",
  examples: ["cloud_init", { what: "ssh", timeout: "5m" }],
} as const;
