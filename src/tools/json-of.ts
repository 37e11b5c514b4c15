const parsed = new WeakMap<Buffer, { readonly value: unknown }>();

/**
 * The JSON value that a file holds; undefined when it holds none. Parsed once for each buffer: within a look, several readers of a label have the same one
 * (`readManyOnce`). The value is shared and must not be changed.
 */
export function jsonOf(content: Buffer): unknown {
  const known = parsed.get(content) ?? { value: parse(content) };
  parsed.set(content, known);
  return known.value;
}

function parse(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString("utf8"));
  } catch {
    return undefined;
  }
}
