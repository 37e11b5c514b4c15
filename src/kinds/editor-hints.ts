interface Node {
  readonly [keyword: string]: unknown;
}

/** Keywords whose value is data or names, not a schema. */
const data: ReadonlySet<string> = new Set(["enum", "const", "examples", "default", "required", "meanings", "refusedKeys", "refusedValues"]);

/**
 * The schema with what editors show of it: a meaning for each value of an enum, and words for a pattern that does not match
 * (`enumDescriptions` and `patternErrorMessage` of yaml-language-server and VS Code).
 */
export function withEditorHints(schema: Node): Node {
  return hinted(schema) as Node;
}

function hinted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hinted);
  if (typeof value !== "object" || value === null) return value;
  const node = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, data.has(key) ? one : hinted(one)]));
  return { ...node, ...enumHints(node), ...patternHint(node) };
}

function enumHints(node: Node): Node {
  const { enum: all, meanings, description, notYet = [] } = node;
  if (!Array.isArray(all) || !isTexts(meanings)) return {};
  // What would be rejected is not offered.
  const values = all.filter((value) => !(notYet as readonly unknown[]).includes(value));
  const said = values.map((value) => meanings[String(value)] ?? "");
  const listed = values.flatMap((value, index) => (said[index] === "" ? [] : [`${String(value)}: ${said[index]}`]));
  // For editors that show only the description.
  return { enum: values, description: [description, ...listed].join(" "), enumDescriptions: said, markdownEnumDescriptions: said };
}

function patternHint({ pattern, expects, quantity, examples }: Node): Node {
  if (typeof pattern !== "string") return {};
  const kind = quantity === undefined ? "a value" : "a number with a binary unit";
  const expected = expects ?? (Array.isArray(examples) ? `${kind} such as ${examples[0]}` : kind);
  return { patternErrorMessage: `Expected ${expected}.` };
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return typeof value === "object" && value !== null && Object.values(value).every((text) => typeof text === "string");
}
