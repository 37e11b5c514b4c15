/** Where a secret comes from. Plans, journals and logs hold this and never the value. */
export interface SecretRef {
  /** Name of an environment variable of the virtform process. */
  readonly env: string;
}
