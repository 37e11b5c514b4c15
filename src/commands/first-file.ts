import { findFiles } from "../config/find-files.ts";

/** The first file of the configuration in these paths or values of `--host`; undefined where there is none. */
export function firstFileOf(paths: readonly string[], hosts: readonly string[] = []): string | undefined {
  const given = [...paths, ...hosts.map((value) => value.slice(value.indexOf("=") + 1))];
  return findFiles(given.length === 0 ? ["."] : given, process.cwd()).files[0]?.file;
}
