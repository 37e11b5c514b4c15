import { hash } from "node:crypto";

/** The namespace of every uuid that we derive. Changing it would rename everything on every host. */
const uuidNamespace = "7d1f3c52-8a0e-5c0b-9b6e-2f4a61d0c9e7";

/**
 * The uuid that belongs to a name within a namespace (RFC 9562, version 5): the same on every machine, so that two runners
 * mean the same object.
 */
export function uuidV5(name: string, namespace: string = uuidNamespace): string {
  const digest = hash("sha1", Buffer.concat([Buffer.from(namespace.replaceAll("-", ""), "hex"), Buffer.from(name, "utf8")]));
  const version = `5${digest.slice(13, 16)}`;
  const variant = `${((Number.parseInt(digest.slice(16, 17), 16) & 0x3) | 0x8).toString(16)}${digest.slice(17, 20)}`;
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-${version}-${variant}-${digest.slice(20, 32)}`;
}
