import { createHash } from "node:crypto";
import type { Json } from "../model/json.ts";

/** A digest of an observed object that is equal exactly when its description is, whatever the order of its keys. */
export function fingerprint(description: Json): string {
  return createHash("sha256").update(canonical(description)).digest("hex").slice(0, 32);
}

function canonical(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value).filter(([, member]) => member !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}
