import { find, findAll, type XmlElement } from "../../tools/xml.ts";

const split = new Map<string, { readonly parents: readonly string[]; readonly name: string }>();

/** The elements at a path of plain names, `devices/disk`, that end it. The paths are those of the table of fields. */
export function deviceElements(domain: XmlElement, { at }: { readonly at: string }): XmlElement[] {
  const known = split.get(at) ?? splitPath(at);
  split.set(at, known);
  let parent: XmlElement | undefined = domain;
  for (let index = 0; index < known.parents.length; index += 1) parent = find(parent, known.parents[index]);
  return findAll(parent, known.name);
}

function splitPath(at: string) {
  const names = at.split("/");
  return { name: names.pop() ?? "", parents: names };
}
