import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { readBytesSync } from "../config/read-text.ts";
import { parseJson } from "../model/json-text.ts";
import type { Validators } from "../model/web-access.ts";
import { writeWhole } from "./write-whole.ts";

/** A small file of a web server as it was when it was asked for. */
export interface RememberedFile {
  readonly bytes: Buffer;
  readonly validators: Validators;
  /** When the server last said that it is so, in milliseconds since 1970. */
  readonly at: number;
}

/** Longest file that is read, in bytes: it holds one of at most 4 MiB in base64. */
const maxBytes = 8 * 2 ** 20;

/** Small files of web servers in a directory of this user. What is damaged or cannot be written counts as not remembered. */
export function rememberedFiles(directory: string) {
  const pathOf = (url: string) => join(directory, `${createHash("sha256").update(url).digest("hex")}.json`);
  return {
    async recall(url: string): Promise<RememberedFile | undefined> {
      const read = readBytesSync(pathOf(url), maxBytes, url);
      const { version, body, validators, at } = (parseJson("bytes" in read ? read.bytes : "") ?? {}) as Readonly<Record<string, unknown>>;
      if (version !== 1 || typeof body !== "string" || typeof at !== "number" || typeof validators !== "object" || validators === null)
        return undefined;
      const { etag, lastModified } = validators as Readonly<Record<string, unknown>>;
      return {
        bytes: Buffer.from(body, "base64"),
        validators: {
          ...(typeof etag === "string" ? { etag } : {}),
          ...(typeof lastModified === "string" ? { lastModified } : {}),
        },
        at,
      };
    },
    async remember(url: string, { bytes, validators, at }: RememberedFile): Promise<void> {
      const text = JSON.stringify({ version: 1, at, validators, body: bytes.toString("base64") });
      await mkdir(directory, { recursive: true, mode: 0o700 })
        .then(() => writeWhole(pathOf(url), text, 0o600))
        .catch(() => undefined);
    },
  };
}
