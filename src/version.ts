import { readFileSync } from "node:fs";

/** The version of virtform, put in its place when the program is built. */
declare const VIRTFORM_VERSION: string | undefined;

/** The version of virtform, from its package.json. */
export const version: string =
  typeof VIRTFORM_VERSION === "string"
    ? VIRTFORM_VERSION
    : JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version;

/** What `virtform --version` prints. */
export const versionText: string = `virtform ${version}\n`;

/** Whether a command line asks for the version. */
export function isVersionQuestion([first]: readonly string[]): boolean {
  return first === "--version" || first === "-version" || first === "-V" || first === "version";
}
