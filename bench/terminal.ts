import { readFileSync, rmSync } from "node:fs";
import type { TestContext } from "node:test";
import { openTerminal } from "../test/real/cli/support/terminal.ts";
import { memory, type Row } from "./row.ts";
import { createWorkspace, smallImage } from "./workspace.ts";

/** Peak memory of an apply in a terminal of 200 × 50, with the tree of the plan and the progress of the actions. */
export async function benchTerminal(count: number): Promise<Row[]> {
  await using ends = new AsyncDisposableStack();
  using workspace = createWorkspace();
  const { directory, config } = workspace;
  workspace.configure({ count, image: smallImage(`${directory}/small.qcow2`) });
  const t = { after: (done: () => unknown) => ends.defer(async () => void (await done())) } as unknown as TestContext;
  const terminal = await openTerminal(t, directory, { columns: 200, rows: 50 });
  const peak = `${directory}/peak`;
  rmSync(peak, { force: true });
  const script = `process.on("exit", () => require("node:fs").writeFileSync(${JSON.stringify(peak)}, String(process.resourceUsage().maxRSS)))`;
  await terminal.enter(
    `echo ${Buffer.from(script).toString("base64")} | base64 -d > peak.cjs; export NODE_OPTIONS=--require=${directory}/peak.cjs; clear`,
  );
  const started = process.hrtime.bigint();
  await terminal.enter(`virtform apply ${config}`);
  await terminal.until(/Plan: \d+ to add/);
  await terminal.press("y");
  await terminal.until(/exit 0\n/);
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  return [memory(`apply of ${count} instances in a terminal`, { seconds, peakBytes: Number(readFileSync(peak, "utf8")) * 1024 }, 150)];
}
