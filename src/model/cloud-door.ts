import type { WebAnswer, WebRequest, WebTrouble } from "./web.ts";

/** Where settings of OpenStack clouds come from: the environment and files of the machine that virtform runs on. */
export interface CloudInputs {
  /** The variables that begin with OS_. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Directories that may hold clouds.yaml, secure.yaml and clouds-public.yaml, the first one first. */
  readonly directories: readonly string[];
  /** The text of a file; undefined when there is none. Throws a UserError for a pipe, a device or a file that is too large. */
  readonly readText: (path: string) => string | undefined;
}

/** How clouds are reached from the machine that virtform runs on. */
export interface CloudDoor extends CloudInputs {
  readonly request: (request: WebRequest) => Promise<WebAnswer | WebTrouble>;
}
