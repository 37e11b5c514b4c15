/** `files` of an instance: files that the guest finds in its file system at first boot (Nova INJ-11, CFG-08: the drive's `content`). */
export const filesSchema = {
  type: "array",
  description:
    "Files that cloud-init writes into the guest at its first boot. They are on the config drive, in openstack/content; with inject they are written into the root disk. At most 1 MiB each and 16 MiB together; nothing that is secret belongs in them, as the configuration and the drive hold them in clear.",
  maxItems: 256,
  examples: [[{ path: "/etc/motd", text: "Managed by virtform.\n" }]],
  items: {
    type: "object",
    description: "One file: its path in the guest, and exactly one of text, file and base64.",
    additionalProperties: false,
    required: ["path"],
    oneOf: [{ required: ["text"] }, { required: ["file"] }, { required: ["base64"] }],
    expects: "path, and exactly one of text, file and base64",
    synonyms: {
      content: "text",
      contents: "text",
      source: "file",
      src: "file",
      dest: "path",
      target: "path",
      permissions: "mode",
      encoding: "base64",
    },
    examples: [{ path: "/etc/app/settings.json", file: "./settings.json", mode: "0640", owner: "root:app" }],
    properties: {
      path: {
        type: "string",
        description: "Absolute path in the guest. Directories that are missing are created.",
        pattern: "^(?:/(?!\\.{1,2}(?:/|$))[^/\\u0000-\\u001f\\u007f]+)+$",
        maxLength: 1024,
        expects: "an absolute path without . and .., without / at the end and without control characters",
        examples: ["/etc/motd"],
      },
      text: { type: "string", description: "The content, as UTF-8.", examples: ["Managed by virtform.\n"] },
      file: {
        type: "string",
        description: "Path of a file with the content, relative to this file. It may have any bytes.",
        minLength: 1,
        bytesInto: "base64",
        examples: ["./motd"],
      },
      base64: {
        type: "string",
        description: "The content in base64. Line breaks are ignored.",
        pattern: "^[A-Za-z0-9+/=\\s]*$",
        expects: "base64: letters, digits, +, / and = at the end",
        examples: ["aGVsbG8K"],
      },
      mode: {
        type: "string",
        description:
          "Permissions in octal, in quotes. Without it cloud-init's own apply: read and write for the owner and the group; with inject: 0644.",
        pattern: "^0?[0-7]{3}$",
        expects: 'three octal digits in quotes, such as "0644"',
        examples: ["0644"],
      },
      owner: {
        type: "string",
        description:
          "Owner in the guest: USER or USER:GROUP. Another one than root is set when all users of the guest exist. Default: root.",
        pattern: "^[A-Za-z_][A-Za-z0-9_.-]{0,31}(?::[A-Za-z_][A-Za-z0-9_.-]{0,31})?$",
        expects: "USER or USER:GROUP",
        examples: ["www-data:www-data"],
      },
    },
  },
} as const;
