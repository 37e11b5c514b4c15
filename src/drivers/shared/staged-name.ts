import { randomBytes } from "node:crypto";

/** A name beside the final one for a file in the making; no two makers share it. */
export function stagedName(final: string): string {
  return `${final}.${randomBytes(4).toString("hex")}.part`;
}
