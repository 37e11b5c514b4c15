import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import type { TestContext } from "node:test";

/** An empty directory for the duration of a test. */
export async function temporaryDirectory(t: TestContext): Promise<string> {
  const path = await mkdtemp(`${tmpdir()}/virtform-cli-`);
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}
