import type { DiskAttachment } from "../driver.ts";

/** A source as a look at a domain gives it. */
export function sourceText(attachment: DiskAttachment): string {
  return attachment.type === "network" ? `${attachment.protocol}:${attachment.source}` : attachment.source;
}
