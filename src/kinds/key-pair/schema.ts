/** One entry of `key_pairs`: a public ssh key. */
export const keyPairSchema = {
  type: "object",
  description: "A public ssh key, given as text or as a file.",
  additionalProperties: false,
  oneOf: [{ required: ["public_key"] }, { required: ["public_key_file"] }],
  expects: "either public_key or public_key_file",
  synonyms: { key: "public_key", file: "public_key_file", path: "public_key_file" },
  examples: [{ public_key_file: "./ops.pub" }],
  properties: {
    public_key: {
      type: "string",
      description: "The key: one line, as in a .pub file.",
      pattern: "^(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [^\\n]*)?\\n?$",
      expects: "one line as in a .pub file: ssh-ed25519 AAAA… comment",
      examples: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFYzXWcBLRbyDrJoSGTnHgvbMBe5CfWZlMYHXZdBMOpz ops"],
    },
    public_key_file: {
      type: "string",
      description: "Path of the .pub file, relative to this file.",
      minLength: 1,
      readInto: "public_key",
      examples: ["./ops.pub"],
    },
  },
} as const;
