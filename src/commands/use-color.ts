/** Whether to colour what is written to a stream: only a terminal, and only where colours are not switched off (no-color.org). */
export function useColor(
  stream: { readonly isTTY?: boolean },
  { NO_COLOR, TERM }: Readonly<Record<string, string | undefined>>,
  forbidden = false,
): boolean {
  return stream.isTTY === true && !forbidden && (NO_COLOR === undefined || NO_COLOR === "") && TERM !== "dumb";
}
