import { basename, dirname, resolve } from "node:path";
import { isConfigurationFile } from "../config/has-configuration.ts";
import { errorMessage, UserError, userError } from "../model/errors.ts";
import type { Event, Reporter } from "../model/event.ts";
import { createReporter, type ReporterOptions } from "../report/index.ts";
import { writeWhole } from "./write-whole.ts";

/** A report in a file beside what a command shows. */
interface ReportFile {
  readonly format: string;
  readonly path: string;
}

/**
 * The reporters of `--report NAME=FILE`: each gets every event, and its file is written as a whole when it is closed. Throws a UserError for a
 * value of another form, an unknown format, a file that is named twice, and one that is a configuration or among the `inputs` of the command.
 */
export function openReportFiles(values: readonly string[], options: ReporterOptions, inputs: readonly string[] = []): Promise<Reporter[]> {
  const files = values.map(parseReport);
  const read = new Set(inputs.map((path) => resolve(path)));
  const overwritten = files.find(({ path }) => read.has(resolve(path)) || isConfigurationFile(basename(path)));
  if (overwritten !== undefined)
    throw userError(
      "bad-option",
      `--report: ${overwritten.path} is a file that the command reads`,
      "The report would replace the configuration. Choose another name.",
    );
  const twice = files.find(({ path }, index) => files.findIndex((other) => resolve(other.path) === resolve(path)) < index);
  if (twice !== undefined) throw userError("bad-option", `--report: ${twice.path} is named twice`, "Give each report a file of its own.");
  return Promise.all(files.map((file) => openReportFile(file, options)));
}

/** One reporter that passes events to several; the first one is the one that asks. */
export function together(main: Reporter, others: readonly Reporter[]): Reporter {
  if (others.length === 0) return main;
  const { confirm } = main;
  return {
    event(event: Event) {
      main.event(event);
      for (const other of others) other.event(event);
    },
    ...(confirm === undefined ? {} : { confirm: (question) => confirm.call(main, question) }),
    async close() {
      await main.close();
      const endings = await Promise.allSettled(others.map((other) => other.close()));
      const reasons = endings.flatMap((ending) => (ending.status === "rejected" ? [ending.reason] : []));
      const bug = reasons.find((reason) => !(reason instanceof UserError));
      if (bug !== undefined) throw bug;
      if (reasons.length > 0) throw new UserError(reasons.flatMap((reason) => (reason as UserError).diagnostics));
    },
  };
}

function parseReport(value: string): ReportFile {
  const [, format, path] = /^([a-z]+)=(.+)$/s.exec(value) ?? [];
  if (format !== undefined && path !== undefined && format !== "tui") return { format, path };
  const form = "Write the format and the file, such as --report markdown=plan.md or --report junit=drift.xml.";
  throw userError("bad-option", `--report: "${value}" is not NAME=FILE`, form);
}

async function openReportFile({ format, path }: ReportFile, options: ReporterOptions): Promise<Reporter> {
  let text = "";
  const { stdin: _, onInterrupt: __, ...rest } = options;
  const stdout = { write: (part: string) => (text += part) };
  const reporter = await createReporter(format, { ...rest, stdout, stderr: { write: () => {} }, color: false, interactive: false });
  return {
    event: (event) => reporter.event(event),
    async close() {
      await reporter.close();
      await writeWhole(path, text).catch((error: unknown) => {
        throw userError("report-file", `Cannot write the report ${path}`, `${reasonOf(error, path)} What the command did is not affected.`);
      });
    },
  };
}

/** What keeps a file from being written. */
function reasonOf(error: unknown, path: string): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case "ENOENT":
      return `There is no directory ${dirname(path)}, or no files can be created in it.`;
    case "ENOTDIR":
      return `${dirname(path)} is not a directory.`;
    case "EISDIR":
    case "EBUSY":
      return `${path} is a directory: name a file in it.`;
    case "EACCES":
    case "EPERM":
      return "It may not be written by this user.";
    default:
      return `${errorMessage(error)}.`;
  }
}
