const digest = {
  type: "string",
  pattern: "^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$",
  digest: true,
  examples: ["sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
} as const;

function place<Description extends string, Example extends string>(description: Description, example: Example, more = "") {
  return {
    type: "string",
    description: `${description}: a URL with https or http, or a path relative to this file.${more}`,
    pattern: "^(?:https?://[^/\\s]+/[^\\s]*|(?![a-z+.-]+://).+)$",
    path: "absolute",
    credentials: "refused",
    expects: "a URL with https or http, or a path",
    examples: [example],
  } as const;
}

/** What the file of an image has to be. */
export const checksumSchema = {
  description:
    "What the file of the image has to be: its digest, which `virtform image lock` writes, or { file, signature, key }, a file of checksums that its publisher signs. Without it, downloads are not verified.",
  anyOf: [
    { ...digest, description: "The digest of the file." },
    {
      type: "object",
      description:
        "A file of checksums with the OpenPGP signature of the publisher. It is read and checked in each plan, on the machine that runs virtform, by gpgv.",
      additionalProperties: false,
      required: ["file", "key"],
      synonyms: { url: "file", sums: "file", checksums: "file", sig: "signature", keyring: "key", gpg_key: "key", pin: "digest" },
      properties: {
        file: place(
          "The file of checksums, in the form of sha256sum or sha512sum or of BSD",
          "https://cloud-images.ubuntu.com/noble/current/SHA256SUMS",
        ),
        signature: place(
          "Its signature, armored or binary",
          "https://cloud-images.ubuntu.com/noble/current/SHA256SUMS.gpg",
          " Leave it out for a file that holds its own signature.",
        ),
        key: {
          type: "string",
          description: "A file with the public keys of the publisher, armored or binary, relative to this file.",
          minLength: 1,
          path: "absolute",
          examples: ["./ubuntu-cloud.asc"],
        },
        digest: {
          ...digest,
          description:
            "The digest that the signed file has to name, written by `virtform image lock`. It keeps the image the same on all hosts when the publisher replaces it.",
        },
      },
      examples: [
        {
          file: "https://cloud-images.ubuntu.com/noble/current/SHA256SUMS",
          signature: "https://cloud-images.ubuntu.com/noble/current/SHA256SUMS.gpg",
          key: "./ubuntu-cloud.asc",
        },
      ],
    },
  ],
  expects: "sha256: or sha512: followed by a digest, or { file: URL, signature: URL, key: PATH }",
  examples: [
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    {
      file: "https://cloud-images.ubuntu.com/noble/current/SHA256SUMS",
      signature: "https://cloud-images.ubuntu.com/noble/current/SHA256SUMS.gpg",
      key: "./ubuntu-cloud.asc",
    },
  ],
} as const;
