import { withoutCredentials } from "../model/without-credentials.ts";

/** A copy of plain data in which addresses on the web, also those that are keys, are as they may be shown. Pure. */
export function maskedAddresses(value: unknown): unknown {
  if (typeof value === "string") return masked(value);
  if (Array.isArray(value)) return value.map(maskedAddresses);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [masked(key), maskedAddresses(below)]));
}

function masked(text: string): string {
  return /^https?:\/\//i.test(text) ? withoutCredentials(text) : text;
}
