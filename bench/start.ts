import { measure, runOnce } from "./measure.ts";
import { type Row, ratio } from "./row.ts";
import { virtform } from "./workspace.ts";

/** Node without a program. */
export const nodeAlone = { name: "node -e 0", run: () => runOnce(process.execPath, ["-e", "0"]) };

/** The start of the program, against Node without one. */
export function benchStart(): Row[] {
  const [ours, theirs] = measure(15, { run: () => runOnce(process.execPath, [virtform, "--version"]) }, nodeAlone);
  return [ratio({ what: "virtform --version", ours, baseline: nodeAlone.name, theirs }, 1.5)];
}
