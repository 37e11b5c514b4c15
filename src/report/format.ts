import type { Reporter } from "../model/event.ts";
import type { ReporterOptions } from "./options.ts";

/** Makes a reporter that shows one run. */
export type CreateReporter = (options: ReporterOptions) => Reporter;

/** A form of output, loaded when it is used. */
export interface Format {
  /** What `--format` takes. */
  readonly name: string;
  /** The commands that it can show; absent: all. */
  readonly commands?: readonly string[];
  readonly load: (options: ReporterOptions) => Promise<CreateReporter>;
}
