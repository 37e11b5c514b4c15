import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { run } from "./run.ts";

/** The directory of the repository, with a slash at the end. */
export const checkout: string = fileURLToPath(new URL("../../../", import.meta.url));

/** The part of package.json that packages need. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly homepage: string;
  readonly repository: { readonly url: string };
  readonly files: readonly string[];
  readonly [key: string]: unknown;
}

export const manifest: Manifest = JSON.parse(readFileSync(`${checkout}package.json`, "utf8"));

/** Where the repository is on the web: `https://github.com/virtform/virtform`. */
export const repository: string = manifest.repository.url.replace(/^git\+/, "").replace(/\.git$/, "");

/** The time that a package carries: SOURCE_DATE_EPOCH, else that of the last commit, else now. Equal sources give equal packages. */
export function sourceTime(): Date {
  const given = process.env["SOURCE_DATE_EPOCH"];
  if (given !== undefined && /^\d+$/.test(given)) return new Date(Number(given) * 1000);
  try {
    return new Date(Number(run("git", ["-C", checkout, "log", "-1", "--format=%ct"])) * 1000);
  } catch {
    return new Date();
  }
}
