import { size } from "../../schema-parts.ts";

/** What an instance or a flavor says about display and video card. */
export const displayKeys = {
  graphics: {
    type: "object",
    description: "Display of the guest. Default: VNC that listens on 127.0.0.1.",
    additionalProperties: false,
    properties: {
      type: {
        type: "string",
        description: "Protocol of the display.",
        enum: ["vnc", "spice", "none"],
        meanings: { vnc: "VNC.", spice: "SPICE.", none: "The guest has no display." },
        default: "vnc",
        examples: ["spice"],
      },
      listen: {
        type: "string",
        description: "Address that it listens on. Anyone who reaches it controls the guest.",
        pattern: "^[0-9a-fA-F:.]{2,45}$",
        expects: "an IP address",
        default: "127.0.0.1",
        examples: ["127.0.0.1"],
      },
      keymap: {
        type: "string",
        description: "Layout of the keyboard, such as de. Default: that of the client.",
        pattern: "^[a-z]{2,3}(-[a-z]{2,6})?$",
        expects: "a layout such as de or en-us",
        examples: ["de"],
      },
    },
    examples: [{ type: "none" }, { listen: "0.0.0.0" }],
  },
  video: {
    type: "object",
    description: "Video card of the guest. Default: virtio.",
    additionalProperties: false,
    properties: {
      model: {
        type: "string",
        description: "Model of the card. Property: hw_video_model.",
        enum: ["virtio", "vga", "qxl", "cirrus", "bochs", "vmvga", "none"],
        meanings: {
          virtio: "A paravirtual card.",
          vga: "A card with standard VGA.",
          qxl: "The card of SPICE.",
          cirrus: "Cirrus Logic GD5446, for old systems.",
          bochs: "A simple framebuffer, for UEFI.",
          vmvga: "The card of VMware.",
          none: "The guest has no card.",
        },
        examples: ["vga"],
      },
      memory: size("Memory of the card. Property: hw_video_ram.", ["64MiB"], { minimum: "1MiB", multipleOf: "1MiB" }),
    },
    examples: [{ model: "vga" }],
  },
} as const;
