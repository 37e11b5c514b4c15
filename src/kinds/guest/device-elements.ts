import { find, findAll, type XmlElement } from "../../tools/xml.ts";

/** The elements at a path of plain names, `devices/disk`, that end it. */
export function deviceElements(domain: XmlElement, { at }: { readonly at: string }): XmlElement[] {
  const names = at.split("/");
  const last = names.pop() ?? "";
  return findAll(find(domain, ...names), last);
}
