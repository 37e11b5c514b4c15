import { stringify } from "yaml";
import { configSchema } from "../../src/kinds/config-schema.ts";

/** A part of the schema, with the keywords that the page shows. */
interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly notYet?: readonly unknown[];
  readonly meanings?: Readonly<Record<string, string>>;
  readonly expects?: string;
  readonly reference?: string;
  readonly quantity?: { readonly minimum?: string; readonly multipleOf?: string };
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: boolean | Node;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  /** Of the tables of Nova's names, which have a page of their own. */
  readonly openKeys?: object;
}

/** The end of the description of a size, which the head of the page says once. */
const units = / A number with a binary unit:.*$/;

const head = `# Configuration

Every key of a configuration with its type, default, allowed values and an example. This page is made from the schema by \`npm run schema\`.

- Any value may be an expression such as \`\${var.ram}\`, and any entry may have \`for_each\` ([variables.md](variables.md)).
- Sizes are texts: a number with a binary unit (B, KiB, MiB, GiB, TiB), such as \`512MiB\`.
- Keys at the top that begin with \`x-\` are ignored: they hold anchors (\`&name\`) that are used elsewhere.
- Editors with yaml-language-server complete and check a file that begins with this line (\`virtform schema > config.schema.json\` writes the schema):

\`\`\`yaml
# yaml-language-server: $schema=config.schema.json
\`\`\`
`;

/** The text of docs/configuration.md. */
export function configurationPage(): string {
  const { properties = {}, required = [] } = configSchema() as Node;
  const shared = sharedKeys(properties);
  const sections = Object.entries(properties).map(([name, node]) => section(name, node, required.includes(name), shared));
  const hardware = Object.entries(shared).flatMap(([key, node]) => entry(key, node, false, 0));
  const about =
    "The same keys of `flavors` and of `instances`. An instance has its own value and that of its flavor; two different ones are an error.";
  return `${[head, ...sections, `## Hardware of a guest\n\n${about}\n\n${hardware.join("\n")}\n`].join("\n")}`;
}

/** The keys that mean the same in a flavor and in an instance. */
function sharedKeys({ flavors, instances }: Readonly<Record<string, Node>>): Record<string, Node> {
  const ofInstances = entryOf(instances)?.properties ?? {};
  return Object.fromEntries(Object.entries(entryOf(flavors)?.properties ?? {}).filter(([key, node]) => ofInstances[key] === node));
}

function section(name: string, node: Node, required: boolean, shared: Readonly<Record<string, Node>>): string {
  const each = entryOf(node);
  const own = each?.properties ?? node.properties;
  if (own === undefined) return `## \`${name}\`\n\n${entry(name, node, required, 0).join("\n")}\n`;
  const needed = (each ?? node).required ?? [];
  const keys = Object.entries(own).filter(([key, value]) => shared[key] !== value);
  const hasShared = keys.length < Object.keys(own).length;
  const about = [
    node.description,
    each?.description,
    hasShared ? "Also the keys of [the hardware of a guest](#hardware-of-a-guest)." : undefined,
  ];
  const example = each === undefined ? node.examples?.[0] : { NAME: each.examples?.[0] ?? exampleOf(each) };
  return [
    `## \`${name}\`\n`,
    `${about.filter((text) => text !== undefined).join(" ")}\n`,
    ...(example === undefined ? [] : [`\`\`\`yaml\n${stringify({ [name]: example }, { lineWidth: 0 })}\`\`\`\n`]),
    ...keys.flatMap(([key, value]) => entry(key, value, needed.includes(key), 0)),
    "",
  ].join("\n");
}

/** What is written under each name of a section; undefined for one whose keys are its own. */
function entryOf(node: Node | undefined): Node | undefined {
  return typeof node?.additionalProperties === "object" && node.additionalProperties.properties !== undefined
    ? node.additionalProperties
    : undefined;
}

/** A mapping made of the examples of its required keys, or of its first key. */
function exampleOf({ properties = {}, required = [] }: Node): object {
  const keys = required.length > 0 ? required : Object.keys(properties).slice(0, 1);
  return Object.fromEntries(keys.map((key) => [key, properties[key]?.examples?.[0] ?? "…"]));
}

/** The lines about a key and, below it, about its values and its own keys. */
function entry(key: string, node: Node, required: boolean, depth: number): string[] {
  const indent = "  ".repeat(depth);
  const facts = [
    typeOf(node),
    required ? "required" : undefined,
    node.default === undefined ? undefined : `default ${code(flow(node.default))}`,
  ];
  const example = node.examples?.[0] ?? (node.properties === undefined ? undefined : exampleOf(node));
  const shown = example === undefined || isEmpty(example) ? "" : ` Example: ${code(`${key}: ${flow(example)}`)}`;
  const line = `${indent}- **\`${key}\`** (${facts.filter((fact) => fact !== undefined).join("; ")}): ${(node.description ?? "").replace(units, "").replaceAll("<", "\\<")}${shown}`;
  const meanings = Object.entries(node.meanings ?? {}).map(([value, text]) => `${indent}  - \`${value}\`: ${text}`);
  return [line, ...meanings, ...below(node, depth + 1)];
}

/** The lines about the keys inside a value, wherever they are: in the value, in each item, or in each entry. */
function below(node: Node, depth: number): string[] {
  if (node.openKeys !== undefined) return [];
  const needed = node.required ?? [];
  const inside = [node.items, typeof node.additionalProperties === "object" ? node.additionalProperties : undefined, ...(node.anyOf ?? [])];
  const lines = [
    ...Object.entries(node.properties ?? {}).flatMap(([key, one]) => entry(key, one, needed.includes(key), depth)),
    ...inside.flatMap((one) => (one === undefined ? [] : [...meaningsOf(one, depth), ...below(one, depth)])),
  ];
  // A value or a list of such values has the same lines twice.
  return node.anyOf === undefined ? lines : [...new Set(lines)];
}

function meaningsOf(node: Node, depth: number): string[] {
  return Object.entries(node.meanings ?? {}).map(([value, text]) => `${"  ".repeat(depth)}- \`${value}\`: ${text}`);
}

/** The type of a value with what bounds it, in words. */
function typeOf(node: Node): string {
  const values = node.enum?.filter((value) => node.notYet?.includes(value) !== true);
  if (values !== undefined) return values.map((value) => code(String(value))).join(", ");
  if (node.quantity !== undefined) {
    const { minimum, multipleOf } = node.quantity;
    return ["size", minimum && `at least ${minimum}`, multipleOf && `in steps of ${multipleOf}`].filter(Boolean).join(", ");
  }
  if (node.reference !== undefined) return `a name from \`${node.reference}\``;
  if (node.anyOf !== undefined) return node.expects ?? [...new Set(node.anyOf.map(typeOf))].join(" or ");
  if (node.type === "array")
    return `list${node.items === undefined ? "" : ` of ${plural(node.items)}`}${bounds(node.minItems, node.maxItems)}`;
  if (node.type === "object") return node.expects ?? "mapping";
  if (node.type === "boolean") return "`true` or `false`";
  if (node.type === "integer") return `whole number${bounds(node.minimum, node.maximum)}`;
  if (node.type === "number") return `number${bounds(node.minimum, node.maximum)}`;
  if (node.type === "string") return node.expects ?? `text${node.maxLength === undefined ? "" : `, at most ${node.maxLength} characters`}`;
  return "any value";
}

function plural(item: Node): string {
  if (item.type === "object") return "mappings";
  const type = typeOf(item);
  return type.startsWith("text") ? type.replace("text", "texts") : type.replace(/^whole number/, "whole numbers");
}

function bounds(minimum: number | undefined, maximum: number | undefined): string {
  if (minimum !== undefined && maximum !== undefined) return `, ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `, at least ${minimum}`;
  return maximum === undefined ? "" : `, at most ${maximum}`;
}

/** A value as YAML on one line. */
function flow(value: unknown): string {
  return stringify(value, { collectionStyle: "flow", lineWidth: 0, defaultStringType: "PLAIN", flowCollectionPadding: true })
    .trim()
    .replaceAll(/\s*\n\s*/g, " ");
}

/** Text as code, also with backticks inside. */
function code(text: string): string {
  return text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``;
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
