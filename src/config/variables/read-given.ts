import type { Diagnostic } from "../../model/diagnostic.ts";
import { type Located, scalarNode, withEntries } from "../located.ts";
import { parseYaml } from "../parse-yaml.ts";
import type { VariableType } from "./declaration.ts";
import type { Given } from "./given.ts";

/**
 * The value of a text for a variable of this type: `3` is a number, `[a, b]` a list. A text of another form is kept, for the check to reject. A
 * secret in the environment stays there, and its value is a reference to it.
 */
export function readGiven(
  type: VariableType,
  { node, isText, variable }: Given,
): { readonly node: Located; readonly diagnostics: readonly Diagnostic[] } {
  if (!isText) return { node, diagnostics: [] };
  const text = String(node.scalar);
  const as = (value: unknown) => ({ node: { ...scalarNode(value, node.span), dynamic: false }, diagnostics: [] });
  if (type === "number") return /^-?\d+(\.\d+)?$/.test(text.trim()) ? as(Number(text)) : as(text);
  if (type === "boolean") return text === "true" || text === "false" ? as(text === "true") : as(text);
  if (type === "secret" && variable !== undefined) {
    const reference = withEntries({ ...scalarNode(undefined, node.span), kind: "map" }, new Map([["env", { node: as(variable).node }]]));
    return { node: reference, diagnostics: [] };
  }
  if (type !== "list" && type !== "map" && type !== "secret") return { node, diagnostics: [] };
  const { source } = node.span;
  const { root, diagnostics } = parseYaml(source.file, source.path, text);
  // Its text may be a secret that was given instead of a reference: it is not shown.
  if (root === undefined) return { node: { ...node, failed: true }, diagnostics: type === "secret" ? [] : diagnostics };
  return { node: root, diagnostics };
}
