import type { InstanceConfig } from "../config.ts";
import type { GuestFile } from "../terms/guest-file.ts";

/** The files that a guest gets, in the order of their paths. */
export function guestFiles({ files = [] }: Pick<InstanceConfig, "files">): GuestFile[] {
  return files
    .map(({ path, text, base64 = "", mode, owner }) => ({
      path,
      base64: text === undefined ? base64.replace(/\s+/g, "") : Buffer.from(text).toString("base64"),
      mode: mode === undefined ? null : mode.padStart(4, "0"),
      owner: owner ?? null,
    }))
    .sort((one, other) => (one.path < other.path ? -1 : 1));
}
