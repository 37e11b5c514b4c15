import { basename } from "node:path";

/** A name for the project of a configuration in a directory: that of the directory, without what cannot be in it. */
export function proposedProject(directory: string, not: RegExp = /[^a-zA-Z0-9._-]+/g): string {
  const proposed = basename(directory)
    .replaceAll(not, "-")
    .replaceAll(/^[^a-zA-Z0-9]+|[^a-zA-Z0-9]+$/g, "")
    .slice(0, 63);
  return proposed === "" ? "shop" : proposed;
}
