/** A check of oslo.policy, read. */
export type PolicyCheck =
  | { readonly is: "all" | "any"; readonly of: readonly PolicyCheck[] }
  | { readonly is: "not"; readonly of: PolicyCheck }
  | { readonly is: "true" | "false" }
  | { readonly is: "role"; readonly name: PolicyValue }
  | { readonly is: "rule"; readonly name: string }
  /** What the user has (`project_id`, or the text of a literal) equals a value. */
  | { readonly is: "equal"; readonly left: { readonly user: string } | { readonly literal: string }; readonly right: PolicyValue };

/** Text, or what the image has: `%(visibility)s`. */
export type PolicyValue = { readonly literal: string } | { readonly image: string };

/** What checks may say about the user. */
const userKeys = new Set([
  "project_id",
  "tenant",
  "user_id",
  "user",
  "domain_id",
  "project_domain_id",
  "user_domain_id",
  "system_scope",
  "is_admin",
]);
const longest = 10_000;

/**
 * Reads a check of oslo.policy: `and`, `or`, `not`, parentheses, `@`, `!`, `role:`, `rule:`, and comparisons such as `project_id:%(owner)s` or
 * `'public':%(visibility)s`. Of anything else, a sentence that names the unknown part: guessing would allow or forbid too much. Pure.
 */
export function readPolicyCheck(text: string): PolicyCheck | string {
  if (text.length > longest) return `It is longer than ${longest} characters.`;
  // An empty check allows everything.
  if (text.trim() === "") return { is: "true" };
  const words = text.replaceAll(/[()]/g, (one, at: number) => (isParenthesis(text, at) ? ` ${one} ` : one)).match(/\S+/g) ?? [];
  const reader = { words, at: 0, depth: 0 };
  try {
    const check = readAny(reader);
    const rest = reader.words[reader.at];
    return rest === undefined ? check : `${JSON.stringify(rest)} follows where "and", "or" or the end was expected.`;
  } catch (error) {
    if (error instanceof NotUnderstood) return error.message;
    throw error;
  }
}

class NotUnderstood extends Error {}

interface Reader {
  readonly words: readonly string[];
  at: number;
  depth: number;
}

/** `%(owner)s` has parentheses of its own. */
function isParenthesis(text: string, at: number): boolean {
  if (text[at] === "(") return text[at - 1] !== "%";
  const open = text.lastIndexOf("(", at);
  return !(text[open - 1] === "%" && text[at + 1] === "s" && /^[\w.]*$/.test(text.slice(open + 1, at)));
}

function readAny(reader: Reader): PolicyCheck {
  const of = readList(reader, "or", () => readList(reader, "and", () => readOne(reader), "all"), "any");
  return of;
}

function readList(reader: Reader, word: string, read: () => PolicyCheck, is: "all" | "any"): PolicyCheck {
  const first = read();
  const of = [first];
  while (reader.words[reader.at]?.toLowerCase() === word) {
    reader.at += 1;
    of.push(read());
  }
  return of.length === 1 ? first : { is, of };
}

function readOne(reader: Reader): PolicyCheck {
  const word = reader.words[reader.at];
  reader.at += 1;
  if (word === undefined) throw new NotUnderstood("It ends where a check was expected.");
  if (word.toLowerCase() === "not") return { is: "not", of: deeper(reader, readOne) };
  if (word === "(") {
    const inner = deeper(reader, readAny);
    if (reader.words[reader.at] !== ")") throw new NotUnderstood("A parenthesis is not closed.");
    reader.at += 1;
    return inner;
  }
  if (word === "@") return { is: "true" };
  if (word === "!") return { is: "false" };
  return readComparison(word);
}

function deeper(reader: Reader, read: (reader: Reader) => PolicyCheck): PolicyCheck {
  reader.depth += 1;
  if (reader.depth > 50) throw new NotUnderstood('It has more than 50 parentheses or "not" within each other.');
  const check = read(reader);
  reader.depth -= 1;
  return check;
}

function readComparison(word: string): PolicyCheck {
  const quoted = /^(?:'([^']*)'|"([^"]*)"):(.+)$/.exec(word);
  const [kind = "", value = ""] = quoted === null ? (/^([^:]+):(.+)$/.exec(word)?.slice(1) ?? []) : [];
  const right = quoted?.[3] ?? value;
  if (right === "") throw new NotUnderstood(`${JSON.stringify(word)} is not a check: write KIND:VALUE, @ or !.`);
  if (quoted !== null) return { is: "equal", left: { literal: quoted[1] ?? quoted[2] ?? "" }, right: textIn(right) };
  if (kind === "http" || kind === "https") throw new NotUnderstood(`${kind}: asks another server, which virtform does not.`);
  if (kind === "rule") return { is: "rule", name: right };
  if (kind === "role") return { is: "role", name: textIn(right) };
  if (/^(?:True|False|None|\d+)$/.test(kind)) return { is: "equal", left: { literal: kind }, right: textIn(right) };
  if (userKeys.has(kind)) return { is: "equal", left: { user: kind }, right: textIn(right) };
  throw new NotUnderstood(`${JSON.stringify(kind)} is not known: role, rule, ${[...userKeys].join(", ")} and quoted texts are.`);
}

function textIn(text: string): PolicyValue {
  const image = /^%\(([\w.]+)\)s$/.exec(text)?.[1];
  if (image !== undefined) return { image };
  if (text.includes("%")) throw new NotUnderstood(`${JSON.stringify(text)} is neither text nor %(KEY)s.`);
  return { literal: text };
}
