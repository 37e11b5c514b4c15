import { createHash } from "node:crypto";

/** The namespace of every uuid that we derive. Changing it would rename everything on every host. */
const uuidNamespace = "7d1f3c52-8a0e-5c0b-9b6e-2f4a61d0c9e7";

/**
 * The uuid that belongs to a name within a namespace (RFC 9562, version 5): the same on every machine, so that two runners
 * mean the same object.
 */
export function uuidV5(name: string, namespace: string = uuidNamespace): string {
  const bytes = createHash("sha1")
    .update(Buffer.from(namespace.replaceAll("-", ""), "hex"))
    .update(name, "utf8")
    .digest()
    .subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
