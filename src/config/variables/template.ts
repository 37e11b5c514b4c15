import { type Expression, parseExpression } from "./expression.ts";

/** A part of a text: as it is written, or the value of an expression. */
export type Part = string | Expression;

/**
 * The parts of a text: `${…}` is an expression, `$${` stands for `${`. Throws a Fault for an expression that is not well-formed. Empty texts
 * are left out, so that a single expression is the whole text.
 */
export function parseTemplate(text: string): readonly Part[] {
  const parts: Part[] = [];
  let plain = "";
  let at = 0;
  for (;;) {
    const start = text.indexOf("${", at);
    if (start < 0) break;
    if (text[start - 1] === "$" && start - 1 >= at) {
      plain += `${text.slice(at, start - 1)}\${`;
      at = start + 2;
      continue;
    }
    plain += text.slice(at, start);
    if (plain !== "") parts.push(plain);
    plain = "";
    const { expression, end } = parseExpression(text, start);
    parts.push(expression);
    at = end;
  }
  plain += text.slice(at);
  if (plain !== "") parts.push(plain);
  return parts;
}
