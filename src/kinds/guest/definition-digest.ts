import { hash } from "node:crypto";

/** Tells one definition from another, for a plan that is carried out later. */
export function definitionDigest(xml: string): string {
  return hash("sha256", xml).slice(0, 32);
}
