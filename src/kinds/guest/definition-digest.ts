import { hash } from "node:crypto";

/**
 * Tells one definition from another, for a plan that is carried out later. Passwords of displays are left out: libvirt shows them only to who asks
 * for them.
 */
export function definitionDigest(xml: string): string {
  // Few definitions have any: two searches for a word take a fifth of the time of one for the expression.
  const has = xml.includes(" passwd") || xml.includes(" connected='");
  return hash("sha256", has ? xml.replaceAll(/ (?:passwd|passwdValidTo|connected)='[^']*'/g, "") : xml).slice(0, 32);
}
