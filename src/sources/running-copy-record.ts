import { jsonOf } from "../tools/json-of.ts";

/** What has to be undone on a guest when the copy of its disk is interrupted. */
export interface RunningCopyRecord {
  readonly version: 1;
  /** Its uuid. */
  readonly domain: string;
  /** Its file systems may be frozen. */
  readonly frozen: boolean;
}

/** The record in these bytes; undefined for other content. Pure. */
export function parseRunningCopyRecord(content: Buffer | undefined): RunningCopyRecord | undefined {
  const found = content === undefined ? undefined : jsonOf(content);
  if (typeof found !== "object" || found === null) return undefined;
  const { version, domain, frozen } = found as Readonly<Record<string, unknown>>;
  return version === 1 && typeof domain === "string" && typeof frozen === "boolean" ? { version, domain, frozen } : undefined;
}
