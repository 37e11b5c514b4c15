import type { Format } from "./options.ts";

/**
 * How to show a run: the terminal interface only where a person sits at a capable terminal and has not asked for
 * anything plainer. Pure; `isTTY` is whether both input and output are terminals.
 */
export function chooseFormat(given: {
  readonly json: boolean;
  readonly isTTY: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}): Format {
  const { CI, NO_COLOR, TERM } = given.env;
  if (given.json) return "json";
  const plain = isSet(NO_COLOR) || (isSet(CI) && CI !== "0" && CI !== "false") || TERM === "dumb";
  return given.isTTY && !plain ? "tui" : "text";
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}
