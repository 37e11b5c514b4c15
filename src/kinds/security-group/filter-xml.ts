import { addressText } from "../../model/ip.ts";
import { parseXml, type XmlElement } from "../../tools/xml.ts";
import type { FilterDocument, FilterReference, TrafficRule } from "../terms/filter-document.ts";
import { filterUuid } from "../terms/port-filter.ts";

/** The comment of the last rule: the version of this form, the digest of the filter as it was applied, and its prevent_destroy. libvirt drops all other places for it. */
const mark = /^virtform 1 ([0-9a-f]{16})( protected)?$/;
const addressAttributes: ReadonlySet<string> = new Set(["srcipaddr", "dstipaddr", "arpsrcipaddr"]);

/** The document of a filter as libvirt takes it. `applied`: digest of its lines. `protects`: its prevent_destroy. */
export function writeFilter(name: string, { refers, rules }: FilterDocument, applied: string, protects = false): string {
  const written = [
    ...refers.map(({ filter, parameters }) => {
      const values = parameters.map(([key, value]) => `    <parameter name='${key}' value='${value}'/>\n`).join("");
      return values === "" ? `  <filterref filter='${filter}'/>\n` : `  <filterref filter='${filter}'>\n${values}  </filterref>\n`;
    }),
    ...[...rules, { ...lastRule, attributes: { comment: `virtform 1 ${applied}${protects ? " protected" : ""}` } }].map(writeRule),
  ];
  return `<filter name='${name}' chain='root'>\n  <uuid>${filterUuid(name)}</uuid>\n${written.join("")}</filter>\n`;
}

/** What no rule allows is refused. Each filter ends with it, so that a group refuses even where the filter of the interface was edited. */
const lastRule: TrafficRule = { action: "drop", direction: "inout", priority: 1000, tracked: true, element: "all", attributes: {} };

function writeRule({ action, direction, priority, tracked, element, attributes }: TrafficRule): string {
  const match = Object.entries(attributes).map(([key, value]) => ` ${key}='${value}'`);
  return `  <rule action='${action}' direction='${direction}' priority='${priority}'${tracked ? "" : " statematch='false'"}>\n    <${element}${match.join("")}/>\n  </rule>\n`;
}

/** A document of libvirt's as data. Throws a CodedError for one that is not XML. */
export function readFilter(xml: string): ReadFilter {
  const root = parseXml(xml);
  const rules = root.children.filter(({ name }) => name === "rule").map(readRule);
  const marks = rules.map(({ attributes }) => mark.exec(attributes["comment"] ?? "") ?? undefined);
  const last = rules.findIndex((rule, index) => marks[index] !== undefined && isLast(rule));
  const { chain = "root", priority } = root.attributes;
  return {
    document: {
      chain: priority === undefined ? chain : `${chain} ${priority}`,
      refers: root.children.filter(({ name }) => name === "filterref").map(readReference),
      rules: rules.filter((_, index) => index !== last),
    },
    applied: marks[last]?.[1] ?? null,
    protects: marks[last]?.[2] !== undefined,
  };
}

/** What a document of a filter says. */
interface ReadFilter {
  readonly document: FilterDocument;
  /** The digest that it was applied with; null where it says none. */
  readonly applied: string | null;
  /** Its prevent_destroy. */
  readonly protects: boolean;
}

function isLast({ action, direction, priority, tracked, element, attributes }: TrafficRule): boolean {
  const plain = Object.keys(attributes).length === 1;
  return plain && tracked && `${action} ${direction} ${priority} ${element}` === "drop inout 1000 all";
}

function readReference({ attributes, children }: XmlElement): FilterReference {
  const parameters = children.filter(({ name }) => name === "parameter").map((one) => one.attributes);
  return {
    filter: attributes["filter"] ?? "",
    parameters: parameters.map(({ name = "", value = "" }) => [name, addressText(value)] as const),
  };
}

function readRule({ attributes, children }: XmlElement): TrafficRule {
  const { action = "", direction = "", priority = "500", statematch } = attributes;
  const match = children[0];
  return {
    action,
    direction,
    priority: Number(priority),
    tracked: statematch !== "false" && statematch !== "0",
    element: match?.name ?? "",
    attributes: Object.fromEntries(
      Object.entries(match?.attributes ?? {}).map(([key, value]) => [key, addressAttributes.has(key) ? addressText(value) : value]),
    ),
  };
}
