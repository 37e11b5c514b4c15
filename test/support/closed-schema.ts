/** A JSON Schema in which every object with known properties has no others, so that a document with an undocumented key fails. */
export function closedSchema(schema: unknown): object {
  return close(schema) as object;
}

function close(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(close);
  if (typeof node !== "object" || node === null) return node;
  const closed = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, close(value)]));
  return "properties" in node && "type" in node ? { ...closed, additionalProperties: false } : closed;
}
