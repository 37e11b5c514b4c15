import { Fault } from "./fault.ts";

/** What is between `${` and `}`. `at` is the place in the text. */
export type Expression =
  | { readonly kind: "literal"; readonly at: number; readonly value: string | number | boolean }
  | { readonly kind: "name"; readonly at: number; readonly name: string }
  | { readonly kind: "member"; readonly at: number; readonly of: Expression; readonly key: Expression }
  | { readonly kind: "call"; readonly at: number; readonly name: string; readonly words: readonly Expression[] };

/** Longer or deeper expressions are refused. */
const limits = { characters: 2000, depth: 20 } as const;

const possible = "Possible are var.NAME, local.NAME, each.key, each.value, count.index, texts in quotes, numbers, and functions.";

/**
 * Reads the expression that begins with the `${` at `start`; `end` is behind its `}`. Throws a Fault. There are names, members, literals and
 * calls, and nothing that computes, branches or repeats.
 */
export function parseExpression(text: string, start: number): { readonly expression: Expression; readonly end: number } {
  let at = start + 2;
  const fault = (summary: string, detail: string, place = at) => new Fault("bad-expression", place, summary, detail);
  const skip = () => {
    while (/\s/.test(text[at] ?? "")) at += 1;
    if (at - start > limits.characters)
      throw fault("The expression is too long", `An expression has at most ${limits.characters} characters.`, start);
  };
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };

  const quoted = (): Expression => {
    const from = at;
    const quote = text[at];
    const end = text.indexOf(quote ?? "", at + 1);
    if (end < 0 || /[\\\n]/.test(text.slice(at, end)))
      throw fault(
        "A text in an expression has no end",
        `It begins here, and ends with ${quote} in the same line. A backslash is not possible in it.`,
      );
    at = end + 1;
    return { kind: "literal", at: from, value: text.slice(from + 1, end) };
  };

  const word = (depth: number): Expression => {
    const from = at;
    const name = take(/[A-Za-z_][\w]*/y);
    if (name === undefined) throw unexpected();
    if (name === "true" || name === "false") return { kind: "literal", at: from, value: name === "true" };
    skip();
    if (text[at] !== "(") return { kind: "name", at: from, name };
    at += 1;
    const words: Expression[] = [];
    skip();
    while (text[at] !== ")") {
      words.push(read(depth + 1));
      skip();
      if (text[at] === ",") at += 1;
      else if (text[at] !== ")") throw unexpected();
      skip();
    }
    at += 1;
    return { kind: "call", at: from, name, words };
  };

  const member = (of: Expression, depth: number): Expression => {
    const from = at;
    if (text[at] === ".") {
      at += 1;
      const key = take(/[\w-]+/y);
      if (key === undefined) throw fault("A name is missing", "A name follows the dot, as in var.size.");
      return { kind: "member", at: from + 1, of, key: { kind: "literal", at: from + 1, value: key } };
    }
    at += 1;
    const key = read(depth + 1);
    skip();
    if (text[at] !== "]") throw unexpected();
    at += 1;
    return { kind: "member", at: key.at, of, key };
  };

  const read = (depth: number): Expression => {
    if (depth > limits.depth) throw fault("The expression is nested too deeply", `It has more than ${limits.depth} levels.`);
    skip();
    const first = text[at] ?? "";
    const from = at;
    let found: Expression;
    if (first === '"' || first === "'") found = quoted();
    else if (/[-\d]/.test(first)) {
      const number = take(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?![\w.])/y);
      if (number === undefined) throw unexpected();
      found = { kind: "literal", at: from, value: Number(number) };
    } else found = word(depth);
    for (skip(); text[at] === "." || text[at] === "["; skip()) found = member(found, depth);
    return found;
  };

  const unexpected = (): Fault => {
    const rest = text.slice(at, at + 20).split("\n", 1)[0] ?? "";
    if (rest === "") return fault("The expression has no end", 'It begins here and needs a "}". Write $${ for the text ${ itself.', start);
    return fault(
      "Not a valid expression",
      `${JSON.stringify(rest.slice(0, 1))} is not possible here. ${possible} Write $\${ for the text \${ itself.`,
    );
  };

  skip();
  if (text[at] === "}") throw fault("The expression is empty", `${possible} Write $\${} for the text \${} itself.`, start);
  const expression = read(1);
  skip();
  if (text[at] !== "}") throw unexpected();
  return { expression, end: at + 1 };
}
