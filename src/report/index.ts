import { closest } from "../model/closest.ts";
import { userError } from "../model/errors.ts";
import type { Reporter } from "../model/event.ts";
import { changingCommands } from "./changing-commands.ts";
import type { Format } from "./format.ts";
import type { Output, ReporterOptions } from "./options.ts";

export { chooseFormat } from "./choose-format.ts";
export type { CreateReporter, Format } from "./format.ts";
export type { Output, ReporterOptions } from "./options.ts";

/** The commands with a plan or a checked configuration to report. */
const reportedCommands = ["validate", "plan", "drift", "simulate", ...Object.keys(changingCommands)];

/** Every form of output, one line each. Each is loaded only when it is used: Ink alone costs more than a whole plan. */
const formats: Format[] = [
  { name: "text", load: async () => (await import("./text.ts")).createTextReporter },
  { name: "json", load: async () => (await import("./json-reporter.ts")).createJsonReporter },
  { name: "markdown", commands: reportedCommands, load: async () => (await import("./markdown.ts")).createMarkdownReporter },
  { name: "junit", commands: reportedCommands, load: async () => (await import("./junit.ts")).createJunitReporter },
  { name: "sarif", commands: reportedCommands, load: async () => (await import("./sarif.ts")).createSarifReporter },
  { name: "ignore", commands: ["plan", "drift", "simulate"], load: async () => (await import("./ignore-file.ts")).createIgnoreReporter },
  { name: "tui", commands: ["plan", "drift", "show", ...Object.keys(changingCommands)], load: loadTerminalInterface },
];

/** Adds a form of output until it is disposed. */
export function registerFormat(format: Format): Disposable {
  if (formats.some(({ name }) => name === format.name)) throw new Error(`the format ${format.name} exists already`);
  formats.push(format);
  return { [Symbol.dispose]: () => void formats.splice(formats.indexOf(format), 1) };
}

/** The names that `--format` takes for a command, or for any. */
export function formatNames(command?: string): string[] {
  return formats
    .filter(({ commands }) => commands === undefined || (command !== undefined && commands.includes(command)))
    .map(({ name }) => name);
}

/** Makes what shows a run in the format of this name. Throws a UserError when it does not exist or cannot show the command. */
export async function createReporter(format: string, options: ReporterOptions): Promise<Reporter> {
  const found = formats.find(({ name }) => name === format);
  const possible = formatNames(options.command);
  if (found === undefined || !possible.includes(format)) {
    const near = closest(format, possible);
    throw userError(
      "unknown-format",
      found === undefined ? `Unknown output format: ${format}` : `${options.command} has no output format ${format}`,
      near === undefined || near === format
        ? `Use one of ${possible.join(", ")}.`
        : `Did you mean ${near}? Use one of ${possible.join(", ")}.`,
    );
  }
  return (await found.load(options))(options);
}

/** Below this a terminal interface shows too little to be of use. */
const smallest = { columns: 40, rows: 12 };

/** Plain text on a terminal that is too small. */
async function loadTerminalInterface({ stdout }: ReporterOptions) {
  if (!fits(stdout)) return (await import("./text.ts")).createTextReporter;
  const { createTuiReporter, layoutReady } = await import("./tui/load.ts");
  await layoutReady;
  return createTuiReporter;
}

function fits({ columns = 0, rows = 0 }: Output): boolean {
  return columns >= smallest.columns && rows >= smallest.rows;
}
