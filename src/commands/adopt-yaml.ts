import { Document, isMap, isSeq, type YAMLMap } from "yaml";
import { literalJson } from "../config/literal-json.ts";
import type { InstanceConfig } from "../kinds/config.ts";
import type { AdoptedEntry } from "../kinds/instance/adopt/entry.ts";
import type { Json } from "../model/json.ts";
import { formatQuantity } from "../model/quantity.ts";

/** Keys of the entries whose numbers are bytes. */
const sizes = new Set(["ram", "disk", "max_ram"]);

/** Adopted guests as YAML, each with comments on what is left as it is. `project`: written where no configuration names one yet. */
export function adoptYaml(entries: readonly AdoptedEntry[], project?: string): string {
  const flavors = entries.flatMap(({ flavor }) => (flavor === null ? [] : [[flavor.name, written(flavor.config)] as const]));
  const document = new Document({
    ...(project === undefined ? {} : { project }),
    ...(flavors.length === 0 ? {} : { flavors: Object.fromEntries(flavors) }),
    instances: Object.fromEntries(entries.map(({ name, instance }) => [name, written(instance)])),
  });
  flow(document.get("flavors"));
  for (const { name, ...entry } of entries) {
    const found = document.getIn(["instances", name]);
    if (!isMap(found)) continue;
    for (const key of ["disks", "networks"]) flow(found.get(key));
    for (const key of ["cpu", "tpm", "video"]) inFlow(found.get(key));
    found.commentBefore = comments(entry, name).join("\n");
  }
  return document.toString({ lineWidth: 0 });
}

function comments({ domain, left, remarks }: Omit<AdoptedEntry, "name">, name: string): string[] {
  return [
    ...(domain === name ? [] : [` domain ${line(domain)}`]),
    ...remarks.map((remark) => ` ${line(remark)}`),
    ...(left.length === 0 ? [] : [` left as it is: ${line(left.join(", "))}`]),
  ];
}

/** Names on the host are other people's: none of them ends a comment. */
function line(text: string): string {
  return text.replaceAll(/\p{Cc}|[\u2028\u2029]/gu, " ");
}

function written(entry: Partial<InstanceConfig> | object): object {
  return Object.fromEntries(
    Object.entries(entry)
      .filter(([, value]) => !(Array.isArray(value) && value.length === 0))
      .map(([key, value]) => [key, sizes.has(key) && typeof value === "number" ? sizeText(value) : literalJson(value as Json)]),
  );
}

function sizeText(bytes: number): string {
  return bytes === 0 ? "0GiB" : formatQuantity(bytes);
}

/** Each part of a mapping or a list on a line of its own. */
function flow(node: unknown): void {
  const parts = isMap(node) ? (node as YAMLMap).items.map(({ value }) => value) : isSeq(node) ? node.items : [];
  for (const part of parts) inFlow(part);
}

function inFlow(node: unknown): void {
  if (isMap(node) || isSeq(node)) node.flow = true;
}
