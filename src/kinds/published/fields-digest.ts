import { createHash } from "node:crypto";
import type { PublishedFields } from "./spec.ts";

/** What tells fields that were set from others, in 40 characters. Pure. */
export function fieldsDigest(fields: PublishedFields): string {
  return createHash("sha256").update(JSON.stringify(fields)).digest("hex").slice(0, 40);
}
