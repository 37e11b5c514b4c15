/**
 * How to show a run: the terminal interface only on a capable terminal, unless the environment asks for
 * something plainer. Pure; `isTTY` is whether both input and output are terminals.
 */
export function chooseFormat(given: {
  readonly json: boolean;
  readonly isTTY: boolean;
  /** Colours are not switched off. Default: they are not. */
  readonly color?: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}): "text" | "json" | "tui" {
  const { CI, NO_COLOR, TERM } = given.env;
  if (given.json) return "json";
  const plain = given.color === false || isSet(NO_COLOR) || (isSet(CI) && CI !== "0" && CI !== "false") || TERM === "dumb";
  return given.isTTY && !plain ? "tui" : "text";
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}
