/** The name of an environment variable that holds a secret. */
export const environmentName = {
  type: "string",
  description: "Name of an environment variable of the virtform process. Its value is read when needed and never saved.",
  pattern: "^[A-Za-z_][A-Za-z0-9_]*$",
  expects: "the name of an environment variable: letters, digits and underscores",
  examples: ["WEB_PASSWORD"],
} as const;

const byName = { type: "object", additionalProperties: false, required: ["env"], properties: { env: environmentName } } as const;

const byFile = {
  type: "object",
  additionalProperties: false,
  required: ["file"],
  properties: {
    file: {
      type: "string",
      description: "Path of a file that contains only the secret, relative to this file. A trailing newline is ignored.",
      minLength: 1,
      path: "absolute",
      examples: ["./disk.passphrase"],
    },
  },
} as const;

/** A program that prints a secret. */
export const byCommand = {
  type: "object",
  additionalProperties: false,
  required: ["command"],
  properties: {
    command: {
      type: "array",
      description:
        "Program and arguments that print only the secret, on the machine that runs virtform; no shell is involved. It may take 30 s and print 64KiB. A trailing newline is ignored.",
      items: {
        type: "string",
        description: "The program, found by PATH or absolute, then its arguments.",
        maxLength: 4096,
        examples: ["pass"],
      },
      minItems: 1,
      maxItems: 64,
      examples: [["pass", "show", "web/admin"]],
    },
  },
} as const;

/** The forms of a reference to a secret. */
export const secretForms = [byName, byFile, byCommand] as const;

/** What is expected where a secret may be written. */
export const secretExpectation =
  "{ env: NAME }, { file: PATH } or { command: [PROGRAM, …] }: secrets are given by reference, never in the file itself";
