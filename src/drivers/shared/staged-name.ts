import { randomBytes } from "node:crypto";
import { stagedPath } from "../../model/layout.ts";

/** A name beside the final one for a file in the making; no two makers share it. */
export function stagedName(final: string): string {
  return stagedPath(final, randomBytes(4).toString("hex"));
}
