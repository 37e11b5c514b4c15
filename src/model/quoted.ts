/** The longest text that a message quotes. */
const longest = 100;

/** A value in a message, as JSON: of a long one the beginning. */
export function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= longest ? text : `${text.slice(0, longest)}…`;
}
