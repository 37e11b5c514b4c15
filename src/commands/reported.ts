import { userError } from "../model/errors.ts";
import type { Reporter } from "../model/event.ts";
import { failureDiagnostics } from "../model/failure-diagnostics.ts";
import { chooseFormat, createReporter, type ReporterOptions } from "../report/index.ts";
import { version } from "../version.ts";
import type { Invocation } from "./command.ts";
import { commitOf } from "./commit-of.ts";
import { firstFileOf } from "./first-file.ts";
import type { Io } from "./io.ts";
import { outputs } from "./outputs.ts";
import { openReportFiles, together } from "./report-files.ts";

/**
 * Runs the work of a command with the reporter that shows it: the one of `--format` or `--json`, else a terminal interface where the work
 * is `interactive` and there is one, else text. What a user can fix is reported and gives exit code 1; a bug is thrown.
 */
export async function reported(
  invocation: Invocation,
  io: Io,
  options: Pick<ReporterOptions, "command"> & Partial<Pick<ReporterOptions, "onInterrupt">> & { readonly interactive?: boolean },
  work: (reporter: Reporter) => Promise<number>,
): Promise<number> {
  const { interactive = false, ...rest } = options;
  const asked = askedFormat(invocation);
  const isTTY = (interactive || asked === "tui") && io.stdout.isTTY === true && io.stdin.isTTY === true;
  const format = asked ?? chooseFormat({ json: false, isTTY, color: !invocation.flag("no-color"), env: io.env });
  const maxBytes = parseMaxBytes(invocation.text("max-bytes"));
  const reporterOptions: ReporterOptions = {
    ...rest,
    ...outputs(io, invocation.flag("no-color")),
    ...(isTTY ? { stdin: io.stdin } : {}),
    ...(maxBytes === undefined ? {} : { maxBytes }),
    interactive: interactive && isTTY && format !== "json",
    each: invocation.flag("each"),
    warnings: invocation.flag("warnings"),
    version,
    firstFile: () => firstFileOf(invocation.positionals, io.hosts),
    commit: () => commitOf(process.cwd(), io.env),
    meanings: async () => Object.assign({}, ...(await import("../codes.ts")).allCodes.map(({ codes }) => codes)),
  };
  const main = await createReporter(format, reporterOptions);
  if (asked === "tui" && (!isTTY || io.env["TERM"] === "dumb"))
    throw userError(
      "bad-option",
      `${invocation.flag("tui") ? "--tui" : "--format tui"} needs a terminal`,
      "Standard input and output must be a terminal that can move its cursor. Leave the option out to get text.",
    );
  const inputs = [
    ...invocation.positionals,
    ...["path", "var-file", "host-profile"].flatMap((option) => invocation.texts(option)),
    ...invocation.texts("host").map((value) => value.slice(value.indexOf("=") + 1)),
  ];
  const reporter = together(main, await openReportFiles(invocation.texts("report"), reporterOptions, inputs));
  try {
    return await work(reporter);
  } catch (error) {
    const diagnostics = failureDiagnostics(error);
    if (diagnostics === undefined) throw error;
    reporter.event({ type: "failed", diagnostics });
    return 1;
  } finally {
    await reporter.close();
  }
}

/** What the command line asks for. Throws a UserError where it asks for two. */
function askedFormat(invocation: Invocation): string | undefined {
  const { flag, text } = invocation;
  const asked = [...(flag("tui") ? ["tui"] : []), ...(flag("json") ? ["json"] : []), text("format") ?? []].flat();
  const [first, ...others] = [...new Set(asked)];
  if (first === undefined || others.length === 0) return first;
  throw userError(
    "bad-option",
    `Two output formats: ${[first, ...others].join(" and ")}`,
    "Ask for one of them; `--report NAME=FILE` writes another into a file.",
  );
}

function parseMaxBytes(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{4,9}$/.test(text)) return Number(text);
  throw userError(
    "bad-option",
    `--max-bytes: "${text}" is not a number of at least 1000`,
    "It limits a Markdown report; the default is 65000.",
  );
}
