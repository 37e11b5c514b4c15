import type { XmlElement } from "../../../tools/xml.ts";
import { filterNamespace } from "../../terms/port-filter.ts";

/** Parameters of a filter of ours in a definition: its own document has all others, so that they change without the guest. */
export const learnsByDhcp: readonly (readonly [name: string, value: string])[] = [["CTRL_IP_LEARNING", "dhcp"]];

/** The filter that an interface has, by its name; of one with other parameters than those of ours with these. Undefined without one. */
export function filterText(filterref: XmlElement | undefined): string | undefined {
  if (filterref === undefined) return undefined;
  const { filter = "" } = filterref.attributes;
  const given = filterref.children.map(({ attributes: { name, value } }) => `${name}=${value}`).sort();
  const ours = learnsByDhcp.map(([name, value]) => `${name}=${value}`);
  if (!filter.startsWith(filterNamespace)) return [filter, ...given].join(" ");
  return given.join(" ") === ours.join(" ") ? filter : `${filter} with ${given.length === 0 ? "no parameters" : given.join(" ")}`;
}
