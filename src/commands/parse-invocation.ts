import { parseArgs } from "node:util";
import { closest } from "../model/closest.ts";
import { userError } from "../model/errors.ts";
import { withoutUndefined } from "../model/without-undefined.ts";
import type { CommandDefinition, Invocation } from "./command.ts";

/** Parses what follows a command's name. Throws a UserError naming the option that is wrong. */
export function parseInvocation(name: string, command: CommandDefinition, argv: readonly string[]): Invocation | "help" {
  const definitions = command.options;
  const options = Object.fromEntries(
    Object.entries(definitions).map(([option, { type, multiple, short }]) => [option, withoutUndefined({ type, multiple, short })]),
  );
  const dashes = argv.indexOf("--");
  const given = argv.map((written, index) => {
    if (dashes !== -1 && index >= dashes) return written;
    const word = withTwoDashes(written, definitions);
    const bare = word.startsWith("--") ? definitions[word.slice(2)]?.bare : undefined;
    return bare === undefined ? word : `${word}=${bare}`;
  });
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({
      args: given,
      options: { ...options, help: { type: "boolean", short: "h" } },
      allowPositionals: true,
      strict: true,
      tokens: true,
    });
  } catch (error) {
    throw badOption(name, definitions, error as Error & { code?: string });
  }
  if (parsed.values["help"] === true) return "help";
  const texts = (option: string): string[] => {
    const value = parsed.values[option];
    return (Array.isArray(value) ? value : [value]).filter((text) => typeof text === "string");
  };
  // A `--` can also be the value of an option.
  const terminator = parsed.tokens?.find(({ kind }) => kind === "option-terminator")?.index;
  return {
    positionals: parsed.positionals,
    behindDashes: terminator === undefined ? [] : argv.slice(terminator + 1),
    flag: (option) => parsed.values[option] === true,
    text: (option) => texts(option).at(-1),
    texts,
    ordered: (...names) =>
      (parsed.tokens ?? []).flatMap((token) =>
        token.kind === "option" && token.value !== undefined && names.includes(token.name)
          ? [{ option: token.name, value: token.value }]
          : [],
      ),
  };
}

/** Terraform writes long options with one dash: `-out=FILE`. A word that begins with a short option of the command is left alone. */
function withTwoDashes(word: string, definitions: CommandDefinition["options"]): string {
  const option = /^-([a-z][a-z-]+)(?:=|$)/.exec(word)?.[1];
  if (option === undefined) return word;
  if (option === "help") return "--help";
  const isShort = option.startsWith("h") || Object.values(definitions).some(({ short }) => short !== undefined && option.startsWith(short));
  return Object.hasOwn(definitions, option) || !isShort ? `-${word}` : word;
}

/** Options of Terraform that virtform has another word for, or no need of. */
const terraformOptions: Readonly<Record<string, string>> = {
  C: "It comes before the command: `virtform -C DIR COMMAND`.",
  chdir: "It comes before the command: `virtform -chdir=DIR COMMAND`.",
  input: "Questions are asked only on a terminal; `--auto-approve` applies without a question.",
  lock: "`virtform plan` takes no lock; `--lock-timeout` says how long an apply waits for it.",
  refresh: "Every plan reads the host, so there is nothing to refresh.",
  "refresh-only": "`virtform drift` compares the host with the configuration and changes nothing.",
  state: "There is no state file: the host is the state.",
  backup: "There is no state file: the host is the state.",
  "compact-warnings": "Warnings with the same text are shown once, and those about what does not change in one line each.",
  yes: "Write `--auto-approve`.",
  y: "Write `--auto-approve`.",
  o: "Write `--out FILE`.",
  t: "Write `--target ADDR`.",
  v: "`virtform --version` prints the version.",
  force: "Write `--auto-approve`; loss of data also needs `--allow-destroy`.",
  parallelism: "`virtform apply --parallelism N` says how many actions run at a time.",
  upgrade: "Nothing is installed; `virtform image outdated` finds newer images, and `virtform image lock --update` takes them.",
};

function badOption(name: string, definitions: CommandDefinition["options"], error: Error & { code?: string }) {
  const unknown = error.code === "ERR_PARSE_ARGS_UNKNOWN_OPTION" ? /'(-[^']*)'/.exec(error.message)?.[1] : undefined;
  if (unknown === undefined) return userError("bad-option", error.message, `\`virtform ${name} --help\` lists the options.`);
  const instead = terraformOptions[unknown.replace(/^-+/, "").replace(/=.*/s, "")];
  if (instead !== undefined)
    return userError("unknown-option", `Unknown option ${unknown}`, `${instead} \`virtform ${name} --help\` lists the options.`);
  const near = closest(
    unknown,
    [...Object.keys(definitions), "help"].map((option) => `--${option}`),
  );
  return userError(
    "unknown-option",
    `Unknown option ${unknown}`,
    `${near === undefined ? "" : `Did you mean ${near}? `}\`virtform ${name} --help\` lists the options.`,
  );
}
