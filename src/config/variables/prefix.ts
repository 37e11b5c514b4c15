import type { Schema } from "../keywords.ts";
import { type Entry, type Located, scalarNode, toPlain, withEntries } from "../located.ts";
import type { Pointer } from "../problem.ts";
import { walk } from "../walk.ts";

/** The sections of a module, with the names of its entries behind a prefix, and references among them to match. Other references stay. */
export function withPrefix(root: Located, prefix: string, schema: Schema): Located {
  if (prefix === "") return root;
  const sections = new Map<string | number, Entry>();
  for (const [section, entry] of root.entries) {
    const part = schema.properties?.[String(section)]?.additionalProperties;
    const entries = new Map<string | number, Entry>();
    for (const [name, own] of entry.node.entries) {
      const node = typeof part === "object" ? renamed(own.node, part, root, prefix) : own.node;
      entries.set(`${prefix}${name}`, { ...own, node });
    }
    sections.set(section, { ...entry, node: withEntries(entry.node, entries) });
  }
  return withEntries(root, sections);
}

function renamed(node: Located, part: Schema, root: Located, prefix: string): Located {
  let result = node;
  for (const { schema, value, pointer } of walk(part, toPlain(node))) {
    if (schema.reference === undefined || typeof value !== "string") continue;
    const isOwn = root.entries.get(schema.reference)?.node.entries.has(value) === true;
    if (isOwn) result = replaced(result, pointer, `${prefix}${value}`);
  }
  return result;
}

/** The same value with another text at one place. */
function replaced(node: Located, [step, ...rest]: Pointer, text: string): Located {
  if (step === undefined) return { ...node, ...scalarNode(text, node.span), dynamic: false };
  const entry = node.entries.get(step);
  if (entry === undefined) return node;
  return withEntries(node, new Map(node.entries).set(step, { ...entry, node: replaced(entry.node, rest, text) }));
}
