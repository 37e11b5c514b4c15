/** A secret in an environment variable of the virtform process, by its name. */
export interface EnvironmentSecret {
  readonly env: string;
}

/** A secret in a file of the machine that virtform runs on, by its absolute path. One line end after it is no part of it. */
interface FileSecret {
  readonly file: string;
}

/** Where a secret comes from. Plans, journals and logs hold this and never the value. */
export type SecretRef = EnvironmentSecret | FileSecret;

/** Where a secret comes from, in words that follow "from". */
export function secretPlace(reference: SecretRef): string {
  return "env" in reference ? `the environment variable ${reference.env}` : `the file ${reference.file}`;
}
