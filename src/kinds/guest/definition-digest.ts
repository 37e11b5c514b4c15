import { hash } from "node:crypto";

/**
 * A digest that differs between definitions, for a plan that is carried out later. Passwords of displays are left out: libvirt shows them only to callers that ask
 * for them.
 */
export function definitionDigest(xml: string): string {
  // Few definitions have any. libvirt writes the other attributes beside a password only, and V8 finds a short text that begins with a rare letter at once.
  const has = xml.includes("wd='");
  return hash("sha256", has ? xml.replaceAll(/ (?:passwd|passwdValidTo|connected)='[^']*'/g, "") : xml).slice(0, 32);
}
