/** `shutdown` of an instance. */
export const shutdownSchema = {
  type: "object",
  description:
    "How the guest is shut down, whenever a plan does that. It is asked through its guest agent where libvirt is connected to one, else by its power button (ACPI), again every 10 seconds. Image property of the time: os_shutdown_timeout.",
  additionalProperties: false,
  properties: {
    timeout: {
      type: "string",
      description: "How long the guest may take. 0s: it is not asked, but powered off at once, which requires force.",
      pattern: "^[0-9]{1,5}(s|m|h)$",
      expects: "a whole number and a unit, such as 90s, 5m or 1h",
      default: "60s",
      examples: ["5m"],
    },
    force: {
      type: "boolean",
      description:
        "Whether a guest that did not shut down in time, or cannot as it is paused, is powered off, which is like pulling its plug. With false, the apply fails and the guest stays as it is.",
      default: true,
      examples: [false],
    },
  },
  examples: [{ timeout: "5m", force: false }],
} as const;
