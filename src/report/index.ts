import type { Reporter } from "../model/event.ts";
import type { ReporterOptions } from "./options.ts";

export { chooseFormat } from "./choose-format.ts";
export type { Format, ReporterOptions } from "./options.ts";

/** Below this a terminal interface shows too little to be of use. */
const smallest = { columns: 40, rows: 12 };

/**
 * Makes what shows a run. Each form is loaded only when it is used: ink alone costs more than a whole plan. A terminal
 * that is too small or shall have no colours gets plain text.
 */
export async function createReporter(options: ReporterOptions): Promise<Reporter> {
  switch (options.format) {
    case "json":
      return (await import("./json-reporter.ts")).createJsonReporter(options);
    case "tui": {
      const { columns = 0, rows = 0 } = options.stdout;
      if (!options.color || columns < smallest.columns || rows < smallest.rows) break;
      return (await import("./tui/reporter.tsx")).createTuiReporter(options);
    }
    case "text":
      break;
  }
  return (await import("./text.ts")).createTextReporter(options);
}
