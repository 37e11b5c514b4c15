import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { main } from "../../../src/cli.ts";
import type { Io } from "../../../src/commands/io.ts";
import { processSecrets } from "../../../src/commands/process-secrets.ts";
import { memory } from "../report/support.ts";

/** Runs a command line in this process, in a directory with these files. */
export async function runMain(
  t: TestContext,
  argv: readonly string[],
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
  openHost?: Io["openHost"],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const directory = mkdtempSync(join(tmpdir(), "virtform-main-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const unwatched = { once() {}, off() {} };
  const [stdout, stderr] = [Object.assign(memory(), unwatched), memory()];
  const before = process.cwd();
  process.chdir(directory);
  try {
    const code = await main(argv, {
      stdout: stdout as never,
      stderr: stderr as never,
      stdin: process.stdin,
      env,
      ...(openHost === undefined ? {} : { openHost }),
      secrets: processSecrets({}),
      outputFailed: new AbortController().signal,
      settled: async () => {},
    });
    return { code, stdout: stdout.text, stderr: stderr.text };
  } finally {
    process.chdir(before);
  }
}
