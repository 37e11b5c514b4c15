import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { loadConfig } from "../../../src/config/load.ts";
import { schema } from "../../../src/kinds/schema.ts";

/** A temporary directory with the given files, gone when the test is. */
export function workspace(context: TestContext, files: Readonly<Record<string, string | Uint8Array>>): string {
  const directory = mkdtempSync(join(tmpdir(), "virtform-config-"));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  return directory;
}

/** Loads what is in such a directory. */
export function load(cwd: string, ...paths: string[]) {
  return loadConfig(paths, { schema, cwd });
}

/** Severity is left out where there is only one kind of it. */
export function codes(loaded: Awaited<ReturnType<typeof load>>): string[] {
  return loaded.diagnostics.map((diagnostic) => diagnostic.code);
}

export const images = "images: { debian: { source: ./debian.raw, disk_format: raw } }\n";
export const flavors = "flavors: { small: { vcpus: 1, ram: 1GiB, disk: 1GiB } }\n";
