import { isMap, isScalar, LineCounter, parseDocument } from "yaml";
import { type PolicyCheck, readPolicyCheck } from "./expression.ts";

/** The rules of a policy file by name. */
export type PolicyRules = ReadonlyMap<string, PolicyRule>;

/** One rule and where it is. */
export interface PolicyRule {
  readonly check: PolicyCheck;
  /** `./policy.yaml:3`; `Glance's defaults` for a rule of none. */
  readonly place: string;
}

/** A mistake in a file of rules, at a line. */
export interface RuleMistake {
  readonly place: string;
  readonly what: string;
}

const mostRules = 2000;

/** Reads the rules of a policy file of oslo.policy, YAML or JSON: a mapping of names to checks. Every mistake is given. Pure. */
export function readPolicyFile(path: string, text: string): { readonly rules: PolicyRules; readonly mistakes: readonly RuleMistake[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const placeAt = (offset: number | undefined) => `${path}:${offset === undefined ? 1 : lines.linePos(offset).line}`;
  const broken = document.errors.slice(0, 10).map(({ pos, message }) => ({ place: placeAt(pos[0]), what: message }));
  const { contents } = document;
  if (broken.length > 0) return { rules: new Map(), mistakes: broken };
  // A file of comments alone, as the generator of sample files makes it, changes nothing.
  if (contents === null || (isScalar(contents) && contents.value === null)) return { rules: new Map(), mistakes: [] };
  if (!isMap(contents) || contents.items.length > mostRules) {
    return { rules: new Map(), mistakes: [{ place: placeAt(0), what: `The file has to be a mapping of at most ${mostRules} rules.` }] };
  }
  const rules = new Map<string, PolicyRule>();
  const mistakes: RuleMistake[] = [];
  for (const { key, value } of contents.items) {
    const name = isScalar(key) && typeof key.value === "string" ? key.value : undefined;
    const place = placeAt(isScalar(key) ? key.range?.[0] : undefined);
    const check = isScalar(value) && typeof value.value === "string" ? readPolicyCheck(value.value) : "A rule is a text.";
    if (name === undefined) mistakes.push({ place, what: "The name of a rule is a text." });
    else if (typeof check === "string") mistakes.push({ place, what: `Rule ${name}: ${check}` });
    else rules.set(name, { check, place });
  }
  return { rules, mistakes };
}
