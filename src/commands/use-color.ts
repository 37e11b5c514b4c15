/** Whether to colour what is written to a stream: only a terminal, and only where nobody has said no (no-color.org). */
export function useColor(stream: { readonly isTTY?: boolean }, forbidden = false): boolean {
  const { NO_COLOR, TERM } = process.env;
  return stream.isTTY === true && !forbidden && (NO_COLOR === undefined || NO_COLOR === "") && TERM !== "dumb";
}
