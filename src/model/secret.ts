import { shellWord } from "./shell-word.ts";

/** A secret in an environment variable of the virtform process, by its name. */
export interface EnvironmentSecret {
  readonly env: string;
}

/** A secret in a file of the machine that virtform runs on, by its absolute path. One line end after it is no part of it. */
interface FileSecret {
  readonly file: string;
}

/** A secret that a program prints on the machine that virtform runs on: the program and its arguments. One line end after it is no part of it. */
export interface CommandSecret {
  readonly command: readonly string[];
}

/** Where a secret comes from. Plans, journals and logs hold this and never the value. */
export type SecretRef = EnvironmentSecret | FileSecret | CommandSecret;

/** Where a secret comes from, in words that follow "from". */
export function secretPlace(reference: SecretRef): string {
  if ("env" in reference) return `the environment variable ${reference.env}`;
  return "file" in reference ? `the file ${reference.file}` : `the command ${reference.command.map(shellWord).join(" ")}`;
}

/** What is wrong where a secret is not available, and what to do about it. */
export function unavailableSecret(reference: SecretRef): { readonly summary: string; readonly remedy: string } {
  if ("env" in reference) {
    return { summary: `The environment variable ${reference.env} is not set`, remedy: "Set it and run the same command again." };
  }
  if ("file" in reference) {
    const remedy = "It has to be a regular file of at most 1MiB on this machine, readable by the user who runs virtform.";
    return { summary: `The file ${reference.file} cannot be read`, remedy };
  }
  const remedy = "It has to end with status 0 within 30 s and print at most 64KiB of text. Run it to see what is wrong.";
  return { summary: `The command ${reference.command.map(shellWord).join(" ")} gave no secret`, remedy };
}

/** A reference read from JSON that another program may have written; undefined when it is not one. */
export function secretRefOf(value: unknown): SecretRef | undefined {
  const { env, file, command } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof env === "string") return { env };
  if (typeof file === "string") return { file };
  const isCommand = Array.isArray(command) && command.length > 0 && command.every((word) => typeof word === "string");
  return isCommand ? { command } : undefined;
}
