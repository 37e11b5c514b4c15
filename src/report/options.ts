/** The part of a writable stream that a reporter uses. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** What a reporter is given when it is made. */
export interface ReporterOptions {
  readonly color: boolean;
  /** For results. */
  readonly stdout: Output;
  /** For everything else: progress, diagnostics, questions. */
  readonly stderr: Output;
  /** Its name on the command line: `plan`, `apply`. */
  readonly command: string;
  /** A person can be asked. */
  readonly interactive: boolean;
  readonly version: string;
  /** Where answers come from. Default: standard input. */
  readonly stdin?: NodeJS.ReadableStream;
  /** Called for each Ctrl-C that reaches a terminal interface as a key. Default: the process gets the signal. */
  readonly onInterrupt?: () => void;
  /** Milliseconds between two frames of a terminal interface. Default: 200. */
  readonly frameEveryMs?: number;
  /** Default: the clock of this machine. */
  readonly now?: () => Date;
  /** Shows every object by itself, also where many are alike. */
  readonly each?: boolean;
  /** Shows every warning in full, also those about what does not change. */
  readonly warnings?: boolean;
  /** The longest Markdown report, in bytes. Default: what a comment on a pull request can hold. */
  readonly maxBytes?: number;
  /** The commit of the configuration, for reports that name it. Resolves to undefined where it is not known. */
  readonly commit?: () => Promise<string | undefined>;
  /** The first file of the configuration, for reports whose problems all need a place. Absent: `virtform.yaml`. */
  readonly firstFile?: () => string | undefined;
  /** What each code of a problem stands for, for reports that explain them. */
  readonly meanings?: () => Promise<Readonly<Record<string, string>>>;
}
