import { formatNames } from "../report/index.ts";
import type { Io } from "./io.ts";

/** One option of a command, as `--help`, the parser and shell completion need it. */
export interface OptionDefinition {
  readonly type: "boolean" | "string";
  /** May be given more than once. */
  readonly multiple?: true;
  readonly short?: string;
  /** What stands for the value in the help: `FILE`. */
  readonly value?: string;
  /** The values that it takes, for the Tab key. */
  readonly values?: readonly string[];
  /** The value if the option is given without one: `--allow-destroy` and `--allow-destroy=ADDR`. */
  readonly bare?: string;
  /** A sentence; a function where it depends on the command, whose name it gets. */
  readonly help: string | ((command: string) => string);
}

/** A call of a command, parsed. */
export interface Invocation {
  readonly positionals: readonly string[];
  /** Those of the positionals that stand behind `--`. */
  readonly behindDashes: readonly string[];
  flag(name: string): boolean;
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  /** The values of several options, in the order in which they were given. */
  ordered(...names: readonly string[]): readonly { readonly option: string; readonly value: string }[];
}

/** A command of the command line. */
export interface CommandDefinition {
  readonly summary: string;
  /** What follows the name: `[PATH…] [options]`. */
  readonly usage: string;
  /** A few sentences for `--help`. */
  readonly description: string;
  readonly options: Readonly<Record<string, OptionDefinition>>;
  /** Command lines with what they do. */
  readonly examples: readonly (readonly [commandLine: string, meaning: string])[];
  /** Resolves to the exit code. A UserError thrown is shown as diagnostics with exit code 1. */
  run(invocation: Invocation, io: Io): Promise<number>;
}

/** Options of every command that prints for people. */
export const colorOptions = {
  "no-color": { type: "boolean", help: "Disable colours, like NO_COLOR in the environment." },
} as const satisfies Record<string, OptionDefinition>;

/** Options of every command that reads a configuration. */
export const variableOptions = {
  var: {
    type: "string",
    multiple: true,
    value: "NAME=VALUE",
    help: "Value of a variable of the configuration. Repeatable; the last one counts, also against --var-file and VIRTFORM_VAR_NAME.",
  },
  "var-file": { type: "string", multiple: true, value: "FILE", help: "YAML file with a line NAME: VALUE for each variable. Repeatable." },
} as const satisfies Record<string, OptionDefinition>;

/** The option of every command that works on the hosts of a configuration. */
export const severalHostsOptions = {
  host: {
    type: "string",
    multiple: true,
    value: "NAME=PATH",
    help: "Work on several hosts: the configuration at PATH is for the host NAME. Repeatable; addresses then begin with the name of the host.",
  },
} as const satisfies Record<string, OptionDefinition>;

/** Options of every command that looks at a host. */
export const hostOptions = {
  ...colorOptions,
  ...variableOptions,
  ...severalHostsOptions,
  trace: {
    type: "string",
    value: "FILE",
    bare: "1",
    help: "Write each libvirt call and each program with its time to standard error, or to this file; VIRTFORM_TRACE=1 or =FILE does the same.",
  },
  format: { type: "string", value: "NAME", help: (command) => `Output format: ${formatNames(command).join(", ")}.` },
} as const satisfies Record<string, OptionDefinition>;

/** Options of every command that has a plan or a checked configuration to report. */
export const reportOptions = {
  report: {
    type: "string",
    multiple: true,
    value: "NAME=FILE",
    help: "Also write the result to FILE in this format, such as markdown=plan.md or junit=drift.xml. Repeatable.",
  },
  "max-bytes": { type: "string", value: "N", help: "The longest Markdown report (default 65000). Losses and restarts are never cut." },
} as const satisfies Record<string, OptionDefinition>;

/** Options of every command that shows a plan. */
export const shownPlanOptions = {
  each: { type: "boolean", help: "Show every object by itself, also where many are alike." },
  warnings: { type: "boolean", help: "Show every warning in full, also those about what does not change." },
} as const satisfies Record<string, OptionDefinition>;

/** The option of the commands whose plan is only looked at. */
export const browseOptions = {
  tui: { type: "boolean", help: "Look through the plan on the terminal: open and close its parts, filter them; ? shows the keys." },
} as const satisfies Record<string, OptionDefinition>;

/** Options of every command that plans. */
export const planOptions = {
  ...hostOptions,
  ...reportOptions,
  ...shownPlanOptions,
  target: {
    type: "string",
    multiple: true,
    value: "ADDR",
    help: "Only this object (disk/web-0.root) or all objects of this name (web-0, web-*), and their dependencies. Repeatable.",
  },
  exclude: {
    type: "string",
    multiple: true,
    value: "ADDR",
    help: "Leave this object (disk/web-0.root) or all objects of this name (web-0, web-*) as they are, and what cannot be done without them. Repeatable.",
  },
} as const satisfies Record<string, OptionDefinition>;

/** The option of the commands that make a plan from the configuration. */
export const replaceOptions = {
  replace: {
    type: "string",
    multiple: true,
    value: "ADDR",
    help: "Recreate the root disk of this instance (web-0, web-*), this disk (disk/web-0.eph0) or this volume (volume/data), although nothing about it differs. Repeatable.",
  },
} as const satisfies Record<string, OptionDefinition>;

/** Options of every command that changes a host. */
export const applyOptions = {
  ...planOptions,
  "auto-approve": { type: "boolean", help: "Do not ask for confirmation. Loss of data still needs --allow-destroy." },
  "allow-destroy": {
    type: "string",
    multiple: true,
    value: "ADDR",
    bare: "*",
    help: "Allow the loss of data, in the whole plan or at one address only. Repeatable.",
  },
  parallelism: { type: "string", value: "N", help: "Number of parallel actions (default 4, over ssh 10)." },
  "lock-timeout": { type: "string", value: "TIME", help: "How long to wait for the lock of another apply: 0s, 30s, 5m (default 30s)." },
  json: { type: "boolean", help: "Print events as newline-delimited JSON." },
} as const satisfies Record<string, OptionDefinition>;

/** Options of the commands that refuse a project of another configuration. */
export const takeOverOptions = {
  "take-over-project": {
    type: "boolean",
    help: "Make the project this configuration's, although it was applied from another directory.",
  },
} as const satisfies Record<string, OptionDefinition>;
