import type { Located } from "../located.ts";

/** The types of variables. */
export const variableTypes = ["string", "number", "boolean", "size", "list", "map", "enum", "secret"] as const;

/** One of them. */
export type VariableType = (typeof variableTypes)[number];

/** A declared variable. Parts of another shape than the schema's count as absent; the schema reports them. */
export interface Declaration {
  readonly node: Located;
  readonly type: VariableType;
  readonly fallback: Located | undefined;
  readonly values: readonly unknown[] | undefined;
  readonly pattern: RegExp | undefined;
  readonly minimum: number | string | undefined;
  readonly maximum: number | string | undefined;
  readonly message: string | undefined;
}

/** Reads an entry of `variables`. Without `type` it is that of the default, else a string. */
export function readDeclaration(node: Located): Declaration {
  const part = (key: string) => (node.kind === "map" ? node.entries.get(key)?.node : undefined);
  const text = (key: string) => (typeof part(key)?.scalar === "string" ? String(part(key)?.scalar) : undefined);
  const bound = (key: string) => {
    const value = part(key)?.scalar;
    return typeof value === "number" || typeof value === "string" ? value : undefined;
  };
  const fallback = part("default");
  const written = variableTypes.find((type) => type === text("type"));
  const list = part("enum");
  return {
    node,
    type: written ?? (list === undefined ? typeOfDefault(fallback) : "enum"),
    fallback,
    values: list?.kind === "list" ? [...list.entries.values()].map((entry) => entry.node.scalar) : undefined,
    pattern: regularExpression(text("pattern")),
    minimum: bound("minimum"),
    maximum: bound("maximum"),
    message: text("message"),
  };
}

function typeOfDefault(node: Located | undefined): VariableType {
  if (node?.kind === "list" || node?.kind === "map") return node.kind;
  return typeof node?.scalar === "number" ? "number" : typeof node?.scalar === "boolean" ? "boolean" : "string";
}

/** Undefined for one that is not valid, too. */
export function regularExpression(text: string | undefined): RegExp | undefined {
  if (text === undefined) return undefined;
  try {
    return new RegExp(`^(?:${text})$`, "u");
  } catch {
    return undefined;
  }
}
