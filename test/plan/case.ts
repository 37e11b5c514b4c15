import { applyPatch } from "./patch.ts";

/** One case of a plan, as its file says. */
export interface Case {
  /** The configuration that was applied before; undefined when nothing was. */
  readonly applied: string | undefined;
  /** The configuration that the plan is made for. */
  readonly wanted: string;
  /** What was done on the host by hand between the two, a line each. */
  readonly byHand: readonly string[];
  readonly command: "plan" | "destroy" | "destroy --images";
  /** Environment of the apply, and of the plan. */
  readonly env: Readonly<Record<string, string>>;
  readonly envThen: Readonly<Record<string, string>>;
  /** What is to be replaced. */
  readonly replace: readonly string[];
  /** What is to be left as it is. */
  readonly exclude: readonly string[];
  /** Whether the plan has anything to do. */
  readonly changes: boolean;
  /** Everything above the plan, for writing the file again. */
  readonly head: string;
}

const separator = "\n----\n";

/**
 * Reads a case. `baseOf` gives the text of a base configuration. Throws for an unknown key, and for a patch that does not fit.
 *
 *   base: shop                        a configuration in bases/
 *   applied: nothing                  nothing was applied before; by default the base was, with `before`
 *   before:                           a patch of the base, up to the next key
 *   change:                           a patch of that, which gives what is planned
 *   by hand:                          what was done on the host in between (by-hand.ts), a line each, indented
 *   env: NAME=VALUE …                 environment of the apply, words without blanks
 *   env then: NAME=VALUE …            environment of the plan
 *   command: destroy --images         instead of plan
 *   replace: web                      with --replace, words with spaces between them
 *   exclude: web                      with --exclude, words with spaces between them
 *   changes: none                     nothing is to be done
 *   ----
 *   the plan as it is printed
 */
export function readCase(text: string, baseOf: (name: string) => string): Case {
  const end = text.indexOf(separator);
  if (end < 0) throw new Error('there is no line "----" before the plan');
  const keys = readKeys(text.slice(0, end));
  const one = (key: string) => keys.get(key)?.value;
  const patch = (key: string, of: string) => applyPatch(of, keys.get(key)?.lines ?? []);
  const start = patch("before", baseOf(one("base") ?? ""));
  const command = one("command") ?? "plan";
  if (command !== "plan" && command !== "destroy" && command !== "destroy --images") throw new Error(`unknown command ${command}`);
  const variables = (key: string) =>
    Object.fromEntries(
      (one(key) ?? "").split(" ").flatMap((word) => {
        const [name = "", ...value] = word.split("=");
        return name === "" ? [] : [[name, value.join("=")]];
      }),
    );
  return {
    applied: one("applied") === "nothing" ? undefined : start,
    wanted: patch("change", start),
    byHand: (keys.get("by hand")?.lines ?? []).map((line) => line.trim()),
    command,
    env: variables("env"),
    envThen: variables("env then"),
    replace: one("replace")?.split(" ") ?? [],
    exclude: one("exclude")?.split(" ") ?? [],
    changes: one("changes") !== "none",
    head: text.slice(0, end + separator.length),
  };
}

const known = new Set(["base", "applied", "before", "change", "by hand", "env", "env then", "command", "replace", "exclude", "changes"]);

function readKeys(head: string): Map<string, { readonly value: string; readonly lines: string[] }> {
  const keys = new Map<string, { readonly value: string; readonly lines: string[] }>();
  let lines: string[] = [];
  for (const line of head.split("\n")) {
    const [, key, value = ""] = /^([a-z][a-z ]*):(?: (.*))?$/.exec(line) ?? [];
    if (key === undefined) {
      lines.push(line);
      continue;
    }
    if (!known.has(key)) throw new Error(`unknown key ${key}; known are ${[...known].join(", ")}`);
    lines = [];
    keys.set(key, { value, lines });
  }
  return keys;
}
