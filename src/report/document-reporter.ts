import { withoutUndefined } from "../model/without-undefined.ts";
import { formatDiagnostics } from "./diagnostics.ts";
import type { CreateReporter } from "./format.ts";
import type { ReporterOptions } from "./options.ts";
import { emptyRecord, type RunRecord, recordEvent } from "./run-record.ts";

/** What a report says about itself. */
export interface ReportHead extends Pick<ReporterOptions, "command" | "version" | "maxBytes" | "each"> {
  /** When the report was made. */
  readonly now: Date;
  /** The commit of the configuration, where it is known. */
  readonly commit?: string;
  /** The first file of the configuration, where it is known. */
  readonly firstFile?: string;
  /** What each code of a problem stands for. */
  readonly meanings?: Readonly<Record<string, string>>;
}

/** Makes the whole text of a report. */
export type RenderReport = (record: RunRecord, head: ReportHead) => string;

/**
 * A reporter that writes one document when the run has ended. Errors outside of the plan are also written to standard error, for the log of
 * a pipeline.
 */
export function documentReporter(render: RenderReport): CreateReporter {
  return (options) => {
    const { command, version, stdout, stderr, color, maxBytes, each, firstFile } = options;
    let record = emptyRecord;
    return {
      event(event) {
        record = recordEvent(record, event);
        const told = event.type === "failed" ? event.diagnostics : event.type === "diagnostic" ? [event.diagnostic] : [];
        if (told.length > 0) stderr.write(formatDiagnostics(told, { color }));
      },
      async close() {
        const [commit, meanings] = [await options.commit?.(), await options.meanings?.()];
        const now = options.now?.() ?? new Date();
        stdout.write(
          render(record, { command, version, now, ...withoutUndefined({ maxBytes, each, commit, meanings, firstFile: firstFile?.() }) }),
        );
      },
    };
  };
}
