/** `tpm` of an instance or a flavor. */
export const tpmSchema = {
  type: "object",
  description: "A TPM (swtpm, which the host needs). Its state is deleted with the guest. Properties: hw_tpm_version, hw_tpm_model.",
  additionalProperties: false,
  required: ["version"],
  properties: {
    version: { type: "string", description: "Version of the TPM, in quotes.", enum: ["1.2", "2.0"], examples: ["2.0"] },
    model: {
      type: "string",
      description: "Model of the device. Default: tpm-crb for version 2.0 on x86, else tpm-tis.",
      enum: ["tpm-tis", "tpm-crb"],
      examples: ["tpm-crb"],
    },
  },
  examples: [{ version: "2.0" }],
} as const;
