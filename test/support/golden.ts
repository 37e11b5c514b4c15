import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Compares text with the file that holds what it should be. `UPDATE_GOLDEN=1` writes the file instead; read the
 * difference before committing it. A file that is missing is a failure, so that a golden test cannot pass by accident.
 */
export function assertGolden(path: string | URL, actual: string): void {
  const file = path instanceof URL ? fileURLToPath(path) : path;
  if (process.env.UPDATE_GOLDEN === "1") {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, actual);
    return;
  }
  assert.equal(actual, readGolden(file), `${file} differs; if this is meant, run again with UPDATE_GOLDEN=1`);
}

function readGolden(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new assert.AssertionError({ message: `there is no ${file}: make it with UPDATE_GOLDEN=1` });
  }
}
