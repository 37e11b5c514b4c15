import { secretExpectation, secretForms } from "./secret-schema.ts";

/** How disks are encrypted. `what` it encrypts and what a change of it does, in sentences. */
export function encryptionSchema<Description extends string>(description: Description) {
  return {
    type: "object",
    description,
    additionalProperties: false,
    required: ["passphrase"],
    properties: {
      passphrase: {
        description:
          "Reference to the passphrase: { env: NAME }, { file: PATH } or { command: [PROGRAM, …] } on the machine that runs virtform. Existing disks keep the passphrase they were created with.",
        anyOf: secretForms,
        secret: true,
        expects: secretExpectation,
        examples: [{ env: "DISK_PASSPHRASE" }, { file: "./disk.passphrase" }],
      },
    },
    examples: [{ passphrase: { env: "DISK_PASSPHRASE" } }],
  } as const;
}
