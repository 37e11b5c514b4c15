import { jsonOf } from "../tools/json-of.ts";

/** What has to be undone on a guest when the copy of its disk is interrupted. */
export interface RunningCopyRecord {
  readonly version: 1;
  /** The connection that the guest belongs to, as its host has it: `qemu:///system`. Projects of several connections can share an instances path. */
  readonly uri: string;
  /** Its uuid. */
  readonly domain: string;
  /** Its file systems may be frozen. */
  readonly frozen: boolean;
}

/** No other is written: a changed record must not make the daemon connect to another machine. */
const localUri = /^[a-z]+:\/\/\/(system|session)$/;

/** The record in these bytes; undefined for other content. Pure. */
export function parseRunningCopyRecord(content: Buffer | undefined): RunningCopyRecord | undefined {
  const found = content === undefined ? undefined : jsonOf(content);
  if (typeof found !== "object" || found === null) return undefined;
  const { version, uri, domain, frozen } = found as Readonly<Record<string, unknown>>;
  if (version !== 1 || typeof uri !== "string" || !localUri.test(uri) || typeof domain !== "string" || typeof frozen !== "boolean")
    return undefined;
  return { version, uri, domain, frozen };
}
