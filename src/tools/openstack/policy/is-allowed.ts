import { defaultRules } from "./default-rules.ts";
import type { PolicyCheck, PolicyValue } from "./expression.ts";
import type { PolicyRules } from "./policy-file.ts";

/** The user of a token. */
export interface PolicyUser {
  /** As Keystone has them, with those that they imply. */
  readonly roles: readonly string[];
  readonly userId: string | null;
  readonly projectId: string | null;
}

/**
 * What a rule is about: the values of an image that rules may name, undefined where the image has none. Null: the rule is asked without an image, so
 * that no value equals anything.
 */
export type PolicyTarget = Readonly<Record<string, string | undefined>> | null;

/** Whether a rule allows something, and where the rule is; a sentence when that cannot be said. */
export type PolicyAnswer = { readonly allowed: boolean; readonly place: string } | string;

/** Levels of checks within checks, over all rules that a rule leads to. */
const deepest = 1000;

/**
 * Whether the rule of this name allows a user to do something with an image, as oslo.policy decides: rules of the file first, then Glance's own.
 * Pure.
 */
export function isAllowed(rules: PolicyRules, name: string, user: PolicyUser, target: PolicyTarget): PolicyAnswer {
  const ruleOf = (one: string) => rules.get(one) ?? defaultRules().get(one);
  const rule = ruleOf(name);
  if (rule === undefined) return `There is no rule ${name}, neither in the file nor among Glance's own.`;
  const roles = new Set(user.roles.map((role) => role.toLowerCase()));
  // Rules that name each other twice would otherwise be decided exponentially often.
  const decided = new Map<string, boolean>();
  let depth = 0;
  try {
    return { allowed: decide(rule.check, [name]), place: rule.place };
  } catch (error) {
    if (error instanceof Undecided) return error.message;
    throw error;
  }

  function decide(check: PolicyCheck, path: readonly string[]): boolean {
    depth += 1;
    if (depth > deepest) throw new Undecided(`Rule ${name} leads over more than ${deepest} checks within each other.`);
    const result = decideOne(check, path);
    depth -= 1;
    return result;
  }

  function decideOne(check: PolicyCheck, path: readonly string[]): boolean {
    switch (check.is) {
      case "true":
        return true;
      case "false":
        return false;
      case "not":
        return !decide(check.of, path);
      case "all":
        return check.of.every((one) => decide(one, path));
      case "any":
        return check.of.some((one) => decide(one, path));
      case "role": {
        const wanted = textIn(check.name, path);
        return wanted !== undefined && roles.has(wanted.toLowerCase());
      }
      case "rule": {
        if (path.includes(check.name)) throw new Undecided(`Rules lead in a circle: ${[...path, check.name].join(" → ")}.`);
        const next = ruleOf(check.name);
        if (next === undefined)
          throw new Undecided(`Rule ${path.at(-1)} names rule ${check.name}, which is neither in the file nor one of Glance's own.`);
        const result = decided.get(check.name) ?? decide(next.check, [...path, check.name]);
        decided.set(check.name, result);
        return result;
      }
      case "equal": {
        const right = textIn(check.right, path);
        const left = "literal" in check.left ? check.left.literal : ofUser(check.left.user, path);
        return right !== undefined && left !== undefined && left === right;
      }
    }
  }

  function ofUser(key: string, path: readonly string[]): string | undefined {
    if (key === "project_id" || key === "tenant") return user.projectId ?? undefined;
    if (key === "user_id" || key === "user") return user.userId ?? undefined;
    if (key === "is_admin") return decide({ is: "rule", name: "context_is_admin" }, path) ? "True" : "False";
    // The token of a project has no system scope, and its domains are not looked up.
    if (key === "system_scope" || key === "domain_id") return undefined;
    throw new Undecided(`Rule ${path.at(-1)} asks for ${key} of the user, which virtform does not know.`);
  }

  function textIn(value: PolicyValue, path: readonly string[]): string | undefined {
    if ("literal" in value) return value.literal;
    // The members of an image are not looked up. Glance's own rules compare the visibility as well.
    if (target === null || value.image === "member_id") return undefined;
    if (Object.hasOwn(target, value.image)) return target[value.image];
    throw new Undecided(`Rule ${path.at(-1)} asks for ${value.image} of the image, which virtform does not compare.`);
  }
}

class Undecided extends Error {}
